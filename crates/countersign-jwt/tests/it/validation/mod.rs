//! What a verifier makes of the header and the claims of a token whose signature is good.

mod borrowed;
mod codes;
mod dates;
mod expectations;
mod explain;
mod header;
mod payload;
mod presented;
mod private;
mod registered;

use countersign_jwt::VerifyError;

/// The claim that an error names.
fn claim(error: &VerifyError) -> Option<&str> {
    match error {
        VerifyError::MissingClaim { claim } => Some(claim),
        VerifyError::InvalidClaim { claim, .. } => Some(claim),
        VerifyError::ClaimMismatch { claim } => Some(claim),
        _ => None,
    }
}

/// `ok`, or the code of the refusal and the claim it names.
fn verdict<T>(result: Result<T, VerifyError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => match claim(&error) {
            Some(claim) => format!("{} {claim}", error.code()),
            None => error.code().to_owned(),
        },
    }
}
