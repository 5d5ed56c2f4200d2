//! Whether two threads verify twice as much as one, with one key set and one verifier between them.

use std::hint::black_box;

use bench_harness::{Failure, Scaling, Task};
use countersign_jwt::{Clock, SystemClock};
use serde::Deserialize;

use crate::ours;
use crate::rounds::Effort;

/// One algorithm of each family.
pub const FAMILIES: [&str; 5] = ["HS256", "RS256", "ES256", "EdDSA", "ML-DSA-44"];

#[derive(Deserialize)]
struct Profile {
    #[serde(rename = "email")]
    _email: String,
}

/// Measures one thread and two in turn.
///
/// # Errors
/// If the task cannot be done.
pub fn measure(task: &Task, effort: Effort) -> Result<Scaling<'static>, Failure> {
    let (keys, verifier) = ours::verifier(task)?;
    let token = task.token.clone();
    let mut scaling = Scaling::new(effort.turn * 4, move |_, count| {
        for _ in 0..count {
            let _ = black_box(verifier.verify::<Profile>(black_box(&token), &keys, SystemClock.now()));
        }
    });
    for _ in 0..effort.rounds {
        scaling.round();
    }
    Ok(scaling)
}
