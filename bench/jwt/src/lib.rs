//! Countersign's token core against the primitives it is built on and the other JWT crates of Rust.
//!
//! One algorithm after the other: everyone is given the same [`Task`](bench_harness::Task), is checked to do the whole of
//! it, and then takes turns, a short batch in each round, so that whatever else the machine does falls on all alike.

pub mod field;
pub mod ours;
mod peers;
pub mod primitive;
pub mod report;
pub mod rounds;
pub mod targets;
pub mod task;
pub mod threads;

use bench_harness::{Contenders, Task};

/// Ours, in the report.
pub const OWNED: &str = "countersign-jwt";
/// Ours, with claims that borrow from a buffer.
pub const BORROWED: &str = "countersign-jwt, borrowed";
/// Ours, with a random `jti` in each token, which is its default.
pub const RANDOM_ID: &str = "countersign-jwt, random jti";
/// The primitive that everything is compared with.
pub const PRIMITIVE: &str = "aws-lc-rs primitive";
/// The primitive of the HMAC algorithms with stored pad states.
pub const PAD_STATES: &str = "hmac + sha2 primitive, stored pad states";

/// Whether a contender is another JWT crate.
#[must_use]
pub fn is_peer(library: &str) -> bool {
    ![OWNED, BORROWED, RANDOM_ID, PRIMITIVE, PAD_STATES].contains(&library)
}

/// The contenders that live in one process.
///
/// # Errors
/// If one of them cannot do the task.
pub fn contenders(task: &Task) -> Contenders {
    let mut contenders = primitive::contenders(task)?;
    contenders.extend(ours::contenders(task)?);
    contenders.extend(peers::contenders(task)?);
    Ok(contenders)
}
