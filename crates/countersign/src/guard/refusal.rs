//! How a guard, and whatever stands behind it, answers who is refused.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use crate::challenge::{Candour, Refused, Scheme};
use crate::decision::{Explaining, Step};
use crate::strategy::{AuthError, BodyStrategy, Credential, Outline, Strategy};

/// The answers of one guard. [`Require`](crate::Require) finds it in the request and answers in the same way.
#[derive(Clone)]
pub(crate) struct Refusal {
    strategy: &'static str,
    schemes: Vec<Scheme>,
    members: Vec<(&'static str, Vec<Scheme>)>,
    outline: Outline,
    candour: Candour,
    replace: Option<Arc<Replace>>,
}

/// Replaces the answer to a refused request.
type Replace = dyn Fn(&AuthError, &Parts, Response<Bytes>) -> Response<Bytes> + Send + Sync;

impl Refusal {
    pub(super) fn of<T: Strategy>(strategy: &T) -> Self {
        Self::new(strategy.name(), strategy.schemes(), strategy.members(), strategy.outline())
    }

    pub(super) fn of_body<T: BodyStrategy>(strategy: &T) -> Self {
        let (name, schemes) = (strategy.name(), strategy.schemes());
        Self::new(name, schemes, Vec::new(), Outline::one(name, [Credential::Body]))
    }

    fn new(
        strategy: &'static str,
        schemes: &[Scheme],
        members: Vec<(&'static str, Vec<Scheme>)>,
        outline: Outline,
    ) -> Self {
        let (schemes, candour) = (schemes.to_vec(), Candour::Discreet);
        Self { strategy, schemes, members, outline, candour, replace: None }
    }

    pub(super) fn replace<F>(&mut self, replace: F)
    where
        F: Fn(&AuthError, &Parts, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        self.replace = Some(Arc::new(replace));
    }

    pub(super) fn explain_to_clients(&mut self) {
        tracing::warn!(
            strategy = self.strategy,
            "a guard explains its refusals to clients, which is for development only"
        );
        self.candour = Candour::Development;
    }

    /// Takes down from here on how it comes, if clients are told.
    pub(super) fn begin(&self, head: &mut Parts) {
        if self.candour == Candour::Development {
            head.extensions.get_or_insert_default::<Explaining>();
        }
    }

    /// What the guard's strategy is.
    #[cfg(feature = "axum")]
    pub(crate) fn outline(&self) -> &Outline {
        &self.outline
    }

    /// That nothing was presented.
    pub(crate) fn absent(&self) -> Vec<Step> {
        self.outline.absent()
    }

    /// What a 401 offers.
    #[cfg(feature = "axum")]
    pub(crate) fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// The answer, by the guard's strategy or by one of those that it is made of.
    pub(crate) fn answer(&self, error: &AuthError, head: &Parts) -> Response<Bytes> {
        let mut steps = match error {
            AuthError::NoCredentials => self.absent(),
            _ => error.steps().to_vec(),
        };
        let strategy = error.strategy().unwrap_or(self.strategy);
        if let Some(explaining) = head.extensions.get::<Explaining>() {
            steps.splice(..0, explaining.steps.iter().cloned());
        }
        let member = self.members.iter().find(|(name, _)| *name == strategy);
        let presented = member.map_or(&*self.schemes, |(_, schemes)| schemes);
        let (schemes, candour) = (&*self.schemes, self.candour);
        let answer = Refused { error, schemes, presented, strategy, steps, candour }.answer();
        match &self.replace {
            None => answer,
            Some(replace) => replace(error, head, answer),
        }
    }
}
