//! The one service behind all guards: what a guard refuses is answered, what it admits goes on.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

/// What a guard makes of a request whose body is a `B`: [`Guard`](crate::Guard), [`BodyGuard`](crate::BodyGuard) and
/// [`Require`](crate::Require) are such.
pub trait Admit<B>: sealed::Sealed + Clone + Send + 'static {
    /// What [`admit`](Self::admit) gives, where nothing has to be awaited for it and nothing of the body be read; `None` where
    /// it has to be asked.
    fn admit_now(&self, head: &mut Parts) -> Option<ControlFlow<Response<Bytes>>>;

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
    type Future = GuardFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        match self.guard.admit_now(&mut head) {
            Some(ControlFlow::Continue(())) => {
                return GuardFuture::behind(self.inner.call(Request::from_parts(head, body)));
            }
            Some(ControlFlow::Break(answer)) => {
                return GuardFuture::boxed(async move { Ok(answer.map(ResBody::from)) });
            }
            None => {}
        }
        let mut inner = take_ready(&mut self.inner);
        let guard = self.guard.clone();
        GuardFuture::boxed(async move {
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

pin_project! {
    /// The answer of a guard, or of the service behind it, whose future is an `F`.
    pub struct GuardFuture<F: Future> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F: Future> {
        /// The guard has let the request pass at once.
        Behind {
            #[pin]
            answer: F,
        },
        /// The guard awaits something, or refuses.
        Boxed {
            answer: Pin<Box<dyn Future<Output = F::Output> + Send>>,
        },
    }
}

impl<F: Future> GuardFuture<F> {
    fn behind(answer: F) -> Self {
        Self { state: State::Behind { answer } }
    }

    fn boxed(answer: impl Future<Output = F::Output> + Send + 'static) -> Self {
        Self { state: State::Boxed { answer: Box::pin(answer) } }
    }
}

impl<F: Future> Future for GuardFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            Projected::Behind { answer } => answer.poll(cx),
            Projected::Boxed { answer } => answer.as_mut().poll(cx),
        }
    }
}

impl<F: Future> fmt::Debug for GuardFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardFuture")
    }
}
