//! The developer commands of Countersign: `cargo xtask check` before a push, `cargo xtask test` for the tests
//! alone.
//!
//! A command is a row of [`command::COMMANDS`]: a word and the steps it runs. A step is a `cargo` call and what it
//! needs on the machine, which is a row of [`prerequisite`]. [`fuzz`] has arguments and stands apart.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to the developer is what this program does"
)]

use std::env;
use std::process::ExitCode;

use command::Call;
use prerequisite::Prerequisite;

mod bench;
mod command;
mod fuzz;
mod interop;
mod prerequisite;
mod step;

const FAILED: u8 = 1;
const WRONG_CALL: u8 = 2;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match command::parse(&words) {
        Ok(Call::Usage) => {
            print!("{}", command::usage());
            ExitCode::SUCCESS
        }
        Ok(Call::Run(command)) => run(command.needs(), || {
            let report = step::run_all(command.steps(), step::cargo);
            print!("\n{report}");
            report.passed()
        }),
        Ok(Call::Bench(bench)) => run(bench.needs(), || bench::run(&bench)),
        Ok(Call::Fuzz(fuzz)) => run(fuzz::NEEDS.to_vec(), || fuzz::run(&fuzz)),
        Err(wrong) => {
            eprint!("{wrong}\n\n{}", command::usage());
            ExitCode::from(WRONG_CALL)
        }
    }
}

/// Does the work if everything it needs is there; the work tells whether it passed.
fn run(needs: Vec<&'static Prerequisite>, work: impl FnOnce() -> bool) -> ExitCode {
    if let Err(missing) = prerequisite::ensure(needs) {
        eprint!("{missing}");
        return ExitCode::from(FAILED);
    }
    if work() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}
