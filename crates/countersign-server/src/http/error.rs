//! Every status that says no, apart from those that `countersign::challenge` writes.

use std::borrow::Cow;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign::{
    AuthError, Denial, Outage, Problem,
    challenge::{self, Scheme},
    jwt::json,
};
use countersign_store::StoreError;
use thiserror::Error;

use crate::flow::{Failure, LoginError, RegisterError};

/// A request that did not get what it asked for.
#[derive(Debug)]
pub(super) enum ApiError {
    Body(BodyError),
    Register(RegisterError),
    Login(LoginError),
}

/// Why a body could not be read.
#[derive(Debug, Error)]
pub(super) enum BodyError {
    #[error("The body has to be JSON, with the header `Content-Type: application/json`.")]
    MediaType,
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
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type_unsupported"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "body_too_slow"),
            Self::BrokenOff => (StatusCode::BAD_REQUEST, "body_unreadable"),
            Self::Malformed { .. } => (StatusCode::BAD_REQUEST, "body_malformed"),
        }
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        Self::Register(error)
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
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
            Self::Login(error @ LoginError::UnusableHash { .. }) => fail(&AuthError::bug(error.to_string())),
            Self::Register(RegisterError::Failed(failure)) | Self::Login(LoginError::Failed(failure)) => {
                fail(&failure.into())
            }
        }
    }
}

/// What nobody asked for: 503 when it may work later, 500 when it will not.
fn fail(error: &AuthError) -> Response {
    challenge::refuse(error, &[], "service")
}

impl From<Failure> for AuthError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Hashing(error) => error.into(),
            Failure::Store(StoreError::Unavailable { reason }) => {
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
fn sentence(error: &dyn std::error::Error) -> String {
    let words = error.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
