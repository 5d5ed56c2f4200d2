//! Registering and logging in.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign::password::Password;
use serde::{Deserialize, Serialize};

use super::{
    error::ApiError,
    json::{JsonBody, Shape},
    profile::Profile,
};
use crate::{
    app::Service,
    flow::{self, LoggedIn, Login, Registration},
};

/// The body of a registration and of a login.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    email: String,
    password: String,
}

impl Shape for Credentials {
    const SHAPE: &'static str = r#"{"email": "ada@example.com", "password": ".."}"#;
}

/// `POST /auth/register`: 201 and who was registered.
pub(super) async fn register(
    State(service): State<Arc<Service>>,
    JsonBody(body): JsonBody<Credentials>,
) -> Result<Response, ApiError> {
    let input = Registration { email: body.email, password: Password::from(body.password) };
    let now = service.clock.now();
    let user = flow::register(input, &service.store, &service.passwords, service.taken_email, now).await?;
    let profile = Profile { user_id: user.user_id, email: user.email.as_str().to_owned() };
    Ok((StatusCode::CREATED, [NO_STORE], Json(profile)).into_response())
}

/// `POST /auth/login`: a token response (RFC 6749 §5.1).
pub(super) async fn login(
    State(service): State<Arc<Service>>,
    JsonBody(body): JsonBody<Credentials>,
) -> Result<Response, ApiError> {
    let input = Login { email: body.email, password: Password::from(body.password) };
    let now = service.clock.now();
    let answer = flow::login(input, &service.store, &service.passwords, &service.tokens, now).await?;
    Ok(([NO_STORE, NO_CACHE], Json(TokenResponse::from(&answer))).into_response())
}

/// RFC 6749 §5.1 asks for both.
const NO_STORE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");
const NO_CACHE: (header::HeaderName, &str) = (header::PRAGMA, "no-cache");

#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

impl<'a> From<&'a LoggedIn> for TokenResponse<'a> {
    fn from(answer: &'a LoggedIn) -> Self {
        Self {
            access_token: answer.access_token.as_str(),
            token_type: "Bearer",
            expires_in: answer.access_token.expires_in().as_secs(),
            refresh_token: answer.refresh_token.as_deref(),
        }
    }
}
