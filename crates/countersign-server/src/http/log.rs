//! One line for each request: what was asked and how it ended, never what was in it.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use tokio::time::Instant;

/// Logs the method, the route (not the path: a path can hold anything, and so can a query), the status and the time.
pub(super) async fn log_request(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    let response = next.run(request).await;
    tracing::info!(
        %method,
        route = route.as_ref().map_or("(none)", MatchedPath::as_str),
        status = response.status().as_u16(),
        milliseconds = begun.elapsed().as_micros() as f64 / 1000.0,
        "answered"
    );
    response
}
