//! What verifiers fetch.

use std::sync::Arc;

use axum::{Json, extract::State, http::header, response::IntoResponse};

use crate::app::Service;

/// `GET /.well-known/jwks.json`: the public keys (RFC 7517 §5), the next one included; none where tokens are signed with a
/// shared secret. A verifier, or a proxy on the way, may keep the set for as long as a key is announced at the least.
pub(super) async fn jwks(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let cache = format!("public, max-age={}", service.keys_max_age.as_secs());
    let headers =
        [(header::CACHE_CONTROL, cache), (header::CONTENT_TYPE, "application/jwk-set+json".to_owned())];
    (headers, Json(service.keys.keys().verifying.to_jwk_set()))
}
