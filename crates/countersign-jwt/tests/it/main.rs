//! What the crate promises, held through its public API alone.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod support;

mod algorithms;
mod conformance;
mod key_set;
mod keys;
mod named_tests;
mod properties;
mod signing;
mod validation;
mod vectors;
