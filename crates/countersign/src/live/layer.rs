//! The layer, and the service behind it.

use std::error::Error;
use std::fmt;
use std::future::ready;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::lease::Ticket;
use super::{LiveBody, LiveGuard, NoLease};
use crate::challenge;
use crate::guard::GuardFuture;
use crate::passage::Passage;
use crate::strategy::AuthError;

const NAME: &str = "live";

impl<S> Layer<S> for LiveGuard {
    type Service = Live<S>;

    fn layer(&self, inner: S) -> Live<S> {
        Live { inner, guard: self.clone() }
    }
}

/// The service behind a [`LiveGuard`].
#[derive(Clone)]
pub struct Live<S> {
    inner: S,
    guard: LiveGuard,
}

impl<S: fmt::Debug> fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("inner", &self.inner).field("guard", &self.guard).finish()
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Live<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Future: Send + 'static, Error: Send + 'static>,
    ResBody: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + From<Bytes> + Send + 'static,
{
    type Response = Response<LiveBody<ResBody>>;
    type Error = S::Error;
    type Future = GuardFuture<LiveBody<ResBody>, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let ticket = match request.extensions().get::<Passage>() {
            Some(Passage::Admitted { admission, .. }) => Some(Ticket::new(&self.guard, admission)),
            Some(Passage::Anonymous { .. }) => None,
            None => {
                let reason = "no guard stands in front of this live guard";
                return GuardFuture::new(ready(Ok(mistake(reason))));
            }
        };
        if let Some(ticket) = &ticket {
            request.extensions_mut().insert(ticket.clone());
        }
        let answer = self.inner.call(request);
        GuardFuture::new(async move { answer.await.map(|response| close_with(response, ticket)) })
    }
}

/// Puts what the response opens under a lease.
fn close_with<B: Body + From<Bytes>>(response: Response<B>, ticket: Option<Ticket>) -> Response<LiveBody<B>> {
    let Some(ticket) = ticket else { return response.map(LiveBody::unleased) };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if !ticket.was_taken() {
            return mistake(
                "a handler upgrades the connection and takes no lease: it would outlive its token",
            );
        }
        return response.map(LiveBody::unleased);
    }
    match response.body().size_hint().exact() {
        // It is there already, or known to its end.
        Some(_) => response.map(LiveBody::unleased),
        None => LiveBody::leased(response, ticket.take()),
    }
}

/// The application is put together wrongly: 500, and its author is told.
fn mistake<B: From<Bytes>>(reason: &'static str) -> Response<LiveBody<B>> {
    challenge::refuse(&AuthError::bug(reason), &[], NAME).map(LiveBody::unleased)
}

impl NoLease {
    /// What an extractor answers.
    #[cfg(feature = "axum")]
    pub(super) fn refuse<B: From<Bytes>>(self, passage: Option<&Passage>) -> Response<B> {
        let error = match self {
            Self::Anonymous => AuthError::NoCredentials,
            Self::NoLiveGuard => AuthError::bug(self.to_string()),
        };
        challenge::refuse(&error, passage.map_or(&[][..], |passage| passage.refusal().schemes()), NAME)
    }
}
