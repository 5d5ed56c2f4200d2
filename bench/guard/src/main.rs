//! `cargo xtask bench guard`: what a guard costs a request.
//!
//! Each server is a process of its own on one core, the load generator is on another. Two servers are up together and are
//! loaded in turn, with the same token; what counts are the differences and ratios of neighbouring turns.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to the developer is what this program does"
)]

mod apps;
mod load;
mod pairs;
mod report;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;

use bench_harness::Failure;

use pairs::Effort;

const USAGE: &str = "\
Usage: bench-guard [--quick] [--write FILE] [PAIR ...]
                                                a pair is named by its number, or by a part of what stands beside it below
       bench-guard serve SERVER < TASK          one server, until it is killed
       bench-guard primitive < TASK             nanoseconds of the verification alone
       bench-guard repeat SERVER COUNT < TASK   requests without a network, for profilers
       bench-guard task ALGORITHM               a task for these
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["serve", name] => server::serve(name),
        ["primitive"] => server::primitive(),
        ["repeat", name, count] => server::repeat(name, count),
        ["task", algorithm] => server::print_task(algorithm),
        words => match parse(words) {
            Some(call) => run(&call),
            None => {
                eprint!("{USAGE}\n{}", pairs::list());
                return ExitCode::from(2);
            }
        },
    };
    bench_harness::conclude(done)
}

/// What is to be measured.
struct Call {
    effort: Effort,
    /// The numbers of the pairs, each once; all if none is named.
    pairs: Vec<usize>,
    write: Option<PathBuf>,
    command: String,
}

fn parse(words: &[&str]) -> Option<Call> {
    let mut call = Call {
        effort: Effort::Full,
        pairs: Vec::new(),
        write: None,
        command: "cargo xtask bench guard".to_owned(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--write" => {
                call.write = Some(words.next()?.into());
                continue;
            }
            "--quick" => call.effort = Effort::Quick,
            word => call.pairs.extend(pairs::named(word)?),
        }
        call.command = format!("{} {word}", call.command);
    }
    if call.pairs.is_empty() {
        call.pairs.extend(0..pairs::PAIRS.len());
    }
    call.pairs.sort_unstable();
    call.pairs.dedup();
    Some(call)
}

fn run(call: &Call) -> Result<(), Failure> {
    let races = pairs::measure(&call.pairs, call.effort)?;
    let section = report::section(&races, &call.command);
    bench_harness::publish(&section, call.write.as_deref())
}
