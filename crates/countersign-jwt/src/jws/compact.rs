//! The three parts of a compact JWS.

use crate::VerifyError;

/// A token split into its parts, each still encoded (RFC 7515 §7.1).
pub(crate) struct Compact<'t> {
    /// Header and payload with the dot between them: what is signed.
    pub(crate) signing_input: &'t str,
    pub(crate) header: &'t str,
    pub(crate) payload: &'t str,
    pub(crate) signature: &'t str,
}

impl<'t> Compact<'t> {
    /// Splits `token` at its two dots.
    pub(crate) fn split(token: &'t str) -> Result<Self, VerifyError> {
        Self::split_at(token, find_dot(token).ok_or(THREE_PARTS)?)
    }

    /// Splits `token`, whose first dot is at `first`, at its two dots.
    pub(crate) fn split_at(token: &'t str, first: usize) -> Result<Self, VerifyError> {
        let (header, rest) = (&token[..first], &token[first + 1..]);
        let second = find_dot(rest).ok_or(THREE_PARTS)?;
        let (payload, signature) = (&rest[..second], &rest[second + 1..]);
        match find_dot(signature) {
            None => Ok(Self { signing_input: &token[..first + 1 + second], header, payload, signature }),
            Some(_) => Err(THREE_PARTS),
        }
    }
}

const THREE_PARTS: VerifyError =
    VerifyError::Malformed { reason: "expected three parts with dots between them" };

fn find_dot(text: &str) -> Option<usize> {
    memchr::memchr(b'.', text.as_bytes())
}
