//! Guards for logins, which must read the body to know who it is.

use std::error::Error;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_layer::Layer;

use super::{Admit, Guarded, Refusal, sealed};
use crate::passage::Passage;
#[cfg(feature = "axum")]
use crate::strategy::Outline;
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
    refusal: Arc<Refusal>,
}

impl<T: BodyStrategy> BodyGuard<T> {
    /// Refuses whoever is not recognised.
    pub fn new(strategy: T) -> Self {
        let refusal = Arc::new(Refusal::of_body(&strategy));
        Self { strategy: Arc::new(strategy), refusal }
    }

    #[cfg(feature = "axum")]
    pub(crate) fn outline(&self) -> &Outline {
        self.refusal.outline()
    }

    /// Tells clients *why* they are refused, for development only: see
    /// [`Guard::danger_explain_to_clients`](crate::Guard::danger_explain_to_clients).
    #[must_use]
    pub fn danger_explain_to_clients(mut self) -> Self {
        Arc::make_mut(&mut self.refusal).explain_to_clients();
        self
    }

    /// Lets `replace` change or replace the answer to a request that is refused, as
    /// [`Guard::on_refused`](crate::Guard::on_refused): back to the login page, with a word about why.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use countersign::{AuthError, BodyGuard, BodyStrategy};
    /// use http::request::Parts;
    /// use http::{HeaderValue, Response, StatusCode};
    ///
    /// fn login<T: BodyStrategy>(strategy: T) -> BodyGuard<T> {
    ///     BodyGuard::new(strategy).on_refused(|why: &AuthError, _: &Parts, mut answer: Response<Bytes>| {
    ///         if let AuthError::Denied(_) = why {
    ///             *answer.status_mut() = StatusCode::SEE_OTHER;
    ///             answer.headers_mut().insert("location", HeaderValue::from_static("/login?wrong"));
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

impl<T> Clone for BodyGuard<T> {
    fn clone(&self) -> Self {
        Self { strategy: Arc::clone(&self.strategy), refusal: Arc::clone(&self.refusal) }
    }
}

impl<T: BodyStrategy> fmt::Debug for BodyGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyGuard({})", self.strategy.name())
    }
}

impl<S, T> Layer<S> for BodyGuard<T> {
    type Service = Guarded<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded::new(inner, self.clone())
    }
}

impl<T> sealed::Sealed for BodyGuard<T> {}

impl<T, B> Admit<B> for BodyGuard<T>
where
    T: BodyStrategy,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + From<Bytes> + Send,
{
    fn admit_now(&self, _: &mut Parts) -> Option<ControlFlow<Response<Bytes>>> {
        None
    }

    async fn admit(self, head: &mut Parts, body: B) -> Result<B, Response<Bytes>> {
        self.refusal.begin(head);
        match authenticate(&*self.strategy, head, body).await {
            Ok((authentication, body)) => {
                Passage::admitted(authentication, self.refusal).leave_in(&mut head.extensions);
                Ok(B::from(body))
            }
            Err(error) => Err(self.refusal.answer(&error, head)),
        }
    }
}

async fn authenticate<T, B>(
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
