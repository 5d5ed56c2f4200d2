//! Guards for logins, which must read the body to know who it is.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_layer::Layer;
use tower_service::Service;

use super::{GuardFuture, take_ready};
use crate::challenge::{self, Scheme};
use crate::passage::Passage;
use crate::strategy::{AuthError, Authentication, BodyStrategy, Rejection};

/// Lets only those requests pass whose body its strategy recognises: a login.
///
/// It reads no more of the body than the strategy allows for this head, and hands the request on with its body whole,
/// so a handler can read other fields of it. A body that is too large, of the wrong kind or broken is answered 413, 415
/// or 400, and only wrong credentials 401.
///
/// The body of the request must be made [`From<Bytes>`], as `axum::body::Body` and `http_body_util::Full<Bytes>` are,
/// to be put together again. Its trailers are dropped. How long a client may take to send it is for the server's own
/// timeouts to say.
///
/// ```
/// use axum::{Router, routing::post};
/// use countersign::{Authenticated, BodyGuard, Credentials, LocalStrategy};
/// use http::request::Parts;
///
/// let login = LocalStrategy::new(async |credentials: Credentials, _: &Parts| {
///     // Look the user up and verify the password here.
///     (credentials.username() == "ada").then(|| credentials.username().to_owned())
/// });
/// let app: Router = Router::new().route(
///     "/auth/login",
///     post(async |user: Authenticated<String>| format!("Hello {}", *user)).layer(BodyGuard::new(login)),
/// );
/// ```
pub struct BodyGuard<T> {
    strategy: Arc<T>,
    schemes: Arc<[Scheme]>,
}

impl<T: BodyStrategy> BodyGuard<T> {
    /// Refuses whoever is not recognised.
    pub fn new(strategy: T) -> Self {
        Self { schemes: Arc::from(strategy.schemes()), strategy: Arc::new(strategy) }
    }
}

impl<T> Clone for BodyGuard<T> {
    fn clone(&self) -> Self {
        Self { strategy: Arc::clone(&self.strategy), schemes: Arc::clone(&self.schemes) }
    }
}

impl<T: BodyStrategy> fmt::Debug for BodyGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyGuard({})", self.strategy.name())
    }
}

impl<S, T> Layer<S> for BodyGuard<T> {
    type Service = BodyGuarded<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        BodyGuarded { inner, guard: self.clone() }
    }
}

/// The service behind a [`BodyGuard`].
pub struct BodyGuarded<S, T> {
    inner: S,
    guard: BodyGuard<T>,
}

impl<S: Clone, T> Clone for BodyGuarded<S, T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), guard: self.guard.clone() }
    }
}

impl<S: fmt::Debug, T: BodyStrategy> fmt::Debug for BodyGuarded<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyGuarded").field("inner", &self.inner).field("guard", &self.guard).finish()
    }
}

impl<S, T, ReqBody, ResBody> Service<Request<ReqBody>> for BodyGuarded<S, T>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Future: Send> + Clone + Send + 'static,
    T: BodyStrategy,
    ReqBody: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + From<Bytes> + Send + 'static,
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
        let BodyGuard { strategy, schemes } = self.guard.clone();
        GuardFuture::new(async move {
            let (mut head, body) = request.into_parts();
            match admit(&*strategy, &head, body).await {
                Ok((authentication, body)) => {
                    Passage::admitted(authentication, &schemes).leave_in(&mut head.extensions);
                    inner.call(Request::from_parts(head, ReqBody::from(body))).await
                }
                Err(error) => Ok(challenge::refuse(&error, &schemes, strategy.name())),
            }
        })
    }
}

async fn admit<T, B>(
    strategy: &T,
    head: &Parts,
    body: B,
) -> Result<(Authentication<T::Identity>, Bytes), AuthError>
where
    T: BodyStrategy,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let limit = strategy.body_limit(head)?;
    let body = read(body, limit).await?;
    let authentication = strategy.authenticate(head, &body).await?;
    Ok((authentication, body))
}

/// Reads the whole body, or as much of it as shows that it is larger than `limit`.
async fn read<B>(body: B, limit: usize) -> Result<Bytes, Rejection>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let too_large =
        || Rejection::content_too_large("body_too_large", format!("The body is larger than {limit} bytes."));
    // Its own announcement (Content-Length) is enough to refuse it: nothing is read then.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(Rejection::bad_request("body_unreadable", "The body broke off before its end.")
            .reason(format!("the body could not be read: {error}"))),
    }
}
