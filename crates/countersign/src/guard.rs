//! Guards say *where*: which routes only recognised visitors reach.
//!
//! A guard is a [`tower_layer::Layer`]. It asks its strategy about the head of each request before anything of the body
//! is read, and either lets the request pass with the identity in it, for
//! [`Authenticated`](crate::Authenticated) to take out, or answers it (see [`challenge`]).

mod body;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

pub use body::{BodyGuard, BodyGuarded};

use crate::challenge::{self, Scheme};
use crate::passage::Passage;
use crate::strategy::{AuthError, Strategy};

/// Lets only those requests pass that its strategy recognises.
///
/// It serves whatever speaks `http` and tower: axum (`.layer`, `.route_layer`), hyper, tonic. The body of the request
/// can be of any type, it is not touched; the body of the response must be made [`From<Bytes>`], as
/// `axum::body::Body` and `http_body_util::Full<Bytes>` are, for the guard to write its refusals. (For a body that is
/// not, such as tonic's, put tower-http's `MapResponseBodyLayer::new(axum::body::Body::new)` behind the guard.)
///
/// Cheap to clone: all clones share the strategy.
///
/// ```
/// use axum::{Router, routing::get};
/// use countersign::{Authenticated, Guard, Strategy};
///
/// fn app(strategy: impl Strategy<Identity = String>) -> Router {
///     Router::new()
///         .route("/profile", get(async |user: Authenticated<String>| user.to_string()))
///         .route_layer(Guard::required(strategy))
///         .route("/", get("open to all: added after the guard"))
/// }
/// ```
pub struct Guard<T> {
    gate: Arc<Gate<T>>,
    on_refused: Option<Arc<OnRefused>>,
}

struct Gate<T> {
    strategy: T,
    schemes: Arc<[Scheme]>,
    presence: Presence,
}

/// What becomes of a request without credentials.
enum Presence {
    Required,
    Optional,
}

/// Replaces the answer to a refused request.
type OnRefused = dyn Fn(&AuthError, &Parts, Response<Bytes>) -> Response<Bytes> + Send + Sync;

impl<T: Strategy> Guard<T> {
    /// Refuses whoever is not recognised.
    pub fn required(strategy: T) -> Self {
        Self::new(strategy, Presence::Required)
    }

    /// Lets a request without credentials pass without an identity.
    ///
    /// Only that: credentials that are presented and not good are refused as by [`required`](Self::required), and never
    /// taken for a visitor without any.
    pub fn optional(strategy: T) -> Self {
        Self::new(strategy, Presence::Optional)
    }

    fn new(strategy: T, presence: Presence) -> Self {
        let schemes = Arc::from(strategy.schemes());
        Self { gate: Arc::new(Gate { strategy, schemes, presence }), on_refused: None }
    }

    /// Lets `replace` change or replace the answer to a request that is refused: a redirect to the login page, say.
    ///
    /// It gets why, the head of the request, and the answer that would be sent. The log says what was refused as ever. The
    /// request stays refused: nothing of what `replace` does brings it to the handler.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use countersign::{AuthError, Guard, Strategy};
    /// use http::request::Parts;
    /// use http::{HeaderValue, Response, StatusCode};
    ///
    /// fn guard<T: Strategy>(strategy: T) -> Guard<T> {
    ///     Guard::required(strategy).on_refused(|why: &AuthError, _: &Parts, mut answer: Response<Bytes>| {
    ///         if let AuthError::NoCredentials = why {
    ///             *answer.status_mut() = StatusCode::SEE_OTHER;
    ///             answer.headers_mut().insert("location", HeaderValue::from_static("/login"));
    ///         }
    ///         answer
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn on_refused<F>(mut self, replace: F) -> Self
    where
        F: Fn(&AuthError, &Parts, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        self.on_refused = Some(Arc::new(replace));
        self
    }
}

impl<T: Strategy> Gate<T> {
    async fn admit(&self, head: &Parts) -> Result<Passage, AuthError> {
        match (self.strategy.authenticate(head).await, &self.presence) {
            (Ok(authentication), _) => Ok(Passage::admitted(authentication, &self.schemes)),
            (Err(AuthError::NoCredentials), Presence::Optional) => {
                Ok(Passage::Anonymous { strategy: self.strategy.name(), schemes: Arc::clone(&self.schemes) })
            }
            (Err(error), _) => Err(error),
        }
    }
}

impl<T> Clone for Guard<T> {
    fn clone(&self) -> Self {
        Self { gate: Arc::clone(&self.gate), on_refused: self.on_refused.clone() }
    }
}

impl<T: Strategy> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let presence = match self.gate.presence {
            Presence::Required => "required",
            Presence::Optional => "optional",
        };
        write!(f, "Guard::{presence}({})", self.gate.strategy.name())
    }
}

impl<S, T> Layer<S> for Guard<T> {
    type Service = Guarded<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded { inner, guard: self.clone() }
    }
}

/// The service behind a [`Guard`].
pub struct Guarded<S, T> {
    inner: S,
    guard: Guard<T>,
}

impl<S: Clone, T> Clone for Guarded<S, T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), guard: self.guard.clone() }
    }
}

impl<S: fmt::Debug, T: Strategy> fmt::Debug for Guarded<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("inner", &self.inner).field("guard", &self.guard).finish()
    }
}

impl<S, T, ReqBody, ResBody> Service<Request<ReqBody>> for Guarded<S, T>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Future: Send> + Clone + Send + 'static,
    T: Strategy,
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
        let Guard { gate, on_refused } = self.guard.clone();
        GuardFuture::new(async move {
            let (mut head, body) = request.into_parts();
            match gate.admit(&head).await {
                Ok(passage) => {
                    passage.leave_in(&mut head.extensions);
                    inner.call(Request::from_parts(head, body)).await
                }
                Err(error) => {
                    let (schemes, name) = (&*gate.schemes, gate.strategy.name());
                    Ok(match &on_refused {
                        None => challenge::refuse(&error, schemes, name),
                        Some(replace) => {
                            let answer = challenge::refuse(&error, schemes, name);
                            replace(&error, &head, answer).map(ResBody::from)
                        }
                    })
                }
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
