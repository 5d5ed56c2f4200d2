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
    /// Splits `token` at its two dots. A third dot is found when the signature is decoded.
    pub(crate) fn split(token: &'t str) -> Result<Self, VerifyError> {
        let malformed = || VerifyError::Malformed { reason: "expected three parts with dots between them" };
        let (header, rest) = token.split_once('.').ok_or_else(malformed)?;
        let (payload, signature) = rest.split_once('.').ok_or_else(malformed)?;
        if signature.contains('.') {
            return Err(malformed());
        }
        let signing_input = &token[..header.len() + 1 + payload.len()];
        Ok(Self { signing_input, header, payload, signature })
    }
}
