//! A token that says itself by whose keys it is to be verified.

use std::borrow::Cow;
use std::fmt;

use crate::claims::RegisteredClaim;
use crate::json::{self, Members, Parser};
use crate::jws::{Compact, JwsVerifier, PAYLOAD_ENCODING};
use crate::{VerifyError, base64url};

/// A token of one of several issuers: decoded once, to choose by its `iss` how it is verified, and then to be read there
/// ([`Verifier::verify_presented`](crate::Verifier::verify_presented)).
///
/// Nothing of it is proven before that, so nothing but the `iss` can be asked, and that only to choose among verifiers
/// and keys that were there before.
///
/// ```
/// # use countersign_jwt::{Algorithm, Claims, NumericDate, Signer, SigningKey};
/// use countersign_jwt::{KeySet, Presented, Verifier, VerifyError};
///
/// # let key = SigningKey::generate(Algorithm::Es256)?;
/// # let now = NumericDate::from_secs(0);
/// # let trusted = [("https://one.example", Verifier::new("https://one.example", "api"), KeySet::from(key.verifying_key()))];
/// # let signer = Signer::new(key, "https://one.example", "api", std::time::Duration::from_secs(60));
/// # let token = signer.sign(&Claims::new(()).subject("user-1"), now)?;
/// let presented = Presented::decode(&token)?;
/// let issuer = presented.issuer()?;
/// let (_, verifier, keys) = trusted.iter().find(|(name, ..)| *name == issuer).ok_or(VerifyError::IssuerMismatch)?;
/// let verified = verifier.verify_presented::<()>(presented, keys, now)?;
/// assert_eq!(verified.subject(), Some("user-1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Presented<'t> {
    pub(super) token: &'t str,
    pub(super) payload: String,
}

/// Room behind the payload for the id of the key that verifies it.
const KEY_ID: usize = 64;

impl<'t> Presented<'t> {
    /// Decodes the payload of a token of up to 16 KiB.
    ///
    /// # Errors
    /// [`VerifyError::TooLong`] or [`VerifyError::Malformed`].
    pub fn decode(token: &'t str) -> Result<Self, VerifyError> {
        JwsVerifier::new().check_length(token)?;
        let encoded = Compact::split(token)?.payload;
        let mut payload = Vec::with_capacity(base64url::decoded_length(encoded) + KEY_ID);
        base64url::decode_into(encoded, &mut payload).map_err(|_| PAYLOAD_ENCODING)?;
        let payload = String::from_utf8(payload).map_err(|_| super::verifier::PAYLOAD_UTF8)?;
        Ok(Self { token, payload })
    }

    /// The `iss` that the token claims. What stands behind it in the payload has not been looked at.
    ///
    /// # Errors
    /// [`VerifyError::InvalidPayload`], [`VerifyError::MissingClaim`] or [`VerifyError::InvalidClaim`].
    pub fn issuer(&self) -> Result<Cow<'_, str>, VerifyError> {
        let mut parser = Parser::new(&self.payload);
        let mut members = Members::default();
        if parser.peek() != Some(b'{') {
            return Err(VerifyError::InvalidPayload(parser.error("expected an object")));
        }
        parser.enter().map_err(VerifyError::InvalidPayload)?;
        while let Some(name) = members.next_name(&mut parser).map_err(VerifyError::InvalidPayload)? {
            if name == ISSUER {
                return match parser.peek() {
                    Some(b'"') => parser.string().map_err(VerifyError::InvalidPayload),
                    _ => Err(not_text(&parser)),
                };
            }
            parser.skip().map_err(VerifyError::InvalidPayload)?;
        }
        Err(VerifyError::MissingClaim { claim: Cow::Borrowed(ISSUER) })
    }
}

const ISSUER: &str = RegisteredClaim::Issuer.name();

fn not_text(parser: &Parser<'_>) -> VerifyError {
    let reason: json::Error = parser.error("expected a string");
    VerifyError::InvalidClaim { claim: ISSUER.into(), reason }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").finish_non_exhaustive()
    }
}
