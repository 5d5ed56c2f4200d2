//! Tokens and keys cross between Countersign and each of the peers, both ways.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod keys;
mod refusals;
mod support;
mod tokens;
