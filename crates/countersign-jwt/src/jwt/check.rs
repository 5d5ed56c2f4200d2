//! What is expected of the claims of a token, and whether they are so.

use std::borrow::Cow;
use std::time::Duration;

use super::expect::Accepted;
use super::seen::{not_ahead, not_past, seconds};
use super::{Check, NOT_ASKED, Seen, Trace, list};
use crate::claims::read::{self, Payload, Wanted};
use crate::claims::registered::{Names, Registered, Slot};
use crate::{NumericDate, VerifyError};

/// How far the clocks of issuer and verifier may be apart.
const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// What is expected of the claims of a token.
#[derive(Clone, Debug)]
pub(super) struct Expectations {
    issuers: Accepted,
    audiences: Accepted,
    pub(super) leeway: Duration,
    pub(super) max_age: Option<Duration>,
    /// Claims that must be there, none of them named twice.
    pub(super) required: Vec<Cow<'static, str>>,
    pub(super) subject: Option<Box<str>>,
    pub(super) token_id: Option<Box<str>>,
    pub(super) nonce: Option<Box<str>>,
}

/// A claim that names someone whom the verifier must accept.
struct Party {
    check: Check,
    claim: &'static str,
    mismatch: fn() -> VerifyError,
}

const ISSUER: Party = Party { check: Check::Issuer, claim: "iss", mismatch: || VerifyError::IssuerMismatch };
const AUDIENCE: Party =
    Party { check: Check::Audience, claim: "aud", mismatch: || VerifyError::AudienceMismatch };

impl Expectations {
    pub(super) fn new(issuers: Accepted, audiences: Accepted) -> Self {
        Self {
            issuers,
            audiences,
            leeway: DEFAULT_LEEWAY,
            max_age: None,
            required: Vec::new(),
            subject: None,
            token_id: None,
            nonce: None,
        }
    }

    /// What the reader of a payload is to look out for.
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted { required: &self.required, nonce: self.nonce.as_deref() }
    }

    /// Checks what was read of a payload; when it expires.
    pub(super) fn check<'s, C>(
        &self,
        text: &'s str,
        claims: &'s Registered,
        payload: &Payload<'_, C>,
        now: NumericDate,
        trace: &mut impl Trace,
    ) -> Result<NumericDate, VerifyError> {
        self.check_required(text, payload.required_found, trace)?;
        let issuer = claims.issuer.as_ref().map(std::slice::from_ref);
        check_names(&ISSUER, &self.issuers, text, issuer, trace)?;
        let audience = claims.audience.as_ref().map(Names::as_slice);
        check_names(&AUDIENCE, &self.audiences, text, audience, trace)?;
        let expires_at = self.check_dates(claims, now, trace)?;
        let value = |slot: &'s Option<Slot>| move || slot.as_ref().map(|slot| slot.text(text));
        check_value(Check::Subject, "sub", self.subject.as_deref(), value(&claims.subject), trace)?;
        check_value(Check::TokenId, "jti", self.token_id.as_deref(), value(&claims.token_id), trace)?;
        check_value(Check::Nonce, "nonce", self.nonce.as_deref(), || payload.nonce.as_deref(), trace)?;
        Ok(expires_at)
    }

    fn check_required(&self, text: &str, found: usize, trace: &mut impl Trace) -> Result<(), VerifyError> {
        match self.required.is_empty() {
            true => trace.skips(Check::Required, NOT_ASKED),
            false => trace.sees(Check::Required, || {
                let members = read::names(text).unwrap_or_default();
                let there = self.required.iter().filter(|name| members.contains(*name));
                Seen::new(list(there, ", ")).expecting(list(&self.required, ", "))
            }),
        }
        if found < self.required.len() {
            return Err(missing(read::first_missing(text, &self.required).unwrap_or_default()));
        }
        Ok(())
    }

    pub(super) fn check_dates(
        &self,
        claims: &Registered,
        now: NumericDate,
        trace: &mut impl Trace,
    ) -> Result<NumericDate, VerifyError> {
        trace.sees(Check::Expiration, || Seen::date(claims.expires_at, now).expecting(not_past(self.leeway)));
        let expires_at = claims.expires_at.ok_or_else(|| missing("exp"))?;
        if now >= expires_at + self.leeway {
            return Err(VerifyError::Expired);
        }

        match claims.not_before {
            Some(_) => trace.sees(Check::NotBefore, || {
                Seen::date(claims.not_before, now).expecting(not_ahead(self.leeway))
            }),
            None => trace.skips(Check::NotBefore, "not in the token"),
        }
        if claims.not_before.is_some_and(|not_before| not_before > now + self.leeway) {
            return Err(VerifyError::NotYetValid);
        }

        let Some(max_age) = self.max_age else {
            trace.skips(Check::Age, NOT_ASKED);
            return Ok(expires_at);
        };
        trace.sees(Check::Age, || {
            let oldest = seconds(max_age.saturating_add(self.leeway));
            let expected = format!("at most {oldest} ago and {}", not_ahead(self.leeway));
            Seen::date(claims.issued_at, now).expecting(expected)
        });
        let issued_at = claims.issued_at.ok_or_else(|| missing("iat"))?;
        if issued_at > now + self.leeway {
            return Err(VerifyError::NotYetValid);
        }
        if now.since(issued_at) > max_age.saturating_add(self.leeway) {
            return Err(VerifyError::TooOld);
        }
        Ok(expires_at)
    }
}

/// Whether one of the `names` that a claim holds is accepted.
fn check_names(
    party: &Party,
    accepted: &Accepted,
    text: &str,
    names: Option<&[Slot]>,
    trace: &mut impl Trace,
) -> Result<(), VerifyError> {
    let Accepted::OneOf(expected) = accepted else {
        trace.skips(party.check, NOT_ASKED);
        return Ok(());
    };
    trace.sees(party.check, || {
        let names = names.unwrap_or_default().iter().map(|name| name.text(text));
        Seen::new(list(names, ", ")).expecting(list(expected, " or "))
    });
    let names = names.ok_or_else(|| missing(party.claim))?;
    match names.iter().any(|name| accepted.accepts(name.text(text))) {
        true => Ok(()),
        false => Err((party.mismatch)()),
    }
}

fn check_value<'s>(
    check: Check,
    claim: &'static str,
    expected: Option<&str>,
    found: impl FnOnce() -> Option<&'s str>,
    trace: &mut impl Trace,
) -> Result<(), VerifyError> {
    let Some(expected) = expected else {
        trace.skips(check, NOT_ASKED);
        return Ok(());
    };
    let found = found();
    trace.sees(check, || {
        let seen = Seen::value(found);
        // Whoever knows a nonce that is awaited can have a token made for it.
        if let Check::Nonce = check { seen } else { seen.expecting(expected) }
    });
    match found {
        None => Err(missing(claim)),
        Some(found) if found != expected => Err(VerifyError::ClaimMismatch { claim }),
        Some(_) => Ok(()),
    }
}

pub(super) fn missing(claim: impl Into<Cow<'static, str>>) -> VerifyError {
    VerifyError::MissingClaim { claim: claim.into() }
}
