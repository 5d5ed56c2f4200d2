//! The claims of a token (RFC 7519 §4): the registered ones and the application's own.

mod audience;
mod numeric_date;
pub(crate) mod read;
pub(crate) mod registered;
mod rfc3339;
pub(crate) mod write;

use std::borrow::Cow;
use std::time::Duration;

pub use audience::Audience;
pub use numeric_date::NumericDate;

/// A registered claim (RFC 7519 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegisteredClaim {
    /// `iss`, who issued the token.
    Issuer,
    /// `sub`, whom it speaks for.
    Subject,
    /// `aud`, whom it is meant for.
    Audience,
    /// `exp`, the moment from which it is no longer good.
    Expiration,
    /// `nbf`, the moment before which it is not yet good.
    NotBefore,
    /// `iat`, when it was issued.
    IssuedAt,
    /// `jti`, its own identifier.
    TokenId,
}

impl RegisteredClaim {
    /// The member name, for instance `iss`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "iss",
            Self::Subject => "sub",
            Self::Audience => "aud",
            Self::Expiration => "exp",
            Self::NotBefore => "nbf",
            Self::IssuedAt => "iat",
            Self::TokenId => "jti",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::from_bytes(name.as_bytes().try_into().ok()?)
    }

    #[inline]
    pub(crate) fn from_bytes(name: [u8; 3]) -> Option<Self> {
        // Compared as one number: this is asked of every member of every token.
        const ISS: u32 = number(*b"iss");
        const SUB: u32 = number(*b"sub");
        const AUD: u32 = number(*b"aud");
        const EXP: u32 = number(*b"exp");
        const NBF: u32 = number(*b"nbf");
        const IAT: u32 = number(*b"iat");
        const JTI: u32 = number(*b"jti");
        const fn number([first, second, third]: [u8; 3]) -> u32 {
            u32::from_le_bytes([first, second, third, 0])
        }
        Some(match number(name) {
            ISS => Self::Issuer,
            SUB => Self::Subject,
            AUD => Self::Audience,
            EXP => Self::Expiration,
            NBF => Self::NotBefore,
            IAT => Self::IssuedAt,
            JTI => Self::TokenId,
            _ => return None,
        })
    }
}

/// What is to be signed: the application's own claims, and for this one token the registered claims that differ from
/// the [`Signer`](crate::Signer)'s.
///
/// One rule: what is set here wins over the signer's default.
///
/// ```
/// use countersign_jwt::Claims;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Profile<'a> {
///     email: &'a str,
/// }
///
/// let claims = Claims::new(Profile { email: "ada@example.com" }).subject("user-1");
/// # let _ = claims;
/// ```
#[derive(Clone, Debug)]
pub struct Claims<'a, C> {
    pub(crate) private: C,
    pub(crate) issuer: Option<Cow<'a, str>>,
    pub(crate) subject: Option<Cow<'a, str>>,
    pub(crate) audience: Option<Audience>,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) not_before: Option<NumericDate>,
    pub(crate) issued_at: Option<NumericDate>,
    pub(crate) token_id: Option<Cow<'a, str>>,
}

impl<'a, C> Claims<'a, C> {
    /// The application's own claims (RFC 7519 §4.3): a struct or a map with string keys, `()` for none.
    ///
    /// None of its members may bear the name of a registered claim; those are set by the methods below.
    #[must_use]
    pub fn new(private: C) -> Self {
        Self {
            private,
            issuer: None,
            subject: None,
            audience: None,
            lifetime: None,
            not_before: None,
            issued_at: None,
            token_id: None,
        }
    }

    /// `iss` (RFC 7519 §4.1.1) instead of the signer's.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<Cow<'a, str>>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// `sub` (RFC 7519 §4.1.2), whom the token speaks for; always a string.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<Cow<'a, str>>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// `aud` (RFC 7519 §4.1.3) instead of the signer's.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<Audience>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// How long after `iat` the token expires, instead of the signer's lifetime.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// `nbf` (RFC 7519 §4.1.5): the token is not good before this moment. Left out by default.
    #[must_use]
    pub fn not_before(mut self, not_before: NumericDate) -> Self {
        self.not_before = Some(not_before);
        self
    }

    /// `iat` (RFC 7519 §4.1.6) instead of the moment of signing; `exp` counts from it.
    #[must_use]
    pub fn issued_at(mut self, issued_at: NumericDate) -> Self {
        self.issued_at = Some(issued_at);
        self
    }

    /// `jti` (RFC 7519 §4.1.7) instead of a random one.
    #[must_use]
    pub fn token_id(mut self, token_id: impl Into<Cow<'a, str>>) -> Self {
        self.token_id = Some(token_id.into());
        self
    }
}
