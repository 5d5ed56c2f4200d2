//! The testkit, tested: against what is strict it finds nothing, and against each hole it finds that one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod battery;
mod guard;
mod issuer;
mod over_http;
mod planted;
mod protocols;
mod report;
