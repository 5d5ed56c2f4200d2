//! What each check of a verification saw and decided.

use std::fmt;

use crate::VerifyError;

/// The checks of a verification, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Check {
    Length,
    Form,
    Header,
    TokenType,
    Key,
    Signature,
    Payload,
    Required,
    Issuer,
    Audience,
    Expiration,
    NotBefore,
    Age,
    Subject,
    TokenId,
    Nonce,
}

impl Check {
    const ALL: [Self; 16] = [
        Self::Length,
        Self::Form,
        Self::Header,
        Self::TokenType,
        Self::Key,
        Self::Signature,
        Self::Payload,
        Self::Required,
        Self::Issuer,
        Self::Audience,
        Self::Expiration,
        Self::NotBefore,
        Self::Age,
        Self::Subject,
        Self::TokenId,
        Self::Nonce,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Form => "form",
            Self::Header => "header",
            Self::TokenType => "typ",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Payload => "payload",
            Self::Required => "required claims",
            Self::Issuer => "iss",
            Self::Audience => "aud",
            Self::Expiration => "exp",
            Self::NotBefore => "nbf",
            Self::Age => "iat",
            Self::Subject => "sub",
            Self::TokenId => "jti",
            Self::Nonce => "nonce",
        }
    }
}

/// Is told of each check as it is made. `()` listens to nothing and costs nothing.
pub(crate) trait Trace {
    /// The check was made and passed.
    fn passed(&mut self, check: Check, saw: impl FnOnce() -> String);
    /// The check was not made, and why.
    fn skipped(&mut self, check: Check, why: &'static str);
}

impl Trace for () {
    fn passed(&mut self, _check: Check, _saw: impl FnOnce() -> String) {}
    fn skipped(&mut self, _check: Check, _why: &'static str) {}
}

/// What each check of a verification saw and decided, from
/// [`Verifier::explain`](crate::Verifier::explain): for people who ask why a token is refused.
///
/// It holds claim values, since that is what is asked, but never the signature. `Display` prints a line a check.
#[derive(Clone, Debug)]
pub struct Explanation {
    checks: Vec<CheckReport>,
    error: Option<VerifyError>,
}

/// One check of an [`Explanation`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// What was checked: a part of the token or the name of a claim.
    pub check: &'static str,
    /// What was decided.
    pub outcome: CheckOutcome,
    /// What was seen, or why it was refused.
    pub saw: String,
}

/// What a check decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckOutcome {
    /// It passed.
    Passed,
    /// It refused the token.
    Refused,
    /// It was not made: nobody asked for it, or there was nothing to check.
    Skipped,
    /// An earlier check refused the token.
    NotReached,
}

impl Explanation {
    pub(crate) fn new() -> Self {
        Self { checks: Vec::with_capacity(Check::ALL.len()), error: None }
    }

    /// Notes how it ended: the check after the last one that was noted is the one that refused.
    pub(crate) fn finish(mut self, error: Option<VerifyError>) -> Self {
        let mut refused_for = error.as_ref().map(ToString::to_string);
        for check in Check::ALL.into_iter().skip(self.checks.len()) {
            let (outcome, saw) = match refused_for.take() {
                Some(reason) => (CheckOutcome::Refused, reason),
                None => (CheckOutcome::NotReached, String::new()),
            };
            self.checks.push(CheckReport { check: check.name(), outcome, saw });
        }
        self.error = error;
        self
    }

    /// The checks in the order in which they are made.
    #[must_use]
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// Why the token was refused; `None` if it is good.
    #[must_use]
    pub fn error(&self) -> Option<&VerifyError> {
        self.error.as_ref()
    }
}

impl Trace for Explanation {
    fn passed(&mut self, check: Check, saw: impl FnOnce() -> String) {
        self.checks.push(CheckReport { check: check.name(), outcome: CheckOutcome::Passed, saw: saw() });
    }

    fn skipped(&mut self, check: Check, why: &'static str) {
        let saw = why.to_owned();
        self.checks.push(CheckReport { check: check.name(), outcome: CheckOutcome::Skipped, saw });
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for CheckReport { check, outcome, saw } in &self.checks {
            let outcome = match outcome {
                CheckOutcome::Passed => "ok",
                CheckOutcome::Refused => "REFUSED",
                CheckOutcome::Skipped => "skipped",
                CheckOutcome::NotReached => "not reached",
            };
            // Control characters of a token must not reach a terminal.
            let saw: String = saw.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
            writeln!(f, "{check:<16}{outcome:<12}{saw}")?;
        }
        match &self.error {
            Some(error) => writeln!(f, "refused: {}: {error}", error.code()),
            None => writeln!(f, "accepted"),
        }
    }
}
