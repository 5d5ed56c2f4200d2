//! Registering, logging in and out, and what keeps somebody logged in.

use std::sync::Arc;

use axum::{
    Json,
    body::HttpBody as _,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use countersign::{Authenticated, jwt::Clock as _, password::Password};
use serde::{Deserialize, Serialize};

use super::{
    bearer::Bearer,
    error::ApiError,
    form::{self, RefreshForm, TokenForm},
    json::{JsonBody, Shape},
    profile::Profile,
    tokens::{self, NO_STORE, Place, Presented},
};
use crate::{
    app::Service,
    flow::{self, Device, Login, PasswordChange, Registration},
};

/// The body of a registration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterBody {
    email: String,
    password: String,
}

impl Shape for RegisterBody {
    const SHAPE: &'static str = r#"{"email": "ada@example.com", "password": ".."}"#;
}

/// `POST /auth/register`: 201 and who was registered.
pub(super) async fn register(
    State(service): State<Arc<Service>>,
    JsonBody(body): JsonBody<RegisterBody>,
) -> Result<Response, ApiError> {
    let input = Registration { email: body.email, password: Password::from(body.password) };
    let (accounts, now) = (&service.accounts, service.clock.now());
    let user = flow::register(input, &accounts.store, &accounts.passwords, service.taken_email, now).await?;
    let profile = Profile { user_id: user.user_id, email: user.email.as_str().to_owned() };
    Ok((StatusCode::CREATED, [NO_STORE], Json(profile)).into_response())
}

/// The body of a login.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginBody {
    email: String,
    password: String,
    #[serde(default)]
    refresh_token_in: Place,
}

impl Shape for LoginBody {
    const SHAPE: &'static str = RegisterBody::SHAPE;
}

/// `POST /auth/login`: a token response, and a session.
pub(super) async fn login(
    State(service): State<Arc<Service>>,
    device: Device,
    head: Parts,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<Response, ApiError> {
    let place = body.refresh_token_in;
    place.check(&head, &service)?;
    let input = Login { email: body.email, password: Password::from(body.password), device };
    let pair = flow::login(input, &service.accounts, service.clock.now()).await?;
    Ok(tokens::answer(&pair, place, &service))
}

/// `POST /auth/refresh`: a token response with the next refresh token. What is asked in a form, as OAuth clients do, is
/// answered as RFC 6749 §5 and §6 have it.
pub(super) async fn refresh(
    State(service): State<Arc<Service>>,
    device: Device,
    request: Request,
) -> Response {
    let by_form = form::is_form(request.headers()) && !request.body().is_end_stream();
    let presented = match by_form {
        true => RefreshForm::from_request(request, &service).await.map(Presented::from),
        false => Presented::from_request(request, &service).await,
    };
    let answer = match presented {
        Ok(presented) => refreshed(presented, device, &service).await,
        Err(refused) => Err(refused),
    };
    if by_form { form::as_oauth(answer) } else { answer.into_response() }
}

async fn refreshed(
    Presented { token, place }: Presented,
    Device { address, .. }: Device,
    service: &Service,
) -> Result<Response, ApiError> {
    let token = token.ok_or(ApiError::RefreshTokenMissing)?;
    match flow::refresh(&token, address, &service.accounts, service.clock.now()).await {
        Ok(pair) => Ok(tokens::answer(&pair, place, service)),
        Err(flow::RefreshError::Failed(failure)) => Err(failure.into()),
        Err(refused) => Ok(tokens::forget(ApiError::from(refused).into_response(), place, service)),
    }
}

/// `POST /auth/logout`: 204, once the session of the refresh token is over, or was.
pub(super) async fn log_out(
    State(service): State<Arc<Service>>,
    Presented { token, place }: Presented,
) -> Result<Response, ApiError> {
    if let Some(token) = token {
        flow::log_out(&token, &service.accounts, service.clock.now()).await?;
    }
    Ok(tokens::forget((StatusCode::NO_CONTENT, [NO_STORE]).into_response(), place, &service))
}

/// `POST /auth/revoke`: 200, once the token is good for nothing any more, or was (RFC 7009). Whoever has it may ask, so no
/// cookie is read here: nobody has a page of another origin send theirs.
pub(super) async fn revoke(
    State(service): State<Arc<Service>>,
    asked: Result<TokenForm, ApiError>,
) -> Response {
    form::as_oauth(revoked(asked, &service).await)
}

async fn revoked(asked: Result<TokenForm, ApiError>, service: &Service) -> Result<Response, ApiError> {
    flow::revoke_token(&asked?.token, &service.accounts, service.clock.now()).await?;
    Ok((StatusCode::OK, [NO_STORE]).into_response())
}

/// How many sessions were ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    ended_sessions: usize,
}

fn ended(ended_sessions: usize) -> Response {
    ([NO_STORE], Json(Ended { ended_sessions })).into_response()
}

/// `POST /auth/logout/others`: ends every session of the bearer but this one.
pub(super) async fn log_out_others(
    State(service): State<Arc<Service>>,
    bearer: Authenticated<Bearer>,
) -> Result<Response, ApiError> {
    let now = service.clock.now();
    Ok(ended(flow::log_out_others(&bearer.user_id, bearer.session_id, &service.accounts, now).await?))
}

/// `POST /auth/logout/all`: ends every session of the bearer.
pub(super) async fn log_out_all(
    State(service): State<Arc<Service>>,
    bearer: Authenticated<Bearer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let count = flow::log_out_all(&bearer.user_id, &service.accounts, service.clock.now()).await?;
    Ok(tokens::forget(ended(count), tokens::place_of(&headers, &service), &service))
}

/// The body of a change of password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PasswordBody {
    current_password: String,
    new_password: String,
}

impl Shape for PasswordBody {
    const SHAPE: &'static str = r#"{"currentPassword": "..", "newPassword": ".."}"#;
}

/// `POST /auth/password`: changes the bearer's password, and ends every session but this one.
pub(super) async fn change_password(
    State(service): State<Arc<Service>>,
    bearer: Authenticated<Bearer>,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<Response, ApiError> {
    let input = PasswordChange {
        user_id: bearer.user_id.clone(),
        session_id: bearer.session_id,
        current: Password::from(body.current_password),
        new: Password::from(body.new_password),
    };
    Ok(ended(flow::change_password(input, &service.accounts, service.clock.now()).await?))
}
