//! `countersign token explain`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Clock as _, SystemClock};

use super::expectations::Expectations;
use crate::cli::{Outcome, input, output};

/// Say of the token on standard input what each check sees and decides
///
/// Takes the flags of `verify` and exits like it. Claims are shown, the signature never is.
#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    #[command(flatten)]
    expectations: Expectations,
}

impl Explain {
    pub(super) fn run(self) -> Outcome {
        let keys = self.expectations.keys()?;
        let token = input::token()?;
        let explanation = self.expectations.verifier().explain(&token, &keys, SystemClock.now());
        output::answer(explanation.to_string().trim_end())?;
        Ok(match explanation.error() {
            None => ExitCode::SUCCESS,
            Some(_) => ExitCode::FAILURE,
        })
    }
}
