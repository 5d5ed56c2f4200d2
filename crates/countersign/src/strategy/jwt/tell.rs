//! How a token came to be refused. Nothing of this is asked about one that is good.

use std::borrow::Cow;

use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{NAME, Token};
use crate::decision::{Step, is_explained, quoted};
use crate::jwt::{CheckOutcome, CheckReport, KeySource, Unverified, Verified, VerifyError};
use crate::strategy::AuthError;

impl<C: DeserializeOwned, K: KeySource> Token<C, K> {
    /// The error, and what was done before: where the token stood, whose it was taken for, which key it asked for.
    ///
    /// Where somebody wants to know each check, one more verification tells them, and the refusal is its own.
    pub(super) fn tell(&self, error: AuthError, token: Option<&str>, head: &Parts) -> AuthError {
        let Some(token) = token else { return error.after(self.found("something", head)) };
        let mut steps: Vec<_> = self.found("a token", head).into_iter().collect();
        self.tell_of(token, &mut steps);
        let explained = is_explained(head).then(|| self.explain(token, &mut steps));
        let error = match (explained, error) {
            (Some(Err(told)), AuthError::Denied(_)) => told.into(),
            (_, error) => error,
        };
        error.after(steps)
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
