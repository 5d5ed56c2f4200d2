//! What became of each session, for verifiers of any maker.

use std::sync::Arc;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse, Response},
};

use super::error::{self, ApiError};
use crate::{app::Service, status_lists::StatusLists};

/// `GET /auth/status-lists/{number}`: a status list as a signed JWT (draft-ietf-oauth-status-list §8). It is public: it says
/// nothing to who has no token.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    number: Result<Path<u64>, PathRejection>,
) -> Result<Response, ApiError> {
    let lists = service.accounts.tokens.status_lists();
    let (Some(lists), Ok(Path(number))) = (lists, number) else {
        return Ok(error::not_found().await.into_response());
    };
    let Some(signed) = lists.signed(number, service.clock.now()).await.map_err(ApiError::Failed)? else {
        return Ok(error::not_found().await.into_response());
    };
    let cache = format!("public, max-age={}", StatusLists::TTL.as_secs());
    let headers =
        [(header::CACHE_CONTROL, cache), (header::CONTENT_TYPE, "application/statuslist+jwt".to_owned())];
    Ok((headers, signed).into_response())
}
