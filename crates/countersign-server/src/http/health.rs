//! Whether the process lives.

use axum::{Json, http::header, response::IntoResponse};
use serde_json::json;

/// `GET /healthz`: 200 as long as requests are answered. It asks no database: without one, tokens are still verified,
/// and a restart would bring none back.
pub(super) async fn check() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(json!({"status": "ok"})))
}
