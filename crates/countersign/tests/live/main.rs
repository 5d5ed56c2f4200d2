//! What is open ends with the token that opened it, through the public API alone.
#![expect(clippy::expect_used, reason = "a test that cannot be set up fails where it stands")]

mod common;

mod leases;
mod many;
mod pitfalls;
mod streams;
