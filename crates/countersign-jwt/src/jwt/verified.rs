//! A token that is proven, and what it says.

use std::fmt;
use std::ops::Deref;

use crate::claims::registered::{Names, Registered, Slot};
use crate::{Algorithm, NumericDate, VerifyingKey};

/// A token whose signature and claims were verified: the only way to claims that may be relied on.
///
/// It comes from [`Verifier::verify`](crate::Verifier::verify) alone. `C` is the application's own claims, reached by
/// dereferencing; the registered claims (RFC 7519 §4.1) have methods. `B` is where the text of the payload is kept:
/// in the token itself, or in a buffer of the caller's
/// ([`Verifier::verify_in`](crate::Verifier::verify_in)).
#[derive(Clone)]
pub struct Verified<C, B = String> {
    /// The payload, and behind it the key id.
    text: B,
    payload_length: usize,
    key_id: Option<Slot>,
    algorithm: Algorithm,
    pub(super) registered: Registered,
    expires_at: NumericDate,
    claims: C,
}

/// What was read from a payload besides its registered claims, and found as it is expected.
pub(crate) struct Checked<C> {
    pub(crate) expires_at: NumericDate,
    pub(crate) claims: C,
}

impl<C, B: AsRef<str>> Verified<C, B> {
    /// `text` is the payload with the id of `key` behind it.
    pub(crate) fn new(
        text: B,
        length: usize,
        key: &VerifyingKey,
        registered: Registered,
        checked: Checked<C>,
    ) -> Self {
        let key_id = key.key_id().and_then(|id| Slot::between(length, length + id.len()));
        let Checked { expires_at, claims } = checked;
        Self {
            text,
            payload_length: length,
            key_id,
            algorithm: key.algorithm(),
            registered,
            expires_at,
            claims,
        }
    }

    fn optional<'s>(&'s self, slot: &'s Option<Slot>) -> Option<&'s str> {
        slot.as_ref().map(|slot| slot.text(self.text.as_ref()))
    }

    /// `iss` (RFC 7519 §4.1.1). It is there unless the verifier took [`AnyIssuer`](crate::AnyIssuer).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.optional(&self.registered.issuer)
    }

    /// `sub` (RFC 7519 §4.1.2), whom the token speaks for.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.optional(&self.registered.subject)
    }

    /// The names in `aud` (RFC 7519 §4.1.3), in order.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        let names = self.registered.audience.as_ref().map(Names::as_slice).unwrap_or_default();
        names.iter().map(|name| name.text(self.text.as_ref()))
    }

    /// `exp` (RFC 7519 §4.1.4).
    #[must_use]
    pub fn expires_at(&self) -> NumericDate {
        self.expires_at
    }

    /// `nbf` (RFC 7519 §4.1.5).
    #[must_use]
    pub fn not_before(&self) -> Option<NumericDate> {
        self.registered.not_before
    }

    /// `iat` (RFC 7519 §4.1.6).
    #[must_use]
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.registered.issued_at
    }

    /// `jti` (RFC 7519 §4.1.7).
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.optional(&self.registered.token_id)
    }

    /// The id of the key that verified the token.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.optional(&self.key_id)
    }

    /// The algorithm of the key that verified the token.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The payload as it was signed: one JSON object with all claims.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.text.as_ref()[..self.payload_length]
    }

    /// The application's own claims.
    #[must_use]
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// The application's own claims, the rest of the token let go.
    #[must_use]
    pub fn into_claims(self) -> C {
        self.claims
    }
}

impl<C, B> Deref for Verified<C, B> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.claims
    }
}

impl<C, B: AsRef<str>> fmt::Debug for Verified<C, B> {
    /// Whose token it is and until when; no claim of the application's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id())
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}
