//! What is said of a token that is not good, for a guard.

use std::fmt;

use crate::extract_jwt::ExtractError;
use crate::jwt::{RenewalFailed, VerifyError};
use crate::strategy::{AuthError, Denial, Outage, Rejection};

impl From<ExtractError> for AuthError {
    /// A request that may not use its cookie is rejected, whoever sent it; all else is wrong with the credentials.
    fn from(error: ExtractError) -> Self {
        if let ExtractError::Csrf(_) = error {
            return Rejection::forbidden(error.code(), sentence(error)).into();
        }
        Denial::new(error.code(), error.to_string()).detail(sentence(error)).into()
    }
}

impl From<VerifyError> for AuthError {
    /// Keys that cannot be had are an outage; all else is wrong with the token.
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::KeysUnavailable => Outage::new(error.code(), error.to_string()).into(),
            _ => Denial::new(error.code(), error.to_string()).detail(sentence(error)).into(),
        }
    }
}

impl From<RenewalFailed> for AuthError {
    /// The token may be good: only the keys that would tell cannot be had.
    fn from(error: RenewalFailed) -> Self {
        let outage = Outage::new(VerifyError::KeysUnavailable.code(), error.to_string());
        outage.retry_after(error.retry_after).into()
    }
}

/// An error's words as a sentence.
fn sentence(error: impl fmt::Display) -> String {
    let words = error.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
