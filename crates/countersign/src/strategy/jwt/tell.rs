//! How a token came to be refused. Nothing of this is asked about one that is good.

use std::borrow::Cow;

use http::request::Parts;
use serde::Deserialize;

use super::{NAME, Token};
use crate::decision::{Step, is_explained, quoted};
use crate::jwt::{CheckOutcome, KeySource, Unverified};
use crate::strategy::AuthError;

impl<C, K: KeySource> Token<C, K> {
    /// The error, and what was done before: where the token stood, whose it was taken for, which key it asked for. In
    /// development, each check.
    pub(super) fn tell(&self, error: AuthError, token: Option<&str>, head: &Parts) -> AuthError {
        let found = self.extract.where_found(head).map(|place| {
            let what = if token.is_some() { "a token" } else { "something" };
            Step::new(NAME, format!("found {what} in {place}"))
        });
        let mut steps: Vec<_> = found.into_iter().collect();
        if let Some(token) = token {
            self.tell_of(token, &mut steps);
            if is_explained(head) {
                self.tell_checks(token, &mut steps);
            }
        }
        error.after(steps)
    }

    /// What the token says of itself before it is believed.
    fn tell_of(&self, token: &str, steps: &mut Vec<Step>) {
        if let Some(issuer) = self.trusted.declared_issuer(token) {
            steps.push(Step::new(NAME, format!("took it for one of the issuer {}", quoted(issuer))));
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

    fn tell_checks(&self, token: &str, steps: &mut Vec<Step>) {
        let Ok(number) = self.trusted.choose(token) else { return };
        let (verifier, keys) = self.trusted.verifier(number);
        let explanation = verifier.explain(token, keys, self.clock.now());
        steps.extend(explanation.checks().iter().filter_map(|report| {
            let outcome = match report.outcome {
                CheckOutcome::Passed => "holds",
                CheckOutcome::Refused => "does NOT hold",
                _ => return None,
            };
            Some(Step::new(NAME, format!("{} {outcome}", report.check)).seen(report.saw.clone()))
        }));
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
