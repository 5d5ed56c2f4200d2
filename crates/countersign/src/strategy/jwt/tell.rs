//! How a token came to be refused. Nothing of this is asked about one that is good.

use std::borrow::Cow;

use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{NAME, Token, asks_for_newer_keys};
use crate::decision::{Step, is_explained, quoted};
use crate::extract_jwt::ExtractError;
use crate::jwt::{CheckOutcome, CheckReport, KeySource, RenewalFailed, Unverified, Verified, VerifyError};
use crate::strategy::AuthError;

/// Whether newer keys than those at hand were asked for.
#[derive(Clone, Copy)]
pub(super) enum Newer {
    /// No: they decide nothing about this token, or there are none to be had.
    NotAsked,
    /// They are at hand now.
    AtHand,
    /// They did not come in time.
    Failed(RenewalFailed),
}

impl<C: DeserializeOwned, K: KeySource> Token<C, K> {
    /// What is wrong where the token should stand.
    pub(super) fn refuse_place(&self, error: ExtractError, head: &Parts) -> AuthError {
        AuthError::from(error).after(self.found("something", head))
    }

    /// The refusal of a token about which `error` was said, and how it came to that.
    ///
    /// Where somebody wants to know each check, one more verification tells them, and it is the one that counts: what is told
    /// is what was decided, also if there have come newer keys in between.
    #[cold]
    pub(super) fn refuse(
        &self,
        error: VerifyError,
        newer: Newer,
        token: &str,
        head: &Parts,
    ) -> Result<Verified<C>, AuthError> {
        let mut steps: Vec<_> = self.found("a token", head).into_iter().collect();
        self.tell_of(token, &mut steps);
        match newer {
            Newer::NotAsked => {}
            Newer::AtHand => steps.push(Step::new(NAME, "asked for newer keys")),
            Newer::Failed(_) => steps.push(Step::new(NAME, "asked for newer keys, in vain")),
        }
        let verdict = match is_explained(head) {
            true => self.explain(token, &mut steps),
            false => Err(error),
        };
        verdict.map_err(|error| {
            let error = match newer {
                Newer::Failed(failed) if asks_for_newer_keys(&error) => failed.into(),
                _ => AuthError::from(error),
            };
            error.after(steps)
        })
    }

    fn found(&self, what: &str, head: &Parts) -> Option<Step> {
        let place = self.extract.where_found(head)?;
        Some(Step::new(NAME, format!("found {what} in {place}")))
    }

    /// What the token says of itself before it is believed.
    fn tell_of(&self, token: &str, steps: &mut Vec<Step>) {
        if let Some(issuer) = self.trusted.declared_issuer(token) {
            steps.push(Step::new(NAME, format!("took it for a token of the issuer {}", quoted(issuer))));
        }
        let Ok(unverified) = Unverified::decode(token) else { return };
        let Ok(Header { alg, kid }) = serde_json::from_str(unverified.header()) else { return };
        let algorithm = quoted(&alg.unwrap_or_default());
        let key = match kid {
            Some(key_id) => format!("it asks for the key {} and the algorithm {algorithm}", quoted(&key_id)),
            None => format!("it asks for no key by name, and for the algorithm {algorithm}"),
        };
        steps.push(Step::new(NAME, key));
    }

    fn explain(&self, token: &str, steps: &mut Vec<Step>) -> Result<Verified<C>, VerifyError> {
        let number = match self.trusted.choose(token) {
            Ok(number) => number,
            Err(error) => {
                steps.extend(self.trusted.tell_stranger(token));
                return Err(error);
            }
        };
        let (verifier, keys) = self.trusted.verifier(number);
        let explanation = verifier.explain(token, keys, self.clock.now());
        steps.extend(explanation.checks().iter().filter_map(told));
        explanation.into_outcome()
    }
}

/// A check that was made, as a step.
fn told(report: &CheckReport) -> Option<Step> {
    let CheckReport { check, outcome, saw, expected, .. } = report;
    match outcome {
        CheckOutcome::Passed => Some(Step::new(NAME, format!("checked the {check}")).seen(saw.clone())),
        CheckOutcome::Refused => {
            let step = Step::new(NAME, format!("refused it for the {check}")).seen(saw.clone());
            Some(expected.iter().cloned().fold(step, Step::expected))
        }
        _ => None,
    }
}

/// What a header says of the key, true or not.
#[derive(Deserialize)]
struct Header<'t> {
    #[serde(borrow)]
    alg: Option<Cow<'t, str>>,
    #[serde(borrow)]
    kid: Option<Cow<'t, str>>,
}
