//! Requests of OAuth clients, in a form (RFC 6749 appendix B), and answers that they read.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign::{Problem, form};
use zeroize::Zeroizing;

use super::{
    body,
    error::{ApiError, BodyError},
};

/// Whether the body says that it is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    body::is(headers, "application/x-www-form-urlencoded")
}

/// A refusal as RFC 6749 §5.2 has it: the problem with its `error`, as `application/json`. Strict clients read nothing else.
pub(super) fn as_oauth(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if response.status() == StatusCode::BAD_REQUEST && response.extensions().get::<Problem>().is_some() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// The fields of a form. Those that are not known are passed over, and those without a value are not there (RFC 6749 §3.1).
struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields of the body, if none of the `known` ones is there twice.
    async fn read(request: Request, known: &[&str]) -> Result<Self, ApiError> {
        if !is_form(request.headers()) {
            return Err(BodyError::NotAForm.into());
        }
        let body = body::read(request).await?;
        let malformed = |_| invalid("body_malformed", "The body is not a URL-encoded form in UTF-8.");
        let fields = form::fields(&body).map_err(malformed)?;
        let times = |name| fields.iter().filter(|(given, _)| given == name).count();
        if known.iter().any(|name| times(*name) > 1) {
            return Err(invalid("field_repeated", "A field is there more than once."));
        }
        Ok(Self(fields))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(given, value)| given == name && !value.is_empty())?;
        Some(self.0.swap_remove(at).1)
    }
}

/// The token that a form is about (RFC 7009 §2.1). A hint at its kind (`token_type_hint`) is not needed: no token can be taken
/// for one of the other kind.
pub(super) struct TokenForm {
    pub(super) token: Zeroizing<String>,
}

impl<S: Sync> FromRequest<S> for TokenForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let mut fields = Fields::read(request, &["token", "token_type_hint"]).await?;
        let token = fields.take("token");
        let token =
            token.ok_or_else(|| invalid("token_missing", "The field `token` is missing or empty."))?;
        Ok(Self { token: Zeroizing::new(token) })
    }
}

/// A refresh as an OAuth client asks for it (RFC 6749 §6). Clients are public, so a `client_id` says nothing.
pub(super) struct RefreshForm {
    pub(super) token: Zeroizing<String>,
}

impl<S: Sync> FromRequest<S> for RefreshForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let mut fields = Fields::read(request, &["grant_type", "refresh_token", "scope"]).await?;
        match fields.take("grant_type").as_deref() {
            Some("refresh_token") => {}
            Some(_) => {
                let detail = "The only `grant_type` that there is here is `refresh_token`.";
                return Err(refused("unsupported_grant_type", "grant_type_unsupported", detail));
            }
            None => {
                return Err(invalid("grant_type_missing", "The field `grant_type` is missing or empty."));
            }
        }
        if fields.take("scope").is_some() {
            return Err(refused(
                "invalid_scope",
                "scope_unsupported",
                "The tokens of this service have no scope.",
            ));
        }
        let token = fields.take("refresh_token").ok_or(ApiError::RefreshTokenMissing)?;
        Ok(Self { token: Zeroizing::new(token) })
    }
}

fn invalid(code: &'static str, detail: &'static str) -> ApiError {
    refused("invalid_request", code, detail)
}

fn refused(error: &'static str, code: &'static str, detail: &'static str) -> ApiError {
    ApiError::Form { error, code, detail }
}
