//! The layer, and the service behind it.

use std::fmt;
use std::future::ready;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::Require;
use crate::challenge;
use crate::extract::Authenticated;
use crate::guard::GuardFuture;
use crate::passage::Passage;
use crate::strategy::AuthError;

impl<S, I> Layer<S> for Require<I> {
    type Service = Required<S, I>;

    fn layer(&self, inner: S) -> Self::Service {
        Required { inner, require: self.clone() }
    }
}

/// The service behind a [`Require`].
pub struct Required<S, I> {
    inner: S,
    require: Require<I>,
}

impl<S: Clone, I> Clone for Required<S, I> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), require: self.require.clone() }
    }
}

impl<S: fmt::Debug, I> fmt::Debug for Required<S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Required").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, I, ReqBody, ResBody> Service<Request<ReqBody>> for Required<S, I>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Future: Send + 'static, Error: Send + 'static>,
    I: Send + Sync + 'static,
    ResBody: From<Bytes> + Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = GuardFuture<ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (head, body) = request.into_parts();
        let decision = match Authenticated::<I>::from_extensions(&head.extensions) {
            Ok(identity) => self.require.decide(&identity, &head),
            Err(error) if error.is_anonymous() => Err(AuthError::NoCredentials),
            Err(error) => Err(AuthError::bug(error.to_string())),
        };
        match decision {
            Ok(()) => GuardFuture::new(self.inner.call(Request::from_parts(head, body))),
            Err(error) => {
                let passage = head.extensions.get::<Passage>();
                let schemes = passage.map_or(&[][..], Passage::schemes);
                GuardFuture::new(ready(Ok(challenge::refuse(&error, schemes, "require"))))
            }
        }
    }
}
