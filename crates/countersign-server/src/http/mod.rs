//! HTTP in, HTTP out. Every route of the service is one line of `routes`, with who may ask for it.

use std::sync::Arc;

use axum::{Router, http::Request, middleware};
use countersign::{
    Routes, Strategy,
    routes::{Explanation, any, delete, get, post},
};

use crate::{app::Service, metadata};

mod auth;
mod bearer;
mod body;
mod device;
mod error;
mod form;
mod health;
mod json;
mod log;
mod panics;
mod profile;
mod revocations;
mod server;
mod sessions;
mod status_lists;
mod tokens;
mod well_known;

pub(crate) use revocations::Telling;
pub use server::{Ending, serve};

/// The routes of the service, to be served or mounted in another axum application.
pub fn router(service: Arc<Service>) -> Router {
    routes(&service).with_state::<()>(service).into_router()
}

/// What would become of this request, and why. Nothing of it is done.
pub(crate) async fn explain(service: Service, request: Request<()>) -> Explanation {
    let service = Arc::new(service);
    routes(&service).with_state(service).explain(request).await
}

fn routes(service: &Service) -> Routes<impl Strategy<Identity = bearer::Bearer> + use<>, Arc<Service>> {
    let mut routes = Routes::new(bearer::guard(service));
    if let Some(telling) = &service.telling {
        let guard = || revocations::guard(telling);
        routes = routes
            .route("/auth/revocations", get(revocations::snapshot).authenticated_by(guard()))
            .route("/auth/revocations/feed", get(revocations::feed).authenticated_by(guard()));
    }
    if service.accounts.tokens.status_lists().is_some() {
        routes = routes.route("/auth/status-lists/{number}", get(status_lists::show).public());
    }
    for place in metadata::PLACES {
        routes = routes.route(place, get(well_known::metadata).public());
        if service.metadata.as_ref().is_some_and(|metadata| !metadata.path().is_empty()) {
            routes = routes.route(&format!("{place}/{{*path}}"), get(well_known::metadata).public());
        }
    }
    routes
        .route("/auth/register", post(auth::register).public())
        .route("/auth/login", post(auth::login).public())
        .route(metadata::REFRESH, post(auth::refresh).public())
        .route("/auth/logout", post(auth::log_out).public())
        .route(metadata::REVOKE, post(auth::revoke).public())
        .route("/auth/logout/others", post(auth::log_out_others).authenticated())
        .route("/auth/logout/all", post(auth::log_out_all).authenticated())
        .route("/auth/password", post(auth::change_password).authenticated())
        .route("/auth/sessions", get(sessions::list).authenticated())
        .route("/auth/sessions/{id}", delete(sessions::end).authenticated())
        .route("/profile", get(profile::show).authenticated())
        .route(metadata::JWKS, get(well_known::jwks).public())
        .route("/healthz", get(health::check).public())
        .fallback(any(error::not_found).public())
        .method_not_allowed_fallback(any(error::method_not_allowed).public())
        .layer(middleware::from_fn(panics::answer_panics))
        .layer(middleware::from_fn(log::log_request))
}

#[cfg(test)]
mod tests;
