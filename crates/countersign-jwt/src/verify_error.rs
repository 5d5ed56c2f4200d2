//! Why a token was refused.

use std::borrow::Cow;

use crate::json;

/// Why a token was refused.
///
/// The text says what is wrong and holds nothing of the token but the names of claims, so it can be logged.
/// [`VerifyError::code`] is stable: programs may depend on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// More characters than the verifier reads.
    #[error("the token is longer than {limit} characters")]
    TooLong {
        /// The most characters that are read.
        limit: usize,
    },
    /// Not three parts of canonical base64url (RFC 7515 §7.1).
    #[error("the token is not a JWS in compact form: {reason}")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
    /// The header is not a strict JSON object with the parameters it must have (RFC 7515 §4).
    #[error("the header is invalid: {0}")]
    InvalidHeader(json::Error),
    /// The `alg` is not one that is supported; `none` is among them.
    #[error("the algorithm of the token is not supported")]
    UnsupportedAlgorithm,
    /// The `alg` is supported, but not the one of the key that is meant, or not one that is allowed here.
    #[error("the algorithm of the token is not that of the key")]
    AlgorithmMismatch,
    /// The header has a `crit`: it demands an extension that is not understood (RFC 7515 §4.1.11).
    #[error("the header demands an extension that is not supported (crit)")]
    UnsupportedCritical,
    /// The `typ` is that of another kind of token (RFC 8725 §3.11).
    #[error("the token is of another type than the one expected here (typ)")]
    TypeMismatch,
    /// No key has the `kid` of the token, or there is no key at all.
    #[error("no key is known by the id that the token names")]
    UnknownKey,
    /// The token has no `kid` and several keys could be meant, or several keys have it.
    #[error("more than one key could be meant by the token")]
    AmbiguousKey,
    /// There are no keys to be had at the moment; this says nothing about the token.
    #[error("no keys can be had at the moment")]
    KeysUnavailable,
    /// The signature is not the key's over this header and payload.
    #[error("the signature is not valid")]
    InvalidSignature,
    /// The payload is not a strict JSON object (RFC 7519 §7.2).
    #[error("the payload is invalid: {0}")]
    InvalidPayload(json::Error),
    /// A claim that must be there is not.
    #[error("the claim `{claim}` is missing")]
    MissingClaim {
        /// The name of the claim.
        claim: Cow<'static, str>,
    },
    /// A claim is there in a form that it may not have.
    #[error("the claim `{claim}` is invalid: {reason}")]
    InvalidClaim {
        /// The name of the claim.
        claim: Box<str>,
        /// What is wrong with its form.
        reason: json::Error,
    },
    /// The token was issued by someone else (`iss`).
    #[error("the token was issued by someone else (iss)")]
    IssuerMismatch,
    /// The token is meant for someone else (`aud`).
    #[error("the token is meant for someone else (aud)")]
    AudienceMismatch,
    /// The token has expired (`exp`).
    #[error("the token has expired (exp)")]
    Expired,
    /// The token is not good yet (`nbf`, or an `iat` in the future where the age is limited).
    #[error("the token is not good yet (nbf or iat)")]
    NotYetValid,
    /// The token is older than is accepted here, whatever its `exp` says.
    #[error("the token was issued too long ago (iat)")]
    TooOld,
    /// A claim has another value than the one expected.
    #[error("the claim `{claim}` has another value than the one expected")]
    ClaimMismatch {
        /// The name of the claim.
        claim: &'static str,
    },
}

impl VerifyError {
    /// A name for the case that stays the same from version to version.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "token_too_long",
            Self::Malformed { .. } => "token_malformed",
            Self::InvalidHeader(_) => "header_invalid",
            Self::UnsupportedAlgorithm => "algorithm_unsupported",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::UnsupportedCritical => "crit_unsupported",
            Self::TypeMismatch => "typ_mismatch",
            Self::UnknownKey => "key_unknown",
            Self::AmbiguousKey => "key_ambiguous",
            Self::KeysUnavailable => "keys_unavailable",
            Self::InvalidSignature => "signature_invalid",
            Self::InvalidPayload(_) => "payload_invalid",
            Self::MissingClaim { .. } => "claim_missing",
            Self::InvalidClaim { .. } => "claim_invalid",
            Self::IssuerMismatch => "iss_mismatch",
            Self::AudienceMismatch => "aud_mismatch",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::TooOld => "token_too_old",
            Self::ClaimMismatch { .. } => "claim_mismatch",
        }
    }
}
