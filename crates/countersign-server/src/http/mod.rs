//! HTTP in, HTTP out. Every route of the service is one line of [`router`].

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, post},
};

use crate::app::Service;

mod auth;
mod error;
mod health;
mod json;
mod log;
mod profile;
mod server;
mod well_known;

pub use server::{Ending, serve};

/// The routes of the service, to be served or mounted in another axum application.
pub fn router(service: Arc<Service>) -> Router {
    let bearer = profile::guard(&service);
    Router::new()
        .route("/auth/register", post(auth::register))
        .route("/auth/login", post(auth::login))
        .route("/profile", get(profile::show).route_layer(bearer))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/healthz", get(health::check))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(middleware::from_fn(log::log_request))
        .with_state(service)
}

#[cfg(test)]
mod tests;
