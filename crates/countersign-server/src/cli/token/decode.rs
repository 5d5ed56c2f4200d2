//! `countersign token decode`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{VerifyError, base64url, json};
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

/// More lenient than [`Unverified`](countersign::jwt::Unverified), which shows only what some key could verify: whoever
/// asks why a token is refused wants to see an `alg` that is not supported, too.
fn decode(token: &str) -> Result<Value, VerifyError> {
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(VerifyError::Malformed { reason: "there are not three parts" });
    };
    let header = part(header, "the header is not canonical base64url")?;
    let payload = part(payload, "the payload is not canonical base64url")?;
    let header: Value = json::from_slice(&header).map_err(VerifyError::InvalidHeader)?;
    let claims: Value = json::from_slice(&payload).map_err(VerifyError::InvalidPayload)?;
    Ok(serde_json::json!({"unverified": {"header": header, "claims": claims}}))
}

fn part(encoded: &str, reason: &'static str) -> Result<Vec<u8>, VerifyError> {
    base64url::decode(encoded).map_err(|_| VerifyError::Malformed { reason })
}

fn pretty(value: &Value) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(Failure::failed)
}
