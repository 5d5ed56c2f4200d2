//! Whose tokens are accepted, and for whom.

use crate::VerifyError;

/// Any issuer will do, or none: for tools that examine tokens. A service that accepts any issuer trusts whoever has a
/// key in its set to speak for everyone.
#[derive(Clone, Copy, Debug)]
pub struct AnyIssuer;

/// Any audience will do, or none: for tools that examine tokens. A service that accepts any audience accepts tokens
/// that were given to others.
#[derive(Clone, Copy, Debug)]
pub struct AnyAudience;

/// The issuers of whom one must be the token's `iss` (RFC 7519 §4.1.1): a name, or several, or [`AnyIssuer`].
#[derive(Clone, Debug)]
pub struct Issuers(pub(crate) Accepted);

/// The audiences of whom one must be in the token's `aud` (RFC 7519 §4.1.3): a name, or several, or [`AnyAudience`].
#[derive(Clone, Debug)]
pub struct Audiences(pub(crate) Accepted);

/// Names that are accepted.
#[derive(Clone, Debug)]
pub(crate) enum Accepted {
    Any,
    OneOf(Box<[Box<str>]>),
}

impl Accepted {
    fn names<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self::OneOf(names.into_iter().map(|name| name.into().into_boxed_str()).collect())
    }

    pub(crate) fn accepts(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(names) => names.iter().any(|accepted| **accepted == *name),
        }
    }
}

impl Issuers {
    /// Whether what names this `iss` is accepted. A [`Verifier`](crate::Verifier) asks it by itself; this is for what is told
    /// about a token elsewhere than in it (RFC 7662).
    ///
    /// # Errors
    /// [`VerifyError::MissingClaim`] and [`VerifyError::IssuerMismatch`].
    pub fn accept(&self, issuer: Option<&str>) -> Result<(), VerifyError> {
        if let Accepted::Any = self.0 {
            return Ok(());
        }
        let issuer = issuer.ok_or(VerifyError::MissingClaim { claim: "iss".into() })?;
        if self.0.accepts(issuer) { Ok(()) } else { Err(VerifyError::IssuerMismatch) }
    }
}

impl Audiences {
    /// Whether what names these in `aud` is accepted, as [`Issuers::accept`].
    ///
    /// # Errors
    /// [`VerifyError::MissingClaim`] and [`VerifyError::AudienceMismatch`].
    pub fn accept(&self, audience: Option<&[String]>) -> Result<(), VerifyError> {
        if let Accepted::Any = self.0 {
            return Ok(());
        }
        let names = audience.ok_or(VerifyError::MissingClaim { claim: "aud".into() })?;
        let meant = names.iter().any(|name| self.0.accepts(name));
        if meant { Ok(()) } else { Err(VerifyError::AudienceMismatch) }
    }
}

macro_rules! from_names {
    ($type:ident, $any:ident) => {
        impl From<$any> for $type {
            fn from(_: $any) -> Self {
                Self(Accepted::Any)
            }
        }

        impl From<&str> for $type {
            fn from(name: &str) -> Self {
                Self(Accepted::names([name]))
            }
        }

        impl From<String> for $type {
            fn from(name: String) -> Self {
                Self(Accepted::names([name]))
            }
        }

        impl From<&String> for $type {
            fn from(name: &String) -> Self {
                Self(Accepted::names([name]))
            }
        }

        impl<S: Into<String>> From<Vec<S>> for $type {
            fn from(names: Vec<S>) -> Self {
                Self(Accepted::names(names))
            }
        }

        impl<S: Into<String>, const N: usize> From<[S; N]> for $type {
            fn from(names: [S; N]) -> Self {
                Self(Accepted::names(names))
            }
        }
    };
}

from_names!(Issuers, AnyIssuer);
from_names!(Audiences, AnyAudience);
