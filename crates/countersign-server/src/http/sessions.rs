//! A user's sessions.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign::{
    Authenticated,
    jwt::Clock as _,
    session::{Session, SessionId},
};
use serde::Serialize;

use super::{bearer::Bearer, error::ApiError, tokens::NO_STORE};
use crate::{app::Service, flow};

/// A session, as its user sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    id: SessionId,
    /// What the client called itself at the login.
    device: Option<String>,
    /// Where the last refresh came from, or else the login.
    address: Option<IpAddr>,
    created_at: String,
    last_used_at: String,
    /// Unless it is used before then.
    ends_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionView {
    fn new(session: Session, current: Option<SessionId>) -> Self {
        Self {
            created_at: session.created_at.rfc3339(),
            last_used_at: session.refreshed_at.rfc3339(),
            ends_at: session.ends_at().rfc3339(),
            current: Some(session.id) == current,
            id: session.id,
            device: session.user_agent,
            address: session.address,
        }
    }
}

#[derive(Serialize)]
struct SessionsView {
    sessions: Vec<SessionView>,
}

/// `GET /auth/sessions`: the live sessions of the bearer, the last used first.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    bearer: Authenticated<Bearer>,
) -> Result<Response, ApiError> {
    let sessions = flow::list_sessions(&bearer.user_id, &service.accounts, service.clock.now()).await?;
    let sessions = sessions.into_iter().map(|session| SessionView::new(session, bearer.session_id)).collect();
    Ok(([NO_STORE], Json(SessionsView { sessions })).into_response())
}

/// `DELETE /auth/sessions/{id}`: 204 once it has ended; 404 if the bearer has no such session, or has it no more.
pub(super) async fn end(
    State(service): State<Arc<Service>>,
    bearer: Authenticated<Bearer>,
    path: Result<Path<SessionId>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(id) = path.map_err(|_| ApiError::NoSuchSession)?;
    match flow::end_session(id, &bearer.user_id, &service.accounts, service.clock.now()).await? {
        true => Ok((StatusCode::NO_CONTENT, [NO_STORE]).into_response()),
        false => Err(ApiError::NoSuchSession),
    }
}
