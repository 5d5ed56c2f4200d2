//! What the programs of the benchmarks have in common around what they measure.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to the developer is what these programs do"
)]

use std::path::Path;
use std::process::ExitCode;

use crate::{Failure, Section};

/// The whole of a program that takes no words but `--write FILE`: measures, prints its section, and writes it to the file.
pub fn main(name: &str, measure: impl FnOnce() -> Result<Section, Failure>) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let document = match words.as_slice() {
        [] => None,
        [word, file] if word == "--write" => Some(Path::new(file)),
        _ => {
            eprintln!("Usage: {name} [--write FILE]");
            return ExitCode::from(2);
        }
    };
    conclude(measure().and_then(|section| publish(&section, document)))
}

/// Prints a section, and writes it to the document if there is one.
///
/// # Errors
/// When the document cannot be read or written.
pub fn publish(section: &Section, document: Option<&Path>) -> Result<(), Failure> {
    print!("{}", section.markdown());
    document.map_or(Ok(()), |file| section.write(file))
}

/// Says what went wrong, if anything did.
pub fn conclude(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
