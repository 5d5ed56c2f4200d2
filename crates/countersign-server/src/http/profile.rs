//! Who the bearer is.

use axum::{Json, http::header, response::IntoResponse};
use countersign::Authenticated;
use serde::Serialize;

use super::bearer::Bearer;

/// A user, as the service tells about one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub(super) user_id: String,
    pub(super) email: String,
}

/// `GET /profile`: whom the token speaks for.
pub(super) async fn show(bearer: Authenticated<Bearer>) -> impl IntoResponse {
    let Bearer { user_id, email, .. } = Bearer::clone(&bearer);
    ([(header::CACHE_CONTROL, "no-store")], Json(Profile { user_id, email }))
}
