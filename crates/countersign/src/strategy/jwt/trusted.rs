//! Whose tokens are believed, and by which keys.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use crate::jwt::{Audiences, Unverified, Verifier, VerifyError};

/// One issuer among several: its tokens are verified by its verifier with its keys, and by nothing else. See
/// [`JwtStrategy::several`](crate::JwtStrategy::several).
#[derive(Debug)]
pub struct TrustedIssuer<K> {
    issuer: Box<str>,
    verifier: Verifier,
    keys: K,
}

impl<K> TrustedIssuer<K> {
    /// The issuer whose tokens say this `iss`, for one of these audiences, signed by one of these keys.
    pub fn new(issuer: &str, audiences: impl Into<Audiences>, keys: K) -> Self {
        Self { issuer: issuer.into(), verifier: Verifier::new(issuer, audiences), keys }
    }

    /// Changes what else is expected of its tokens: leeway, type, algorithms.
    #[must_use]
    pub fn expect(self, change: impl FnOnce(Verifier) -> Verifier) -> Self {
        Self { verifier: change(self.verifier), ..self }
    }
}

/// The same issuer was declared twice: which keys would be its own?
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the issuer `{issuer}` was declared twice")]
pub struct IssuerRepeated {
    issuer: Box<str>,
}

/// Verifiers and the keys of each.
pub(super) enum Trusted<K> {
    One(Verifier, K),
    Several(HashMap<Box<str>, (Verifier, K)>),
}

/// All of a token that says where it is to be verified.
#[derive(Deserialize)]
struct Route<'t> {
    #[serde(borrow)]
    iss: Option<Cow<'t, str>>,
}

impl<K> Trusted<K> {
    pub(super) fn several(
        issuers: impl IntoIterator<Item = TrustedIssuer<K>>,
    ) -> Result<Self, IssuerRepeated> {
        let mut several = HashMap::new();
        for TrustedIssuer { issuer, verifier, keys } in issuers {
            if several.insert(issuer.clone(), (verifier, keys)).is_some() {
                return Err(IssuerRepeated { issuer });
            }
        }
        Ok(Self::Several(several))
    }

    /// The verifier and the keys for this token. What the token says of itself only chooses among what was declared.
    pub(super) fn choose(&self, token: &str) -> Result<(&Verifier, &K), VerifyError> {
        let several = match self {
            Self::One(verifier, keys) => return Ok((verifier, keys)),
            Self::Several(several) => several,
        };
        let unverified = Unverified::decode(token)?;
        let route: Route<'_> = unverified.claims()?;
        let issuer = route.iss.ok_or(VerifyError::MissingClaim { claim: Cow::Borrowed("iss") })?;
        let (verifier, keys) = several.get(&*issuer).ok_or(VerifyError::IssuerMismatch)?;
        Ok((verifier, keys))
    }
}

impl<K> fmt::Debug for Trusted<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(verifier, _) => verifier.fmt(f),
            Self::Several(several) => f.debug_set().entries(several.keys()).finish(),
        }
    }
}
