//! `cargo xtask bench cache`: what it costs to meet a verified token again, alone and on two threads.

mod contenders;
mod report;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use bench_harness::{Failure, Scaling, Section};

use contenders::{Contender, Tokens};

/// How often everyone has a turn.
const ROUNDS: usize = 161;
/// About how long a turn is.
const TURN: Duration = Duration::from_millis(4);

fn main() -> ExitCode {
    bench_harness::main("bench-cache", run)
}

fn run() -> Result<Section, Failure> {
    let tokens = Tokens::new(64)?;
    let contenders = contenders::all(&tokens)?;
    let measured = measure(&contenders, tokens.len());
    let section = Section::new(
        "cache",
        "A token that was verified before",
        "cargo xtask bench cache",
        &["countersign", "moka"],
    );
    Ok(section.text(&report::markdown(&measured, contenders::bytes()?)))
}

/// One thread and two in turn, everyone in each round.
fn measure(contenders: &[Contender], tokens: usize) -> Vec<(&Contender, Scaling<'_>)> {
    let mut measured: Vec<_> =
        contenders.iter().map(|contender| (contender, scaling(contender, tokens))).collect();
    for round in 0..ROUNDS {
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            measured[index].1.round();
        }
    }
    measured
}

/// Meets all tokens in turn, each thread beginning with another one.
fn scaling(contender: &Contender, tokens: usize) -> Scaling<'_> {
    Scaling::new(TURN, move |thread, count| {
        for step in 0..count as usize {
            let number = (thread * tokens / 2 + step) % tokens;
            black_box((contender.meet)(black_box(number)));
        }
    })
}
