//! The layer, and what it makes of a request.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use tower_layer::Layer;

use super::Require;
use crate::challenge;
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
        let decision = match Authenticated::<I>::from_extensions(&head.extensions) {
            Ok(identity) => self.decide(&identity, head).await,
            Err(error) if error.is_anonymous() => Err(AuthError::NoCredentials),
            Err(error) => Err(AuthError::bug(error.to_string())),
        };
        match decision {
            Ok(()) => Ok(body),
            Err(error) => Err(match head.extensions.get::<Passage>() {
                Some(passage) => passage.refusal().answer_of(NAME, &error, head),
                None => challenge::refuse(&error, &[], NAME),
            }),
        }
    }
}

const NAME: &str = "require";
