//! The body of a refusal (RFC 9457).

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::decision::Step;

/// A problem as a client reads it (RFC 9457): what went wrong, with a code that stays the same.
///
/// The `type` is `about:blank`, so the `title` is the phrase of the status; the member `code` tells problems of one
/// status apart.
///
/// ```
/// use countersign::Problem;
/// use http::StatusCode;
///
/// let problem = Problem::new(StatusCode::UNAUTHORIZED, "token_expired", "The token has expired.");
/// assert_eq!(
///     serde_json::to_string(&problem)?,
///     r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The token has expired.","code":"token_expired"}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    oauth_error: Option<&'static str>,
    explanation: Option<Explanation>,
}

/// What only clients in development are told.
#[derive(Debug, Clone)]
struct Explanation {
    reason: String,
    trace: Vec<Step>,
}

impl Problem {
    /// A problem with its HTTP status, its stable code, and a sentence for whoever reads it.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), oauth_error: None, explanation: None }
    }

    /// Adds the member `error` that a token endpoint answers with (RFC 6749 §5.2): `invalid_grant`, say. OAuth clients
    /// look at nothing else.
    ///
    /// ```
    /// # use countersign::Problem;
    /// # use http::StatusCode;
    /// let problem = Problem::new(StatusCode::BAD_REQUEST, "session_expired", "The session has expired.");
    /// let text = serde_json::to_string(&problem.oauth_error("invalid_grant"))?;
    /// assert!(text.ends_with(r#""code":"session_expired","error":"invalid_grant"}"#));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn oauth_error(self, error: &'static str) -> Self {
        Self { oauth_error: Some(error), ..self }
    }

    /// Adds the members `reason` and `trace`, what else only the operator is told.
    pub(crate) fn explained(self, reason: String, trace: Vec<Step>) -> Self {
        Self { explanation: Some(Explanation { reason, trace }), ..self }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for whoever reads it.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The response that says it: `application/problem+json`, not to be stored.
    ///
    /// The problem itself is among the extensions of the response, for a layer that says it in another way.
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        // Strings and a number always serialize; an empty body under the right status is the harmless other case.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(B::from(Bytes::from(body)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(self);
        response
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let explained = 2 * usize::from(self.explanation.is_some());
        let members = 5 + usize::from(self.oauth_error.is_some()) + explained;
        let mut problem = serializer.serialize_struct("Problem", members)?;
        problem.serialize_field("type", "about:blank")?;
        problem.serialize_field("title", self.status.canonical_reason().unwrap_or("Problem"))?;
        problem.serialize_field("status", &self.status.as_u16())?;
        problem.serialize_field("detail", &self.detail)?;
        problem.serialize_field("code", self.code)?;
        if let Some(error) = self.oauth_error {
            problem.serialize_field("error", error)?;
        }
        if let Some(Explanation { reason, trace }) = &self.explanation {
            problem.serialize_field("reason", reason)?;
            problem.serialize_field("trace", trace)?;
        }
        problem.end()
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        Self::into_response(self)
    }
}
