//! Every status that says no, apart from those that `countersign::challenge` writes.

use std::borrow::Cow;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign::{
    AuthError, Denial, Outage, Problem, Rejection,
    challenge::{self, Scheme},
    csrf::CsrfError,
    jwt::json,
    session::{SessionStoreError, cookie::CookieError},
};
use countersign_store::StoreError;
use thiserror::Error;

use crate::flow::{
    Failure, LoginError, PasswordChangeError, RefreshError, RefreshRefused, RegisterError, RevokeTokenError,
};

/// A request that did not get what it asked for.
#[derive(Debug)]
pub(super) enum ApiError {
    Body(BodyError),
    Register(RegisterError),
    Login(LoginError),
    Refresh(RefreshError),
    Password(PasswordChangeError),
    /// A page of an origin that is not configured has sent the cookie, or asked for it.
    Csrf(CsrfError),
    Cookie(CookieError),
    /// The refresh token is to be in a cookie, and nothing here is.
    NoCookies,
    RefreshTokenMissing,
    /// A form about a token asks for what there is not, or lacks what it needs.
    Form {
        /// For OAuth clients (RFC 6749 §5.2).
        error: &'static str,
        code: &'static str,
        detail: &'static str,
    },
    Revoke(RevokeTokenError),
    NoSuchSession,
    /// The issuer is a name, and nothing can be found under it.
    NoMetadata,
    Failed(Failure),
    /// A handler has panicked.
    Panicked,
}

/// Why a body could not be read.
#[derive(Debug, Error)]
pub(super) enum BodyError {
    #[error("The body has to be JSON, with the header `Content-Type: application/json`.")]
    MediaType,
    #[error("The body has to be a form, with the header `Content-Type: application/x-www-form-urlencoded`.")]
    NotAForm,
    #[error("The body is larger than 16 KiB.")]
    TooLarge,
    #[error("The body took longer than 10 seconds to arrive.")]
    TooSlow,
    #[error("The body ended before it was complete.")]
    BrokenOff,
    #[error("The body is not a JSON object like {shape}: {error}.")]
    Malformed { shape: &'static str, error: json::Error },
}

impl BodyError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MediaType | Self::NotAForm => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type_unsupported")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "body_too_slow"),
            Self::BrokenOff => (StatusCode::BAD_REQUEST, "body_unreadable"),
            Self::Malformed { .. } => (StatusCode::BAD_REQUEST, "body_malformed"),
        }
    }
}

macro_rules! from {
    ($($case:ident: $error:ty;)+) => {
        $(impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::$case(error)
            }
        })+
    };
}

from! {
    Body: BodyError;
    Register: RegisterError;
    Login: LoginError;
    Refresh: RefreshError;
    Password: PasswordChangeError;
    Revoke: RevokeTokenError;
    Csrf: CsrfError;
    Cookie: CookieError;
    Failed: Failure;
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Body(error) => {
                let (status, code) = error.status_and_code();
                refuse(status, code, error.to_string())
            }
            Self::Register(RegisterError::Email(error)) => {
                refuse(StatusCode::UNPROCESSABLE_ENTITY, "email_invalid", sentence(&error))
            }
            Self::Register(RegisterError::Password(error)) => {
                refuse(StatusCode::UNPROCESSABLE_ENTITY, error.code(), sentence(&error))
            }
            Self::Register(RegisterError::Taken) => {
                refuse(StatusCode::CONFLICT, "email_taken", "There is an account with this e-mail address.")
            }
            Self::Login(LoginError::Refused(reason)) => {
                let denial = Denial::new("credentials_invalid", reason.as_str())
                    .detail("The e-mail address or the password is wrong.");
                challenge::refuse(&denial.into(), const { &[Scheme::PASSWORD] }, "login")
            }
            Self::Refresh(RefreshError::Refused(refused)) => refuse_refresh(refused),
            Self::Password(error) => refuse_password_change(error),
            Self::Csrf(error) => fail(&Rejection::forbidden(error.code(), sentence(&error)).into()),
            Self::Cookie(error) => refuse_token_request("invalid_request", error.code(), sentence(&error)),
            Self::RefreshTokenMissing => {
                let detail = "The request has no refresh token.";
                refuse_token_request("invalid_request", "refresh_token_missing", detail)
            }
            Self::Form { error, code, detail } => refuse_token_request(error, code, detail),
            Self::Revoke(RevokeTokenError::NoTokenId) => {
                let detail = "The token has no `jti`, so it cannot be revoked alone.";
                refuse_token_request("unsupported_token_type", "token_without_id", detail)
            }
            Self::NoCookies => refuse(
                StatusCode::BAD_REQUEST,
                "cookies_not_configured",
                "This service gives no refresh token in a cookie.",
            ),
            Self::NoSuchSession => {
                refuse(StatusCode::NOT_FOUND, "session_unknown", "There is no such session, or no more.")
            }
            Self::NoMetadata => refuse(
                StatusCode::NOT_FOUND,
                "issuer_no_address",
                "The issuer of this service is a name and not an http or https address, so there is no metadata.",
            ),
            Self::Register(RegisterError::Failed(failure))
            | Self::Login(LoginError::Failed(failure))
            | Self::Refresh(RefreshError::Failed(failure))
            | Self::Revoke(RevokeTokenError::Failed(failure))
            | Self::Failed(failure) => fail(&failure.into()),
            // Logged where it happened.
            Self::Panicked => {
                let detail = "The server made a mistake.";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail).into_response()
            }
        }
    }
}

