//! HTTP in, HTTP out. Every route of the service is one line of [`router`].

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{delete, get, post},
};

use crate::app::Service;

mod auth;
mod bearer;
mod device;
mod error;
mod health;
mod json;
mod log;
mod panics;
mod profile;
mod server;
mod sessions;
mod tokens;
mod well_known;

pub use server::{Ending, serve};

/// The routes of the service, to be served or mounted in another axum application.
pub fn router(service: Arc<Service>) -> Router {
    let guarded = Router::new()
        .route("/auth/logout/others", post(auth::log_out_others))
        .route("/auth/logout/all", post(auth::log_out_all))
        .route("/auth/password", post(auth::change_password))
        .route("/auth/sessions", get(sessions::list))
        .route("/auth/sessions/{id}", delete(sessions::end))
        .route("/profile", get(profile::show))
        .route_layer(bearer::guard(&service));
    Router::new()
        .route("/auth/register", post(auth::register))
        .route("/auth/login", post(auth::login))
        .route("/auth/refresh", post(auth::refresh))
        .route("/auth/logout", post(auth::log_out))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/healthz", get(health::check))
        .merge(guarded)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(middleware::from_fn(panics::answer_panics))
        .layer(middleware::from_fn(log::log_request))
        .with_state(service)
}

#[cfg(test)]
mod tests;
