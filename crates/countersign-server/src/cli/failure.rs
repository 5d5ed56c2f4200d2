//! Why a command did not do what it was asked: one line, and the code to exit with.

use std::{fmt::Display, process::ExitCode};

use super::output;

/// A line for whoever called, and whose fault it is.
#[derive(Debug)]
pub(super) struct Failure {
    line: String,
    code: u8,
}

impl Failure {
    /// The call was right, and could not be done: exit 1.
    pub(super) fn failed(why: impl Display) -> Self {
        Self { line: why.to_string(), code: 1 }
    }

    /// The call, a file it names or the configuration is wrong: exit 2.
    pub(super) fn wrong_call(why: impl Display) -> Self {
        Self { line: why.to_string(), code: 2 }
    }

    pub(super) fn report(self) -> ExitCode {
        output::note(format_args!("error: {}", self.line));
        ExitCode::from(self.code)
    }
}
