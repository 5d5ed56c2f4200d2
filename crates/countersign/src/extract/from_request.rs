//! The extractors of axum.

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;

use super::{Authenticated, Cause, MaybeAuthenticated, NotAuthenticated};
use crate::passage::Passage;
use crate::problem::Problem;
use crate::strategy::AuthError;

impl<I, S> FromRequestParts<S> for Authenticated<I>
where
    I: Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Response> {
        Self::from_extensions(&head.extensions).map_err(|error| answer(&error, head))
    }
}

impl<I, S> FromRequestParts<S> for MaybeAuthenticated<I>
where
    I: Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Response> {
        Self::from_extensions(&head.extensions).map_err(|error| answer(&error, head))
    }
}

/// 401 to who has no identity; 500 to all where the application is put together wrongly, and its author is told where.
fn answer(error: &NotAuthenticated, head: &Parts) -> Response {
    if let (Cause::Anonymous, Some(passage)) = (&error.0, head.extensions.get::<Passage>()) {
        return passage.refusal().answer(&AuthError::NoCredentials, head).map(Body::from);
    }
    let route = head.extensions.get::<MatchedPath>().map_or("(unknown)", MatchedPath::as_str);
    tracing::error!(target: "countersign::extract", status = 500, code = "guard_missing", method = %head.method, route, reason = %error, "refused");
    let detail = "The server is put together wrongly: see its log.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "guard_missing", detail).into_response()
}
