//! What verifiers fetch.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{Uri, header},
    response::IntoResponse,
};
use countersign::jwks::VerifierName;

use crate::app::Service;

/// `GET /.well-known/jwks.json`: the public keys (RFC 7517 §5), the next one included; none where tokens are signed with a
/// shared secret. A verifier, or a proxy on the way, may keep the set for as long as a key is announced at the least.
///
/// With `?verifier=NAME` a configured verifier says who it is, so that a rotation waits for it.
pub(super) async fn jwks(State(service): State<Arc<Service>>, uri: Uri) -> impl IntoResponse {
    let keys = service.keys.keys();
    let verifier = VerifierName::in_query(uri.query().unwrap_or_default());
    if let (Some(verifier), Some(next)) = (verifier, &keys.next) {
        service.pickups.note(verifier.as_str(), next);
    }
    let cache = format!("public, max-age={}", service.keys_max_age.as_secs());
    let headers =
        [(header::CACHE_CONTROL, cache), (header::CONTENT_TYPE, "application/jwk-set+json".to_owned())];
    (headers, Json(keys.verifying.to_jwk_set()))
}
