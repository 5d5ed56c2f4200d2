//! What verifiers fetch.

use std::sync::Arc;

use axum::{Json, extract::State, http::header, response::IntoResponse};

use crate::app::Service;

/// For how long a verifier, or a proxy on the way, may keep the set.
const CACHE: &str = "public, max-age=300";

/// `GET /.well-known/jwks.json`: the public keys (RFC 7517 §5); none where tokens are signed with a shared secret.
pub(super) async fn jwks(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let headers = [(header::CACHE_CONTROL, CACHE), (header::CONTENT_TYPE, "application/jwk-set+json")];
    (headers, Json(service.keys.to_jwk_set()))
}
