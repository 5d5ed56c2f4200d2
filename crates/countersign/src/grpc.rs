//! Refusals as gRPC speaks them.
//!
//! A guard serves gRPC as it serves anything else that speaks `http`, and would refuse a call with an HTTP status, which
//! clients turn into a gRPC status by a table of their own. [`GrpcRefusals`] around the guard says it in gRPC's own words: a
//! response of trailers only, with the status and, in the message, the stable code and the sentence of the refusal.
//!
//! | refused with | status | |
//! |---|---|---|
//! | 401 | `UNAUTHENTICATED` | `www-authenticate` is kept as metadata |
//! | 403 | `PERMISSION_DENIED` | |
//! | 503, 429 | `UNAVAILABLE` | `grpc-retry-pushback-ms` says when to try again |
//! | other 4xx | `INVALID_ARGUMENT` | |
//! | other 5xx | `INTERNAL` | |
//!
//! It needs no gRPC library. With tonic:
//!
//! ```text
//! Routes::new(service)
//!     .into_axum_router()
//!     .layer(Guard::required(strategy))
//!     .layer(GrpcRefusals::new())
//! ```

use std::fmt::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::problem::Problem;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const RETRY_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// The codes of gRPC that a refusal can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    InvalidArgument = 3,
    PermissionDenied = 7,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

impl Status {
    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::PermissionDenied,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Self::Unavailable,
            status if status.is_client_error() => Self::InvalidArgument,
            _ => Self::Internal,
        }
    }

    /// Writes the status and its message as trailers, or as headers where there are only trailers.
    pub(crate) fn write(self, message: &str, headers: &mut HeaderMap) {
        headers.insert(GRPC_STATUS, HeaderValue::from(self as u16));
        if let Ok(message) = HeaderValue::try_from(percent_encoded(message)) {
            headers.insert(GRPC_MESSAGE, message);
        }
    }
}

/// A message as a header may hold it: bytes that are not visible ASCII or a space, and `%`, are written `%XX`.
fn percent_encoded(message: &str) -> String {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            // Writing into a String does not fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// Says the refusals of guards, and whatever else is answered with a [`Problem`], as gRPC does. See [the module](self).
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcRefusals;

impl GrpcRefusals {
    /// The layer, to be put around the guard.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for GrpcRefusals {
    type Service = GrpcRefusing<S>;

    fn layer(&self, inner: S) -> GrpcRefusing<S> {
        GrpcRefusing { inner }
    }
}

/// The service within [`GrpcRefusals`].
#[derive(Clone, Debug)]
pub struct GrpcRefusing<S> {
    inner: S,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for GrpcRefusing<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = GrpcFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        GrpcFuture { answer: self.inner.call(request) }
    }
}

pin_project! {
    /// The answer of the service within [`GrpcRefusals`].
    #[derive(Debug)]
    pub struct GrpcFuture<F> {
        #[pin]
        answer: F,
    }
}

impl<F, B, E> Future for GrpcFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().answer.poll(cx).map_ok(in_grpc)
    }
}

/// The same refusal as a response of trailers only.
fn in_grpc<B: Default>(response: Response<B>) -> Response<B> {
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let status = Status::of(problem.status());
    let message = format!("{}: {}", problem.code(), problem.detail());
    let (mut head, _) = response.into_parts();
    head.status = StatusCode::OK;
    for name in [CONTENT_LENGTH, CACHE_CONTROL] {
        head.headers.remove(name);
    }
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    if let Some(pushback) = head.headers.remove(RETRY_AFTER).and_then(|seconds| milliseconds(&seconds)) {
        head.headers.insert(RETRY_PUSHBACK, pushback);
    }
    status.write(&message, &mut head.headers);
    Response::from_parts(head, B::default())
}

fn milliseconds(seconds: &HeaderValue) -> Option<HeaderValue> {
    let seconds: u64 = seconds.to_str().ok()?.parse().ok()?;
    Some(HeaderValue::from(seconds.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::percent_encoded;

    #[test]
    fn a_message_holds_nothing_that_a_header_cannot() {
        assert_eq!(percent_encoded("100 % of \u{e9}\r\n\u{7f}"), "100 %25 of %C3%A9%0D%0A%7F");
    }
}
