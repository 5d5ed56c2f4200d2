//! Whether two threads verify twice as much as one, with one key set and one verifier between them.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use bench_harness::{Failure, Task};
use countersign_jwt::{Clock, KeySet, SystemClock, Verifier};
use serde::Deserialize;

use crate::ours;
use crate::rounds::{Effort, median};

/// One algorithm of each family.
pub const FAMILIES: [&str; 5] = ["HS256", "RS256", "ES256", "EdDSA", "ML-DSA-44"];

#[derive(Deserialize)]
struct Profile {
    #[serde(rename = "email")]
    _email: String,
}

/// How much more two threads did than one.
#[derive(Clone, Debug)]
pub struct Scaling {
    /// The JWS `alg`.
    pub algorithm: String,
    /// In the middle round.
    pub median: f64,
    /// The best round of two threads against the best round of one.
    pub best: f64,
}

/// Measures one thread and two in turn.
///
/// # Errors
/// If the task cannot be done.
pub fn measure(task: &Task, effort: Effort) -> Result<Scaling, Failure> {
    let (keys, verifier) = ours::verifier(task)?;
    let run = |threads, count| run(threads, count, &task.token, &keys, &verifier);
    let mut count = 1;
    while run(1, count) < effort.turn * 4 {
        count *= 2;
    }
    let times: Vec<(Duration, Duration)> =
        (0..effort.rounds).map(|_| (run(1, count), run(2, count))).collect();
    let ratio = |one: Duration, two: Duration| 2.0 * one.as_secs_f64() / two.as_secs_f64();
    let fastest = |times: &mut dyn Iterator<Item = Duration>| times.min().unwrap_or_default();
    let one = fastest(&mut times.iter().map(|(one, _)| *one));
    let two = fastest(&mut times.iter().map(|(_, two)| *two));
    Ok(Scaling {
        algorithm: task.algorithm.clone(),
        median: median(times.iter().map(|(one, two)| ratio(*one, *two))),
        best: ratio(one, two),
    })
}

/// How long `threads` take for `count` verifications each: from when the first begins to when the last ends.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
fn run(threads: usize, count: u64, token: &str, keys: &KeySet, verifier: &Verifier) -> Duration {
    let ready = Barrier::new(threads);
    let one = || {
        ready.wait();
        let start = Instant::now();
        for _ in 0..count {
            let _ = black_box(verifier.verify::<Profile>(black_box(token), keys, SystemClock.now()));
        }
        (start, Instant::now())
    };
    let times: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        started.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let first = times.iter().map(|(start, _)| *start).min();
    let last = times.iter().map(|(_, end)| *end).max();
    first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first)
}
