//! How a guard, and whatever stands behind it, answers who is refused.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use crate::challenge::{self, Scheme};
use crate::strategy::AuthError;

/// The answers of one guard. [`Require`](crate::Require) finds it in the request and answers in the same way.
#[derive(Clone)]
pub(crate) struct Refusal {
    strategy: &'static str,
    schemes: Vec<Scheme>,
    replace: Option<Arc<Replace>>,
}

/// Replaces the answer to a refused request.
type Replace = dyn Fn(&AuthError, &Parts, Response<Bytes>) -> Response<Bytes> + Send + Sync;

impl Refusal {
    pub(super) fn new(strategy: &'static str, schemes: &[Scheme]) -> Self {
        Self { strategy, schemes: schemes.to_vec(), replace: None }
    }

    pub(super) fn replace<F>(&mut self, replace: F)
    where
        F: Fn(&AuthError, &Parts, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        self.replace = Some(Arc::new(replace));
    }

    /// What a 401 offers.
    #[cfg(feature = "axum")]
    pub(crate) fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// The answer, by the guard itself.
    pub(crate) fn answer(&self, error: &AuthError, head: &Parts) -> Response<Bytes> {
        self.answer_of(self.strategy, error, head)
    }

    /// The answer, by whatever of this name stands behind the guard.
    pub(crate) fn answer_of(&self, who: &'static str, error: &AuthError, head: &Parts) -> Response<Bytes> {
        let answer = challenge::refuse(error, &self.schemes, who);
        match &self.replace {
            None => answer,
            Some(replace) => replace(error, head, answer),
        }
    }
}
