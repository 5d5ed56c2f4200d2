//! JSON bodies in: strict, and never quoted back.

use axum::extract::{FromRequest, Request};
use countersign::jwt::json;
use serde::de::DeserializeOwned;

use super::{
    body,
    error::{ApiError, BodyError},
};

/// What a body has to look like, for whoever sends another one.
pub(super) trait Shape: DeserializeOwned {
    /// For instance `{"email": "..", "password": ".."}`.
    const SHAPE: &'static str;
}

/// A request's JSON body (RFC 8259 §11), read by the strict reader of the token core: no member twice, none that is not known.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: Shape, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !body::is(request.headers(), "application/json") {
            return Err(BodyError::MediaType.into());
        }
        let body = body::read(request).await?;
        json::from_slice(&body)
            .map(Self)
            .map_err(|error| BodyError::Malformed { shape: T::SHAPE, error }.into())
    }
}
