//! `countersign token decode`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Unverified, VerifyError, json};
use serde_json::Value;

use crate::cli::{Failure, Outcome, input, output};

/// Show what the token on standard input says of itself, unverified
///
/// Nothing of it is proven: anybody can write such a token. `verify` says whether it is good.
#[derive(Debug, Args)]
pub(in crate::cli) struct Decode {}

impl Decode {
    pub(super) fn run(self) -> Outcome {
        let Self {} = self;
        let token = input::token()?;
        match decode(&token) {
            Ok(shown) => {
                output::note("unverified: nothing of this is proven");
                output::answer(pretty(&shown)?)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                output::answer(format_args!("{}: {error}", error.code()))?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

fn decode(token: &str) -> Result<Value, VerifyError> {
    let unverified = Unverified::decode(token)?;
    let header: Value = json::from_str(unverified.header()).map_err(VerifyError::InvalidHeader)?;
    let claims: Value = unverified.claims()?;
    Ok(serde_json::json!({"unverified": {"header": header, "claims": claims}}))
}

fn pretty(value: &Value) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(Failure::failed)
}
