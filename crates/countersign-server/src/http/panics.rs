//! A handler that panics: a mistake of ours that costs one answer, not the connection and whoever else uses it.

use std::panic::AssertUnwindSafe;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;

use super::error::ApiError;

/// Answers 500 in place of a handler that has panicked. What it panicked with is told to nobody here: where it happened,
/// [the log](crate::logging) says.
pub(super) async fn answer_panics(request: Request, next: Next) -> Response {
    // What a handler shares with others stands behind locks and channels, which know of panics themselves.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => ApiError::Panicked.into_response(),
    }
}
