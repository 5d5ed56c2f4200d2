//! What verifiers fetch.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{Uri, header},
    response::{IntoResponse, Response},
};
use countersign::jwks::VerifierName;

use super::error::{self, ApiError};
use crate::{app::Service, metadata::PLACES};

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
    let headers = [kept(&service), (header::CONTENT_TYPE, "application/jwk-set+json".to_owned())];
    (headers, Json(keys.verifying.to_jwk_set()))
}

/// `GET /.well-known/oauth-authorization-server` and `GET /.well-known/openid-configuration`: what the service is and has
/// (RFC 8414 §3), the path of its issuer behind either or not. Who fetches it compares the `issuer` in it (§3.3), so it
/// cannot be taken for that of another.
pub(super) async fn metadata(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, ApiError> {
    let metadata = service.metadata.as_ref().ok_or(ApiError::NoMetadata)?;
    let behind = PLACES.iter().find_map(|place| uri.path().strip_prefix(place)).unwrap_or_default();
    if !behind.is_empty() && behind != metadata.path() {
        return Ok(error::not_found().await.into_response());
    }
    Ok(([kept(&service)], Json(metadata)).into_response())
}

/// That an answer may be kept by anybody, and for how long.
fn kept(service: &Service) -> (header::HeaderName, String) {
    (header::CACHE_CONTROL, format!("public, max-age={}", service.keys_max_age.as_secs()))
}