/// RFC 6749 §5.2: 400, and what OAuth clients look at.
fn refuse_refresh(refused: RefreshRefused) -> Response {
    let RefreshRefused { code, reason, session_id } = refused;
    let session = session_id.map(|id| id.to_string());
    tracing::info!(status = 400, code, session, reason, "refused");
    let problem = Problem::new(StatusCode::BAD_REQUEST, code, sentence(&reason));
    problem.oauth_error("invalid_grant").into_response()
}

/// RFC 6749 §5.2, of a request that lacks what it needs or asks for what there is not.
fn refuse_token_request(
    error: &'static str,
    code: &'static str,
    detail: impl Into<Cow<'static, str>>,
) -> Response {
    tracing::info!(status = 400, code, "refused");
    Problem::new(StatusCode::BAD_REQUEST, code, detail).oauth_error(error).into_response()
}

/// The bearer is known whatever the password is, so a wrong one is not a call for another token: 403, not 401.
fn refuse_password_change(error: PasswordChangeError) -> Response {
    let detail = sentence(&error);
    match error {
        PasswordChangeError::New(new) => refuse(StatusCode::UNPROCESSABLE_ENTITY, new.code(), detail),
        PasswordChangeError::Unchanged => {
            refuse(StatusCode::UNPROCESSABLE_ENTITY, "password_unchanged", detail)
        }
        PasswordChangeError::ChangedMeanwhile => {
            refuse(StatusCode::CONFLICT, "password_changed_meanwhile", detail)
        }
        PasswordChangeError::Refused(reason) => {
            fail(&Rejection::forbidden("password_wrong", detail).reason(reason.as_str()).into())
        }
        PasswordChangeError::Failed(failure) => fail(&failure.into()),
    }
}

/// What is no matter of credentials: 403 when it came from the wrong place, 503 when it may work later, 500 when it will
/// not.
fn fail(error: &AuthError) -> Response {
    challenge::refuse(error, &[], "service")
}

impl From<Failure> for AuthError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Hashing(error) => error.into(),
            Failure::Keys(error) => error.into(),
            Failure::Store(StoreError::Unavailable { reason })
            | Failure::Sessions(SessionStoreError::Unavailable { reason }) => {
                Outage::new("store_unavailable", reason).into()
            }
            failure => Self::bug(failure.to_string()),
        }
    }
}

/// Nothing is here.
pub(super) async fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.")
}

/// Something is here, but not for this method. The router names those it is for in `Allow` (RFC 9110 §15.5.6).
pub(super) async fn method_not_allowed() -> Response {
    refuse(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This path does not take this method.")
}

fn refuse(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Response {
    tracing::info!(status = status.as_u16(), code, "refused");
    Problem::new(status, code, detail).into_response()
}

/// An error's words as a sentence of its own.
fn sentence(error: &dyn std::fmt::Display) -> String {
    let words = error.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
