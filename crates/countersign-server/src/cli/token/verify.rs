//! `countersign token verify`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Clock as _, SystemClock, Verified};
use serde::de::IgnoredAny;

use super::expectations::Expectations;
use crate::cli::{Outcome, input, output};

/// Verify the token on standard input and print its claims
///
/// Exits with 0 and prints the claims as JSON if the token is good; exits with 1 and prints one line that begins with
/// a stable code if it is not; exits with 2 if the call is wrong. A check that was not asked for is named on standard
/// error.
#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    #[command(flatten)]
    expectations: Expectations,
}

impl Verify {
    pub(super) fn run(self) -> Outcome {
        let keys = self.expectations.keys()?;
        let token = input::token()?;
        self.expectations.note_skipped();
        let verified: Result<Verified<IgnoredAny>, _> =
            self.expectations.verifier().verify(&token, &keys, SystemClock.now());
        match verified {
            Ok(verified) => {
                output::answer(verified.payload())?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                output::answer(format_args!("{}: {error}", error.code()))?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}
