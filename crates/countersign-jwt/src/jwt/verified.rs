//! A token that is proven, and what it says.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use crate::claims::read::{Names, Registered};
use crate::{Algorithm, NumericDate, VerifyingKey};

/// A token whose signature and claims were verified: the only way to claims that may be relied on.
///
/// It comes from [`Verifier::verify`](crate::Verifier::verify) alone. `C` is the application's own claims, reached by
/// dereferencing; the registered claims (RFC 7519 §4.1) have methods. `B` is where the text of the payload is kept:
/// in the token itself, or in a buffer of the caller's
/// ([`Verifier::verify_in`](crate::Verifier::verify_in)).
pub struct Verified<C, B = String> {
    /// The payload, and behind it the key id.
    text: B,
    payload_length: usize,
    key_id: Option<Slot>,
    algorithm: Algorithm,
    slots: Slots,
    claims: C,
}

/// Where a text is: in the payload as it is written there, or, if it has escapes there, on its own.
pub(crate) enum Slot {
    At(usize, usize),
    Own(Box<str>),
}

/// The registered claims without the lifetime of the text they are in.
pub(crate) struct Slots {
    issuer: Option<Slot>,
    subject: Option<Slot>,
    token_id: Option<Slot>,
    audience: AudienceSlots,
    expires_at: NumericDate,
    not_before: Option<NumericDate>,
    issued_at: Option<NumericDate>,
}

/// The names of an `aud`; one name needs no allocation.
enum AudienceSlots {
    None,
    One(Slot),
    Many(Box<[Slot]>),
}

impl AudienceSlots {
    fn as_slice(&self) -> &[Slot] {
        match self {
            Self::None => &[],
            Self::One(slot) => std::slice::from_ref(slot),
            Self::Many(slots) => slots,
        }
    }
}

impl Slot {
    fn new(text: &str, part: Cow<'_, str>) -> Self {
        match part {
            Cow::Borrowed(part) => {
                let start = part.as_ptr() as usize - text.as_ptr() as usize;
                Self::At(start, start + part.len())
            }
            Cow::Owned(part) => Self::Own(part.into()),
        }
    }

    fn text<'s>(&'s self, text: &'s str) -> &'s str {
        match self {
            Self::At(start, end) => &text[*start..*end],
            Self::Own(text) => text,
        }
    }
}

impl Slots {
    /// The places of `registered` in `text`, which they were read from.
    pub(crate) fn new(text: &str, registered: Registered<'_>, expires_at: NumericDate) -> Self {
        let slot = |part| Slot::new(text, part);
        Self {
            issuer: registered.issuer.map(slot),
            subject: registered.subject.map(slot),
            token_id: registered.token_id.map(slot),
            audience: match registered.audience {
                None => AudienceSlots::None,
                Some(Names::One(name)) => AudienceSlots::One(slot(name)),
                Some(Names::Many(names)) => AudienceSlots::Many(names.into_iter().map(slot).collect()),
            },
            expires_at,
            not_before: registered.not_before,
            issued_at: registered.issued_at,
        }
    }
}

impl<C, B: AsRef<str>> Verified<C, B> {
    /// `text` is the payload with the id of `key` behind it.
    pub(crate) fn new(text: B, payload_length: usize, key: &VerifyingKey, slots: Slots, claims: C) -> Self {
        let key_id = key.key_id().map(|id| Slot::At(payload_length, payload_length + id.len()));
        Self { text, payload_length, key_id, algorithm: key.algorithm(), slots, claims }
    }

    fn optional<'s>(&'s self, slot: &'s Option<Slot>) -> Option<&'s str> {
        slot.as_ref().map(|slot| slot.text(self.text.as_ref()))
    }

    /// `iss` (RFC 7519 §4.1.1). It is there unless the verifier took [`AnyIssuer`](crate::AnyIssuer).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.optional(&self.slots.issuer)
    }

    /// `sub` (RFC 7519 §4.1.2), whom the token speaks for.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.optional(&self.slots.subject)
    }

    /// The names in `aud` (RFC 7519 §4.1.3), in order.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.slots.audience.as_slice().iter().map(|slot| slot.text(self.text.as_ref()))
    }

    /// `exp` (RFC 7519 §4.1.4).
    #[must_use]
    pub fn expires_at(&self) -> NumericDate {
        self.slots.expires_at
    }

    /// `nbf` (RFC 7519 §4.1.5).
    #[must_use]
    pub fn not_before(&self) -> Option<NumericDate> {
        self.slots.not_before
    }

    /// `iat` (RFC 7519 §4.1.6).
    #[must_use]
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.slots.issued_at
    }

    /// `jti` (RFC 7519 §4.1.7).
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.optional(&self.slots.token_id)
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
