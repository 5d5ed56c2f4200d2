//! What sessions promise, through the public interface alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails where it stands")]

mod common;

mod cookie;
mod decide;
mod pitfalls;
mod planted;
mod sessions;
mod store;
mod token;
