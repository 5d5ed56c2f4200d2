//! Guards say *where*: which routes only recognised visitors reach.
//!
//! A guard is a [`tower_layer::Layer`]. It asks its strategy about the head of each request before anything of the body
//! is read, and either lets the request pass with the identity in it, for
//! [`Authenticated`](crate::Authenticated) to take out, or answers it (see [`challenge`](crate::challenge)).

mod body;
mod refusal;
mod service;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use tower_layer::Layer;

pub use body::BodyGuard;
pub(crate) use refusal::Refusal;
pub(crate) use service::sealed;
pub use service::{Admit, GuardFuture, Guarded};

use crate::passage::Passage;
#[cfg(feature = "axum")]
use crate::strategy::Outline;
use crate::strategy::{AuthError, Authentication, Strategy};

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
    strategy: Arc<T>,
    refusal: Arc<Refusal>,
    presence: Presence,
}

/// What becomes of a request without credentials.
#[derive(Clone, Copy)]
pub(crate) enum Presence {
    Required,
    Optional,
}

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
        let refusal = Arc::new(Refusal::of(&strategy));
        Self { strategy: Arc::new(strategy), refusal, presence }
    }

    /// The same guard, with another answer to who presents nothing.
    #[cfg(feature = "axum")]
    pub(crate) fn with_presence(self, presence: Presence) -> Self {
        Self { presence, ..self }
    }

    #[cfg(feature = "axum")]
    pub(crate) fn outline(&self) -> &Outline {
        self.refusal.outline()
    }

    /// Lets `replace` change or replace the answer to a request that is refused: a redirect to the login page, say.
    ///
    /// It gets why, the head of the request, and the answer that would be sent. It is asked about what a
    /// [`Require`](crate::Require) behind this guard refuses, too. The log says what was refused as ever. The request stays
    /// refused: nothing of what `replace` does brings it to the handler.
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
        Arc::make_mut(&mut self.refusal).replace(replace);
        self
    }
}

impl<T: Strategy> Guard<T> {
    /// Tells clients *why* they are refused, for development only: the problem body gets the members `reason` and `trace`, with
    /// what each step has [seen](crate::decision::Step::seen), values of claims included.
    ///
    /// Whoever probes for weaknesses is grateful for it. A warning is logged where it is called.
    ///
    /// ```
    /// use countersign::{Guard, Strategy};
    ///
    /// fn guard<T: Strategy>(strategy: T) -> Guard<T> {
    ///     let guard = Guard::required(strategy);
    ///     if cfg!(debug_assertions) { guard.danger_explain_to_clients() } else { guard }
    /// }
    /// ```
    #[must_use]
    pub fn danger_explain_to_clients(mut self) -> Self {
        Arc::make_mut(&mut self.refusal).explain_to_clients();
        self
    }
}

impl<T> Clone for Guard<T> {
    fn clone(&self) -> Self {
        let Self { strategy, refusal, presence } = self;
        Self { strategy: Arc::clone(strategy), refusal: Arc::clone(refusal), presence: *presence }
    }
}

impl<T: Strategy> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let presence = match self.presence {
            Presence::Required => "required",
            Presence::Optional => "optional",
        };
        write!(f, "Guard::{presence}({})", self.strategy.name())
    }
}

impl<S, T> Layer<S> for Guard<T> {
    type Service = Guarded<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded::new(inner, self.clone())
    }
}

impl<T> sealed::Sealed for Guard<T> {}

impl<T: Strategy> Guard<T> {
    /// Lets the request pass, or answers it.
    fn settle(
        &self,
        outcome: Result<Authentication<T::Identity>, AuthError>,
        head: &mut Parts,
    ) -> ControlFlow<Response<Bytes>> {
        let passage = match outcome {
            Ok(authentication) => Passage::admitted(authentication, Arc::clone(&self.refusal)),
            Err(error) => self.without(&error, head)?,
        };
        passage.leave_in(&mut head.extensions);
        ControlFlow::Continue(())
    }

    /// What becomes of a request of which nobody was recognised.
    #[cold]
    fn without(&self, error: &AuthError, head: &Parts) -> ControlFlow<Response<Bytes>, Passage> {
        match (error, self.presence) {
            (AuthError::NoCredentials, Presence::Optional) => {
                ControlFlow::Continue(Passage::Anonymous(Arc::clone(&self.refusal)))
            }
            _ => ControlFlow::Break(self.refusal.answer(error, head)),
        }
    }
}

impl<T: Strategy, B: Send> Admit<B> for Guard<T> {
    fn admit_now(&self, head: &mut Parts) -> Option<ControlFlow<Response<Bytes>>> {
        self.refusal.begin(head);
        let outcome = self.strategy.authenticate_now(head)?;
        Some(self.settle(outcome, head))
    }

    async fn admit(self, head: &mut Parts, body: B) -> Result<B, Response<Bytes>> {
        self.refusal.begin(head);
        let outcome = self.strategy.authenticate(head).await;
        match self.settle(outcome, head) {
            ControlFlow::Continue(()) => Ok(body),
            ControlFlow::Break(answer) => Err(answer),
        }
    }
}
