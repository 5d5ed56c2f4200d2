//! Whose tokens are believed, and by which keys.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::DeserializeOwned;

use super::NAME;
use crate::cache::Proof;
use crate::decision::Step;
use crate::jwt::{Audiences, KeySource, NumericDate, Presented, Verified, Verifier, VerifyError};

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
pub(super) struct Trusted<K> {
    verifiers: Vec<(Verifier, K)>,
    /// Which of them is for the tokens of which issuer; none where there is but one.
    issuers: Option<HashMap<Box<str>, usize>>,
}

impl<K> Trusted<K> {
    pub(super) fn one(verifier: Verifier, keys: K) -> Self {
        Self { verifiers: vec![(verifier, keys)], issuers: None }
    }

    pub(super) fn several(
        several: impl IntoIterator<Item = TrustedIssuer<K>>,
    ) -> Result<Self, IssuerRepeated> {
        let (mut verifiers, mut issuers) = (Vec::new(), HashMap::new());
        for TrustedIssuer { issuer, verifier, keys } in several {
            if issuers.insert(issuer.clone(), verifiers.len()).is_some() {
                return Err(IssuerRepeated { issuer });
            }
            verifiers.push((verifier, keys));
        }
        Ok(Self { verifiers, issuers: Some(issuers) })
    }

    /// The number of the verifier for this token. What the token says of itself only chooses among what was declared.
    pub(super) fn choose(&self, token: &str) -> Result<usize, VerifyError> {
        let Some(issuers) = &self.issuers else { return Ok(0) };
        number(issuers, &Presented::decode(token)?)
    }

    /// The issuer for whose this token is taken, of several that were declared.
    pub(super) fn declared_issuer(&self, token: &str) -> Option<&str> {
        let issuers = self.issuers.as_ref()?;
        let number = self.choose(token).ok()?;
        issuers.iter().find_map(|(issuer, its)| (*its == number).then_some(&**issuer))
    }

    /// Of a token that is for none of several verifiers: what it says, and what it would have to say.
    pub(super) fn tell_stranger(&self, token: &str) -> Option<Step> {
        /// More than these are only counted.
        const NAMED: usize = 8;
        let issuers = self.issuers.as_ref()?;
        let presented = Presented::decode(token).ok()?;
        let mut names: Vec<_> = issuers.keys().map(|issuer| &**issuer).collect();
        names.sort_unstable();
        let expected = match names.len() {
            ..=NAMED => names.join(" or "),
            more => format!("one of {more} that are trusted"),
        };
        let seen = presented.issuer().map_or_else(|_| "none".to_owned(), Cow::into_owned);
        Some(Step::new(NAME, "knows no such issuer").seen(seen).expected(expected))
    }

    /// The verifier of this number, which [`choose`](Self::choose) gave, and its keys.
    pub(super) fn verifier(&self, number: usize) -> (&Verifier, &K) {
        let (verifier, keys) = &self.verifiers[number];
        (verifier, keys)
    }
}

impl<K: KeySource> Trusted<K> {
    /// The token, if it is good by the keys at hand; `note` is told what showed it.
    pub(super) fn prove<C: DeserializeOwned>(
        &self,
        token: &str,
        now: NumericDate,
        note: impl FnOnce(&Verified<C>, Proof),
    ) -> Result<Verified<C>, VerifyError> {
        let (chosen, presented) = match &self.issuers {
            None => (0, None),
            Some(issuers) => {
                let presented = Presented::decode(token)?;
                (number(issuers, &presented)?, Some(presented))
            }
        };
        let (verifier, keys) = self.verifier(chosen);
        let keys = keys.snapshot(now).map_err(|_| VerifyError::KeysUnavailable)?;
        let verdict = match presented {
            None => verifier.verify(token, &*keys, now),
            Some(presented) => verifier.verify_presented(presented, &*keys, now),
        };
        if let Ok(verified) = &verdict {
            note(verified, Proof { verifier: chosen, keys: keys.id() });
        }
        verdict
    }
}

fn number(issuers: &HashMap<Box<str>, usize>, presented: &Presented<'_>) -> Result<usize, VerifyError> {
    let issuer = presented.issuer()?;
    issuers.get(&*issuer).copied().ok_or(VerifyError::IssuerMismatch)
}

impl<K> fmt::Debug for Trusted<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.issuers {
            None => f.debug_list().entries(self.verifiers.iter().map(|(verifier, _)| verifier)).finish(),
            Some(issuers) => f.debug_set().entries(issuers.keys()).finish(),
        }
    }
}
