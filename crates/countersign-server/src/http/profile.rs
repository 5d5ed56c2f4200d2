//! Who the bearer is, by the token alone.

use std::sync::Arc;

use axum::{
    Json,
    http::{header, request::Parts},
    response::IntoResponse,
};
use countersign::{Authenticated, Guard, JwtStrategy, Strategy, jwt::Verified};
use serde::Serialize;

use crate::{app::Service, flow::AccessClaims};

/// A user, as the service tells about one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub(super) user_id: String,
    pub(super) email: String,
}

/// Lets bearers of the service's own access tokens pass. It asks no database.
pub(super) fn guard(service: &Service) -> Guard<impl Strategy<Identity = Profile>> {
    let verifier = service.tokens.verifier().leeway(service.leeway);
    let strategy = JwtStrategy::new(verifier, Arc::clone(&service.keys))
        .clock(Arc::clone(&service.clock))
        .validate(async |token: Verified<AccessClaims>, _: &Parts| {
            let user_id = token.subject()?.to_owned();
            Some(Profile { user_id, email: token.into_claims().email })
        });
    Guard::required(strategy)
}

/// `GET /profile`: whom the token speaks for.
pub(super) async fn show(user: Authenticated<Profile>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(Profile::clone(&user)))
}
