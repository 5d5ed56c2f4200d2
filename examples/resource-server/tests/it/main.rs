//! The API as it is run, against issuers over real HTTP.
#![expect(clippy::expect_used, reason = "a test that cannot be set up fails where it stands")]

mod keys;
mod revocation;
mod support;
