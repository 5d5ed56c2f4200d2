//! What the crate promises, through its public API alone.
#![expect(clippy::expect_used, reason = "a test that cannot be set up fails where it stands")]

mod common;

mod body_guard;
mod extractors;
mod guard;
mod jwt_guard;
mod local;
mod places;
mod refusals;
