//! JSON bodies in: small, strict, and never quoted back.

use std::time::Duration;

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use countersign::jwt::json;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::error::{ApiError, BodyError};

/// The largest body: an address and a password, several times over.
const LIMIT: usize = 16 * 1024;

/// How long a client may take to send it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a body has to look like, for whoever sends another one.
pub(super) trait Shape: DeserializeOwned {
    /// For instance `{"email": "..", "password": ".."}`.
    const SHAPE: &'static str;
}

/// A request's JSON body, read by the strict reader of the token core: no member twice, none that is not known.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: Shape, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(BodyError::MediaType.into());
        }
        let body = Limited::new(request.into_body(), LIMIT).collect();
        let body = match tokio::time::timeout(TIMEOUT, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(BodyError::TooLarge.into()),
            Ok(Err(_)) => return Err(BodyError::BrokenOff.into()),
            Err(_) => return Err(BodyError::TooSlow.into()),
        };
        json::from_slice(&body)
            .map(Self)
            .map_err(|error| BodyError::Malformed { shape: T::SHAPE, error }.into())
    }
}

/// Whether the body says that it is `application/json` (RFC 8259 §11), with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let essence = only.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
