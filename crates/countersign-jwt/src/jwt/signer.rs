//! From claims to a signed token.

use std::time::Duration;

use serde::Serialize;

use super::token_id;
use crate::claims::write::{ObjectWriter, WriteError};
use crate::jws::{encode_header, sign_encoded};
use crate::{Audience, Claims, KeyError, NumericDate, RegisteredClaim, SigningKey};

/// Signs tokens of one issuer with one key.
///
/// `iss`, `aud` and the lifetime are said once; [`Claims`] may override them for one token. Members are written in a
/// fixed order: `iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti`, then the application's own as their type has them.
/// `iat`, `exp` and a random `jti` are filled in.
///
/// ```
/// use countersign_jwt::{Algorithm, Claims, NumericDate, Signer, SigningKey, Unverified};
/// use std::time::Duration;
///
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let signer = Signer::new(key, "https://auth.example", "api", Duration::from_secs(900));
/// let token = signer.sign(&Claims::new(()).subject("user-1").token_id("t-1"), NumericDate::from_secs(0))?;
///
/// let payload = Unverified::decode(&token)?.payload().to_owned();
/// assert_eq!(payload, r#"{"iss":"https://auth.example","sub":"user-1","aud":"api","exp":900,"iat":0,"jti":"t-1"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    /// The encoded header, which is the same on every token.
    header: String,
    issuer: String,
    audience: Audience,
    lifetime: Duration,
}

/// Why claims could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The application's claims are neither a struct nor a map with string keys.
    #[error("the claims are neither a struct nor a map with string keys")]
    NotAnObject,
    /// The application's claims hold a member with the name of a registered claim, which [`Claims`] sets.
    #[error("`{}` is a registered claim; set it on `Claims`", .0.name())]
    ReservedClaim(RegisteredClaim),
    /// The application's claims hold a member twice.
    #[error("a claim stands twice")]
    DuplicateClaim,
    /// The application's type failed to serialise, or holds what JSON cannot say.
    #[error("a claim cannot be written as JSON")]
    Unwritable,
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<WriteError> for SignError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotAnObject => Self::NotAnObject,
            WriteError::Reserved(claim) => Self::ReservedClaim(claim),
            WriteError::Duplicate => Self::DuplicateClaim,
            WriteError::Value => Self::Unwritable,
        }
    }
}

impl Signer {
    /// A signer of tokens by `issuer` for `audience` that expire `lifetime` after they are issued. `typ` is `JWT`.
    #[must_use]
    pub fn new(
        key: SigningKey,
        issuer: impl Into<String>,
        audience: impl Into<Audience>,
        lifetime: Duration,
    ) -> Self {
        let header = encode_header(&key, Some("JWT"));
        Self { key, header, issuer: issuer.into(), audience: audience.into(), lifetime }
    }

    /// A signer of access tokens in the profile of RFC 9068 §2: `typ` is `at+jwt`. Sign
    /// [`AccessTokenClaims`](crate::AccessTokenClaims) with a subject.
    #[must_use]
    pub fn access_tokens(
        key: SigningKey,
        issuer: impl Into<String>,
        audience: impl Into<Audience>,
        lifetime: Duration,
    ) -> Self {
        Self::new(key, issuer, audience, lifetime).token_type("at+jwt")
    }

    /// Writes this `typ` (RFC 7515 §4.1.9) instead of `JWT`.
    #[must_use]
    pub fn token_type(mut self, token_type: &str) -> Self {
        self.header = encode_header(&self.key, Some(token_type));
        self
    }

    /// How long tokens live that do not say otherwise.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Signs `claims` at `now`.
    ///
    /// # Errors
    /// [`SignError`] when the application's claims are no object, hold a registered claim, or cannot be written.
    pub fn sign<C: Serialize>(&self, claims: &Claims<'_, C>, now: NumericDate) -> Result<String, SignError> {
        let mut payload = Vec::with_capacity(256);
        self.write(claims, now, &mut payload)?;
        Ok(sign_encoded(&self.key, &self.header, &payload)?)
    }

    fn write<C: Serialize>(
        &self,
        claims: &Claims<'_, C>,
        now: NumericDate,
        payload: &mut Vec<u8>,
    ) -> Result<(), SignError> {
        // Whole seconds: some readers of other libraries take no fraction.
        let issued_at = claims.issued_at.unwrap_or(NumericDate::from_secs(now.as_secs()));
        let expires_at = issued_at + claims.lifetime.unwrap_or(self.lifetime);
        let mut room = token_id::buffer();
        let token_id = match &claims.token_id {
            Some(token_id) => token_id.as_ref(),
            None => token_id::random(now, &mut room)?,
        };
        let mut writer = ObjectWriter::begin(payload);
        writer.member("iss", claims.issuer.as_deref().unwrap_or(&self.issuer))?;
        if let Some(subject) = &claims.subject {
            writer.member("sub", subject)?;
        }
        writer.member("aud", claims.audience.as_ref().unwrap_or(&self.audience))?;
        writer.member("exp", &expires_at)?;
        if let Some(not_before) = &claims.not_before {
            writer.member("nbf", not_before)?;
        }
        writer.member("iat", &issued_at)?;
        writer.member("jti", token_id)?;
        writer.members(&claims.private)?;
        writer.end();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, Unverified};

    #[test]
    fn a_moment_within_a_second_is_written_as_the_whole_second() {
        let signer =
            Signer::new(SigningKey::generate(Algorithm::Hs256).unwrap(), "i", "a", Duration::from_secs(9));
        let now = NumericDate::from_millis(1_700_000_000_750);
        let token = signer.sign(&Claims::new(()).token_id("t"), now).unwrap();
        let payload = Unverified::decode(&token).unwrap().payload().to_owned();
        assert_eq!(payload, r#"{"iss":"i","aud":"a","exp":1700000009,"iat":1700000000,"jti":"t"}"#);
        // A date that the caller chose stays as it is.
        let token = signer.sign(&Claims::new(()).issued_at(now).token_id("t"), now).unwrap();
        let payload = Unverified::decode(&token).unwrap().payload().to_owned();
        assert_eq!(payload, r#"{"iss":"i","aud":"a","exp":1700000009.75,"iat":1700000000.75,"jti":"t"}"#);
    }
}
