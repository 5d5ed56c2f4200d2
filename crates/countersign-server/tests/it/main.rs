//! The real binary over real HTTP, in folders that are gone afterwards.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers included")]

mod cli;
mod crash;
mod explain;
mod failures;
mod fleet;
mod gone;
mod guide;
mod hostile;
mod jws;
mod log;
mod login;
mod metadata;
mod moving;
mod outage;
mod revocation;
mod revoking;
mod rotation;
mod secret;
mod sessions;
mod sharing;
mod shutdown;
mod status_list;
mod support;
