//! Requests about a token, in a form (RFC 6749 appendix B, RFC 7009 §2.1).

use axum::extract::{FromRequest, Request};
use countersign::form;
use zeroize::Zeroizing;

use super::{
    body,
    error::{ApiError, BodyError},
};

/// The fields that may be there once. All others are passed over (RFC 6749 §3.1).
const KNOWN: [&str; 2] = ["token", "token_type_hint"];

/// The token that a form is about. A hint at its kind (`token_type_hint`) is not needed: no token can be taken for one of the
/// other kind.
pub(super) struct TokenForm {
    pub(super) token: Zeroizing<String>,
}

impl<S: Sync> FromRequest<S> for TokenForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !body::is(request.headers(), "application/x-www-form-urlencoded") {
            return Err(BodyError::NotAForm.into());
        }
        let body = body::read(request).await?;
        let malformed = |_| invalid("body_malformed", "The body is not a URL-encoded form in UTF-8.");
        let fields = form::fields(&body).map_err(malformed)?;
        let times = |name| fields.iter().filter(|(given, _)| given == name).count();
        if KNOWN.iter().any(|name| times(*name) > 1) {
            return Err(invalid("field_repeated", "A field is there more than once."));
        }
        let token = fields.into_iter().find(|(name, value)| name == "token" && !value.is_empty());
        let (_, token) =
            token.ok_or_else(|| invalid("token_missing", "The field `token` is missing or empty."))?;
        Ok(Self { token: Zeroizing::new(token) })
    }
}

fn invalid(code: &'static str, detail: &'static str) -> ApiError {
    ApiError::InvalidRequest { code, detail }
}
