//! The layer, and the service behind it.

use std::error::Error;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::lease::Ticket;
use super::{LiveBody, LiveGuard, NoLease};
use crate::challenge;
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
    type Future = LiveFuture<ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let ticket = match request.extensions().get::<Passage>() {
            Some(Passage::Admitted { admission, .. }) => Some(Ticket::new(&self.guard, admission)),
            Some(Passage::Anonymous { .. }) => None,
            None => {
                let reason = "no guard stands in front of this live guard";
                return Box::pin(ready(Ok(mistake(reason))));
            }
        };
        if let Some(ticket) = &ticket {
            request.extensions_mut().insert(ticket.clone());
        }
        let connect = request.method() == Method::CONNECT;
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            // In HTTP/2 a WebSocket is a CONNECT that succeeds (RFC 8441 §5).
            let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS
                || (connect && response.status().is_success());
            Ok(match ticket {
                None => response.map(LiveBody::unleased),
                Some(ticket) if upgraded => upgrade(response, &ticket),
                Some(ticket) => lease(response, &ticket),
            })
        })
    }
}

/// The answer of the service behind a [`LiveGuard`].
type LiveFuture<B, E> = Pin<Box<dyn Future<Output = Result<Response<LiveBody<B>>, E>> + Send>>;

/// The response to an upgrade, if somebody has taken a lease for what it opens.
fn upgrade<B: From<Bytes>>(response: Response<B>, ticket: &Ticket) -> Response<LiveBody<B>> {
    if ticket.was_taken() {
        return response.map(LiveBody::unleased);
    }
    mistake("a handler upgrades the connection and takes no lease: it would outlive its token")
}

/// Puts the body under a lease, unless it is there already or known to its end.
fn lease<B: Body>(response: Response<B>, ticket: &Ticket) -> Response<LiveBody<B>> {
    match response.body().size_hint().exact() {
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
