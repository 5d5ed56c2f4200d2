//! What a remote key set promises, through the public API alone.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up fails where it stands")]

mod common;

mod background;
mod discovery;
mod disk_copy;
mod outage;
mod over_http;
mod pitfalls;
mod refused;
mod unknown_key;
