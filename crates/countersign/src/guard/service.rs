//! The one service behind all guards: what a guard refuses is answered, what it admits goes on.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use tower_service::Service;

/// What a guard makes of a request whose body is a `B`: [`Guard`](crate::Guard), [`BodyGuard`](crate::BodyGuard) and
/// [`Require`](crate::Require) are such.
pub trait Admit<B>: sealed::Sealed + Clone + Send + 'static {
    /// Leaves in the head what stands behind the guard needs and gives the body back, or the answer to who is refused.
    fn admit(self, head: &mut Parts, body: B) -> impl Future<Output = Result<B, Response<Bytes>>> + Send;
}

pub(crate) mod sealed {
    /// Kept here, so that only guards let requests pass.
    pub trait Sealed {}
}

/// The service behind a guard `G`.
#[derive(Debug, Clone)]
pub struct Guarded<S, G> {
    inner: S,
    guard: G,
}

impl<S, G> Guarded<S, G> {
    pub(crate) fn new(inner: S, guard: G) -> Self {
        Self { inner, guard }
    }
}

impl<S, G, ReqBody, ResBody> Service<Request<ReqBody>> for Guarded<S, G>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Future: Send> + Clone + Send + 'static,
    G: Admit<ReqBody>,
    ReqBody: Send + 'static,
    ResBody: From<Bytes>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = GuardFuture<ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut inner = take_ready(&mut self.inner);
        let guard = self.guard.clone();
        GuardFuture::new(async move {
            let (mut head, body) = request.into_parts();
            match guard.admit(&mut head, body).await {
                Ok(body) => inner.call(Request::from_parts(head, body)).await,
                Err(answer) => Ok(answer.map(ResBody::from)),
            }
        })
    }
}

/// Takes the service that was polled ready and leaves a clone, which is not ready, in its place.
///
/// A clone must not be called: it was never polled, and a service that counts its places (a concurrency limit) would be
/// called without one.
fn take_ready<S: Clone>(service: &mut S) -> S {
    let clone = service.clone();
    std::mem::replace(service, clone)
}

/// The answer of a guard, or of the service behind it.
pub struct GuardFuture<B, E> {
    answer: Pin<Box<dyn Future<Output = Result<Response<B>, E>> + Send>>,
}

impl<B, E> GuardFuture<B, E> {
    pub(crate) fn new(answer: impl Future<Output = Result<Response<B>, E>> + Send + 'static) -> Self {
        Self { answer: Box::pin(answer) }
    }
}

impl<B, E> Future for GuardFuture<B, E> {
    type Output = Result<Response<B>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answer.as_mut().poll(cx)
    }
}

impl<B, E> fmt::Debug for GuardFuture<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardFuture")
    }
}
