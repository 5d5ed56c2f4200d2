//! One question, and what becomes of it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::answer::{self, Introspected};
use super::client::{ClientAuthentication, form_encoded};
use crate::jwks::{FetchError, HttpUrl, LocationError};
use crate::strategy::{AuthError, Outage, Text};

/// Sends one question: all that an [`IntrospectionStrategy`](super::IntrospectionStrategy) asks of an HTTP client.
///
/// With the feature `jwks-reqwest`, `ReqwestFetch` does it. Implement it to go through a client of your own.
pub trait Introspect: Send + Sync + 'static {
    /// Sends this `POST`: the answer, whatever its status.
    ///
    /// A redirect is an answer like any other and must not be followed: it would carry the token elsewhere. A body of more
    /// than `limit` bytes must not be read to its end. There is no need for a time limit, since the caller stops waiting and
    /// drops the future.
    ///
    /// # Errors
    /// [`FetchError`] when there is no answer, or too much of one.
    fn post(
        &self,
        request: Request<Bytes>,
        limit: usize,
    ) -> impl Future<Output = Result<Response<Bytes>, FetchError>> + Send;
}

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// The endpoint, and who asks it.
pub(super) struct Asking<H> {
    endpoint: HttpUrl,
    client: ClientAuthentication,
    http: H,
}

impl<H> Asking<H> {
    pub(super) fn new(endpoint: &str, client: ClientAuthentication, http: H) -> Result<Self, LocationError> {
        Ok(Self { endpoint: HttpUrl::parse(endpoint)?, client, http })
    }

    /// What is asked about this token.
    pub(super) fn question(&self, token: &str) -> Request<Bytes> {
        let body = format!("token={}&token_type_hint=access_token", form_encoded(token));
        let mut question = Request::new(Bytes::from(body));
        *question.method_mut() = http::Method::POST;
        *question.uri_mut() = self.endpoint.as_uri().clone();
        let headers = question.headers_mut();
        headers.insert(AUTHORIZATION, self.client.authorization());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        question
    }
}

impl<H: Introspect> Asking<H> {
    /// What the issuer says about the token in question, if it is active.
    pub(super) async fn ask<C: DeserializeOwned>(
        &self,
        question: Request<Bytes>,
    ) -> Result<Option<Introspected<C>>, AuthError> {
        let answer = self.http.post(question, MAX_ANSWER);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let answer = answer.map_err(|_| unavailable("no answer within five seconds"))?;
        let answer = answer.map_err(|error| unavailable(format!("the endpoint failed: {error}")))?;
        if answer.status() != StatusCode::OK {
            return Err(unavailable(format!("the endpoint answered {}", answer.status().as_u16())));
        }
        answer::read(answer.body()).map_err(|reason| unavailable(format!("not an answer: {reason}")))
    }
}

fn unavailable(reason: impl Into<Text>) -> AuthError {
    Outage::new("introspection_unavailable", reason).into()
}

impl<H> fmt::Debug for Asking<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.endpoint.as_uri())
    }
}
