//! The layer, and what it makes of a request.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use tower_layer::Layer;

use super::{Require, Requirement};
use crate::challenge;
use crate::decision::{Explaining, Step};
use crate::extract::Authenticated;
use crate::guard::{Admit, Guarded, sealed};
use crate::passage::Passage;
use crate::strategy::AuthError;

impl<S, I> Layer<S> for Require<I> {
    type Service = Guarded<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded::new(inner, self.clone())
    }
}

impl<I> sealed::Sealed for Require<I> {}

impl<I: Send + Sync + 'static, B: Send> Admit<B> for Require<I> {
    async fn admit(self, head: &mut Parts, body: B) -> Result<B, Response<Bytes>> {
        let identity = match Authenticated::<I>::from_extensions(&head.extensions) {
            Ok(identity) => identity,
            Err(error) if error.is_anonymous() => return Err(refuse(&AuthError::NoCredentials, head)),
            Err(error) => return Err(refuse(&AuthError::bug(error.to_string()), head)),
        };
        match self.decide(&identity, head).await {
            Ok(()) => {
                if let Some(explaining) = head.extensions.get_mut::<Explaining>() {
                    explaining.steps.extend(self.requirements().map(|met| step("met", met)));
                }
                Ok(body)
            }
            Err((unmet, error)) => {
                let details = Authenticated::details(&identity);
                let mut steps = vec![step("not met", unmet)];
                // Who was recognised is among the steps already, where somebody wants to know them.
                if head.extensions.get::<Explaining>().is_none() {
                    steps.insert(0, Step::recognised(details));
                }
                Err(refuse(&error.by(details.strategy()).after(steps), head))
            }
        }
    }
}

const NAME: &str = "require";

fn step(outcome: &str, requirement: &Requirement) -> Step {
    Step::new(NAME, format!("{requirement}: {outcome}"))
}

/// As the guard in front does.
fn refuse(error: &AuthError, head: &Parts) -> Response<Bytes> {
    match head.extensions.get::<Passage>() {
        Some(passage) => passage.refusal().answer(error, head),
        None => challenge::refuse(error, &[], NAME),
    }
}
