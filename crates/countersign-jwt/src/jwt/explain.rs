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

/// Is told of each check before it decides. `()` listens to nothing and costs nothing.
pub(crate) trait Trace {
    /// The check is about to decide on what it sees; it has passed if another check follows.
    fn sees(&mut self, check: Check, what: impl FnOnce() -> String);
    /// The check is not made, and why.
    fn skips(&mut self, check: Check, why: &'static str);
}

impl Trace for () {
    fn sees(&mut self, _check: Check, _what: impl FnOnce() -> String) {}
    fn skips(&mut self, _check: Check, _why: &'static str) {}
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
    /// What was seen, or why the check was not made.
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

    /// Notes how it ended: the check that was told of last is the one that refused.
    pub(crate) fn finish(mut self, error: Option<VerifyError>) -> Self {
        if let (Some(_), Some(last)) = (&error, self.checks.last_mut()) {
            last.outcome = CheckOutcome::Refused;
        }
        let not_reached = Check::ALL.into_iter().skip(self.checks.len()).map(Check::name);
        let (outcome, saw) = (CheckOutcome::NotReached, String::new());
        self.checks.extend(not_reached.map(|check| CheckReport { check, outcome, saw: saw.clone() }));
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
    fn sees(&mut self, check: Check, what: impl FnOnce() -> String) {
        self.checks.push(CheckReport { check: check.name(), outcome: CheckOutcome::Passed, saw: what() });
    }

    fn skips(&mut self, check: Check, why: &'static str) {
        let (outcome, saw) = (CheckOutcome::Skipped, why.to_owned());
        self.checks.push(CheckReport { check: check.name(), outcome, saw });
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
            let line = format!("{check:<16}{outcome:<12}{saw}");
            writeln!(f, "{}", line.trim_end())?;
        }
        match &self.error {
            Some(error) => writeln!(f, "refused: {}: {error}", error.code()),
            None => writeln!(f, "accepted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{Algorithm, Claims, KeySet, NumericDate, Signer, SigningKey, Verifier, jws};

    const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);

    fn explain(verifier: &Verifier, sign: impl FnOnce(&SigningKey) -> String) -> String {
        let key = SigningKey::generate(Algorithm::Hs256).unwrap().with_key_id("k");
        let token = sign(&key);
        let explanation = verifier.explain(&token, &KeySet::from(key.verifying_key()), NOW).to_string();
        let signature = token.rsplit('.').next().unwrap();
        assert!(signature.len() < 43 || !explanation.contains(signature));
        explanation
    }

    fn sign(key: &SigningKey) -> String {
        let signer = Signer::new(key.clone(), "issuer", ["a", "b"], Duration::from_secs(900));
        signer.sign(&Claims::new(()).subject("ada").token_id("t"), NOW).unwrap()
    }

    #[test]
    fn a_good_token_is_explained_check_by_check() {
        let explanation = explain(&Verifier::new("issuer", "b").require("sub"), sign);
        assert_eq!(
            explanation.lines().collect::<Vec<_>>(),
            [
                "length          ok          213 of 16384 characters",
                "form            ok          2 dots",
                r#"header          ok          {"alg":"HS256","typ":"JWT","kid":"k"}"#,
                "typ             ok          JWT",
                "key             ok          alg HS256, kid k",
                "signature       ok          HS256 by k",
                "payload         ok          118 characters",
                "required claims ok          sub",
                "iss             ok          issuer",
                "aud             ok          a, b",
                "exp             ok          1700000900, 900 s from now",
                "nbf             skipped     not in the token",
                "iat             skipped     not asked for",
                "sub             skipped     not asked for",
                "jti             skipped     not asked for",
                "nonce           skipped     not asked for",
                "accepted",
            ]
        );
    }

    #[test]
    fn a_refusal_says_what_was_seen_and_which_check_refused_it() {
        let refused = |verifier: &Verifier, sign: fn(&SigningKey) -> String| {
            let explanation = explain(verifier, sign);
            let line = explanation.lines().find(|line| line.contains("REFUSED")).unwrap().to_owned();
            (line, explanation.lines().last().unwrap().to_owned())
        };
        let (line, last) = refused(&Verifier::new("issuer", "c"), sign);
        assert_eq!(line, "aud             REFUSED     a, b");
        assert_eq!(last, "refused: aud_mismatch: the token is meant for someone else (aud)");
        let (line, _) = refused(&Verifier::new("issuer", "a").token_type("at+jwt"), sign);
        assert_eq!(line, "typ             REFUSED     JWT");
        let (line, _) =
            refused(&Verifier::new("issuer", "a"), |key| jws::sign(key, None, b"not json").unwrap());
        assert_eq!(line, "payload         REFUSED     11 characters");
        let (line, _) = refused(&Verifier::new("issuer", "a"), |key| jws::sign(key, None, b"{}").unwrap());
        assert_eq!(line, "iss             REFUSED     none");
        let (line, _) = refused(&Verifier::new("issuer", "a"), |_| "a.b".to_owned());
        assert_eq!(line, "form            REFUSED     1 dots");
        let (line, _) = refused(&Verifier::new("issuer", "a"), |key| sign(key) + "A");
        assert_eq!(line, "signature       REFUSED     HS256 by k");
    }
}
