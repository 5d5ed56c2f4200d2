//! What each check of a verification saw and decided.

use std::fmt;

use super::{Seen, Verified};
use crate::VerifyError;

/// The checks of a verification, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Check {
    Keys,
    Length,
    Form,
    Header,
    TokenType,
    Key,
    Signature,
    Payload,
    Claims,
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
    const ALL: [Self; 18] = [
        Self::Keys,
        Self::Length,
        Self::Form,
        Self::Header,
        Self::TokenType,
        Self::Key,
        Self::Signature,
        Self::Payload,
        Self::Claims,
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
            Self::Keys => "keys",
            Self::Length => "length",
            Self::Form => "form",
            Self::Header => "header",
            Self::TokenType => "typ",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Payload => "payload",
            Self::Claims => "claims",
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
    fn sees(&mut self, check: Check, what: impl FnOnce() -> Seen);
    /// The check is not made, and why.
    fn skips(&mut self, check: Check, why: &'static str);
}

impl Trace for () {
    fn sees(&mut self, _check: Check, _what: impl FnOnce() -> Seen) {}
    fn skips(&mut self, _check: Check, _why: &'static str) {}
}

/// A verification that tells what each of its checks saw and decided, from
/// [`Verifier::explain`](crate::Verifier::explain): for people who ask why a token is refused.
///
/// It holds claim values, since that is what is asked, but never the signature. `Display` prints a line a check.
#[derive(Clone, Debug)]
pub struct Explanation<C> {
    checks: Vec<CheckReport>,
    outcome: Result<Verified<C>, VerifyError>,
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
    /// What was expected, where that can be said in a word and is no secret.
    pub expected: Option<String>,
}

/// What a check decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckOutcome {
    /// It passed.
    Passed,
    /// It ended the verification: see [`Explanation::error`].
    Refused,
    /// It was not made: nobody asked for it, or there was nothing to check.
    Skipped,
    /// The verification ended before.
    NotReached,
}

impl<C> Explanation<C> {
    /// The checks in the order in which they are made.
    #[must_use]
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// Why the token was refused; `None` if it is good.
    #[must_use]
    pub fn error(&self) -> Option<&VerifyError> {
        self.outcome.as_ref().err()
    }

    /// What the verification came to.
    ///
    /// # Errors
    /// [`VerifyError`], as from [`Verifier::verify`](crate::Verifier::verify).
    pub fn into_outcome(self) -> Result<Verified<C>, VerifyError> {
        self.outcome
    }
}

/// Takes down what each check is told.
#[derive(Debug)]
pub(crate) struct Notes {
    checks: Vec<CheckReport>,
}

impl Notes {
    pub(crate) fn new() -> Self {
        Self { checks: Vec::with_capacity(Check::ALL.len()) }
    }

    /// Notes how it ended: if not well, by the check that was told of last.
    pub(crate) fn finish<C>(mut self, outcome: Result<Verified<C>, VerifyError>) -> Explanation<C> {
        if let (Err(_), Some(last)) = (&outcome, self.checks.last_mut()) {
            last.outcome = CheckOutcome::Refused;
        }
        for check in Check::ALL.into_iter().skip(self.checks.len()) {
            self.note(check, CheckOutcome::NotReached, Seen::new(""));
        }
        Explanation { checks: self.checks, outcome }
    }

    fn note(&mut self, check: Check, outcome: CheckOutcome, Seen { saw, expected }: Seen) {
        self.checks.push(CheckReport { check: check.name(), outcome, saw, expected });
    }
}

impl Trace for Notes {
    fn sees(&mut self, check: Check, what: impl FnOnce() -> Seen) {
        self.note(check, CheckOutcome::Passed, what());
    }

    fn skips(&mut self, check: Check, why: &'static str) {
        self.note(check, CheckOutcome::Skipped, Seen::new(why));
    }
}

impl<C> fmt::Display for Explanation<C> {
    /// What was expected is said of the check that refused.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for CheckReport { check, outcome, saw, expected } in &self.checks {
            let (word, expected) = match outcome {
                CheckOutcome::Passed => ("ok", None),
                CheckOutcome::Refused => ("REFUSED", expected.as_deref()),
                CheckOutcome::Skipped => ("skipped", None),
                CheckOutcome::NotReached => ("not reached", None),
            };
            let expected = expected.map(|expected| format!("; expected {expected}")).unwrap_or_default();
            let line = format!("{check:<16}{word:<12}{saw}{expected}");
            // Control characters of a token must not reach a terminal.
            writeln!(f, "{}", line.trim_end().replace(char::is_control, "\u{fffd}"))?;
        }
        match self.error() {
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
        let explanation = verifier.explain::<()>(&token, &KeySet::from(key.verifying_key()), NOW).to_string();
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
                "keys            ok          k (HS256)",
                "length          ok          213 characters",
                "form            ok          3 parts",
                r#"header          ok          {"alg":"HS256","typ":"JWT","kid":"k"}"#,
                "typ             ok          JWT",
                "key             ok          alg HS256, kid k",
                "signature       ok          against k (HS256)",
                "payload         ok          118 characters",
                "claims          ok          iss, sub, aud, exp, iat, jti",
                "required claims ok          sub",
                "iss             ok          issuer",
                "aud             ok          a, b",
                "exp             ok          1700000900, that is 2023-11-14T22:28:20Z, 900 s from now",
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
    fn a_refusal_says_what_was_seen_and_what_was_expected() {
        let raw = |payload: &'static [u8]| move |key: &SigningKey| jws::sign(key, None, payload).unwrap();
        let verifier = || Verifier::new(["issuer", "other"], "a");
        let refused = |verifier: Verifier, sign: &dyn Fn(&SigningKey) -> String, expected: &str| {
            let explanation = explain(&verifier, sign);
            let line = explanation.lines().find(|line| line.contains("REFUSED")).unwrap();
            assert_eq!(line, expected);
        };
        for (verifier, expected) in [
            (Verifier::new("issuer", "c"), "aud             REFUSED     a, b; expected c"),
            (Verifier::new("i", ["a", "b"]), "iss             REFUSED     issuer; expected i"),
            (verifier().token_type("at+jwt"), "typ             REFUSED     JWT; expected at+jwt"),
            (verifier().max_length(9), "length          REFUSED     213 characters; expected at most 9"),
            (
                verifier().algorithms([Algorithm::Es256, Algorithm::EdDsa]),
                "key             REFUSED     alg HS256, kid k; expected k (HS256), and the algorithm ES256 or EdDSA",
            ),
            (verifier().require("sub").require("x"), "required claims REFUSED     sub; expected sub, x"),
            (verifier().subject("eve"), "sub             REFUSED     ada; expected eve"),
            (verifier().token_id("u"), "jti             REFUSED     t; expected u"),
            (verifier().nonce("n"), "nonce           REFUSED     none"),
        ] {
            refused(verifier, &sign, expected);
        }
        refused(verifier(), &raw(b"not json"), "claims          REFUSED     no JSON object");
        refused(verifier(), &raw(br#"{"exp":1,"exp":2}"#), "claims          REFUSED     no JSON object");
        refused(verifier(), &raw(b"{}"), "iss             REFUSED     none; expected issuer or other");
        let dates = br#"{"iss":"issuer","aud":"a","exp":1699999930,"nbf":1}"#;
        let expired = "1699999930, that is 2023-11-14T22:12:10Z, 70 s ago; expected less than 60 s ago";
        refused(verifier(), &raw(dates), &format!("exp             REFUSED     {expired}"));
        let dates = br#"{"iss":"issuer","aud":"a","exp":1700000900,"nbf":1700000070}"#;
        let early = "1700000070, that is 2023-11-14T22:14:30Z, 70 s from now; expected at most 60 s from now";
        refused(verifier(), &raw(dates), &format!("nbf             REFUSED     {early}"));
        let dates = br#"{"iss":"issuer","aud":"a","exp":1700000900,"iat":1699999900}"#;
        let old = "1699999900, that is 2023-11-14T22:11:40Z, 100 s ago; expected at most 90 s ago and at most 60 s from now";
        let young = verifier().max_age(Duration::from_secs(30));
        refused(young, &raw(dates), &format!("iat             REFUSED     {old}"));
        refused(
            verifier(),
            &|_| "a.b".to_owned(),
            "form            REFUSED     2 parts; expected 3, with dots between them",
        );
        refused(
            verifier(),
            &|_| "a".to_owned(),
            "form            REFUSED     1 part; expected 3, with dots between them",
        );
        let cut = "signature       REFUSED     against k (HS256)";
        refused(verifier(), &|key| sign(key) + "A", cut);
    }

    #[test]
    fn the_nonce_that_is_awaited_is_not_told() {
        let with_nonce = |key: &SigningKey| {
            jws::sign(key, None, br#"{"iss":"issuer","aud":"a","exp":1700000900,"nonce":"x"}"#).unwrap()
        };
        let explanation = explain(&Verifier::new("issuer", "a").nonce("awaited"), with_nonce);
        assert!(explanation.contains("nonce           REFUSED     x\n"), "{explanation}");
        assert!(!explanation.contains("awaited"));
    }
}
