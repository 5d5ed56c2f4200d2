//! The layer, and what it makes of a request.

use std::ops::ControlFlow;

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
    fn admit_now(&self, head: &mut Parts) -> Option<ControlFlow<Response<Bytes>>> {
        let identity = match recognised(head) {
            Ok(identity) => identity,
            Err(error) => return Some(ControlFlow::Break(refuse(&error, head))),
        };
        let decision = self.decide_now(&identity, head)?;
        Some(self.settle(decision, &identity, head))
    }

    async fn admit(self, head: &mut Parts, body: B) -> Result<B, Response<Bytes>> {
        let identity = recognised(head).map_err(|error| refuse(&error, head))?;
        let decision = self.decide(&identity, head).await;
        match self.settle(decision, &identity, head) {
            ControlFlow::Continue(()) => Ok(body),
            ControlFlow::Break(answer) => Err(answer),
        }
    }
}

impl<I: 'static> Require<I> {
    /// Lets the request pass, or answers it.
    fn settle(
        &self,
        decision: Result<(), (&Requirement, AuthError)>,
        identity: &Authenticated<I>,
        head: &mut Parts,
    ) -> ControlFlow<Response<Bytes>> {
        match decision {
            Ok(()) => {
                if let Some(explaining) = head.extensions.get_mut::<Explaining>() {
                    explaining.steps.extend(self.requirements().map(|met| step("met", met)));
                }
                ControlFlow::Continue(())
            }
            Err((unmet, error)) => {
                let details = Authenticated::details(identity);
                let mut steps = vec![step("not met", unmet)];
                // Who was recognised is among the steps already, where somebody wants to know them.
                if head.extensions.get::<Explaining>().is_none() {
                    steps.insert(0, Step::recognised(details));
                }
                ControlFlow::Break(refuse(&error.by(details.strategy()).after(steps), head))
            }
        }
    }
}

/// Whom the guard in front has recognised.
fn recognised<I: Send + Sync + 'static>(head: &Parts) -> Result<Authenticated<I>, AuthError> {
    Authenticated::from_extensions(&head.extensions).map_err(|error| match error.is_anonymous() {
        true => AuthError::NoCredentials,
        false => AuthError::bug(error.to_string()),
    })
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
