//! `cargo xtask bench cache`: what it costs to meet a verified token again, alone and on two threads.

mod contenders;
mod report;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use bench_harness::{Failure, Section};

use contenders::{Contender, Tokens};
use report::Measured;

/// How often everyone has a turn.
const ROUNDS: usize = 41;
/// About how long a turn is.
const TURN: Duration = Duration::from_millis(4);

fn main() -> ExitCode {
    bench_harness::main("bench-cache", run)
}

fn run() -> Result<Section, Failure> {
    let tokens = Tokens::new(64)?;
    let contenders = contenders::all(&tokens)?;
    let measured: Vec<_> = measure(&contenders, tokens.len());
    let section = Section::new(
        "cache",
        "A token that was verified before",
        "cargo xtask bench cache",
        &["countersign", "moka"],
    );
    Ok(section.text(&report::markdown(&measured, contenders::bytes()?)))
}

/// One thread and two in turn, everyone in each round.
fn measure(contenders: &[Contender], tokens: usize) -> Vec<Measured> {
    let counts: Vec<usize> = contenders.iter().map(|contender| calibrate(contender, tokens)).collect();
    let mut measured: Vec<_> = contenders.iter().map(|contender| Measured::new(contender.name)).collect();
    for round in 0..ROUNDS {
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            let count = counts[index];
            let (one, two) =
                (time(&contenders[index], 1, count, tokens), time(&contenders[index], 2, count, tokens));
            measured[index].add(one, two, count);
        }
    }
    measured
}

fn calibrate(contender: &Contender, tokens: usize) -> usize {
    let mut count = tokens;
    while time(contender, 1, count, tokens) < TURN {
        count *= 2;
    }
    count
}

/// How long `threads` take for `count` look-ups each, of all tokens in turn, from when the first begins to when the last
/// ends. Each thread begins at another token.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
fn time(contender: &Contender, threads: usize, count: usize, tokens: usize) -> Duration {
    let ready = Barrier::new(threads);
    let one = |first: usize| {
        ready.wait();
        let start = Instant::now();
        for number in 0..count {
            black_box((contender.meet)(black_box((first + number) % tokens)));
        }
        (start, Instant::now())
    };
    let times: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let one = &one;
        let started: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || one(thread * tokens / 2))).collect();
        started.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let first = times.iter().map(|(start, _)| *start).min();
    let last = times.iter().map(|(_, end)| *end).max();
    first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first)
}
