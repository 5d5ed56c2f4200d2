//! Who sends a request, by the access token alone.

use std::sync::Arc;

use axum::http::request::Parts;
use countersign::{Guard, JwtStrategy, Strategy, jwt::Verified, session::SessionId};

use crate::{app::Service, flow::AccessClaims};

/// The bearer of an access token of the service's own.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    pub(super) user_id: String,
    pub(super) email: String,
    /// `None` for a token that an operator has signed.
    pub(super) session_id: Option<SessionId>,
}

/// Lets bearers of the service's own access tokens pass. It asks no database.
pub(super) fn guard(service: &Service) -> Guard<impl Strategy<Identity = Bearer> + use<>> {
    let verifier = service.accounts.tokens.verifier().leeway(service.leeway);
    let strategy = JwtStrategy::new(verifier, Arc::clone(&service.keys))
        .clock(Arc::clone(&service.clock))
        .revocation(&service.accounts.revocations, service.staleness)
        .validate(async |token: Verified<AccessClaims>, _: &Parts| {
            let user_id = token.subject()?.to_owned();
            let AccessClaims { email, sid: session_id, .. } = token.into_claims();
            Some(Bearer { user_id, email, session_id })
        });
    Guard::required(strategy)
}
