//! A token in a field of a form (RFC 6750 §2.2).

use std::fmt;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderValue, Method};

use super::body::{Fields, MediaType};
use crate::challenge::Scheme;
use crate::extract_jwt::ExtractError;
use crate::strategy::{AuthError, Authentication, BodyStrategy, Rejection, Strategy};

/// Reads the token from a field of a form, and asks a strategy of bearer tokens about it: see
/// [`ExtractJwt::form`](crate::ExtractJwt::form).
pub struct FormToken<T> {
    strategy: T,
    field: &'static str,
    body_limit: usize,
}

impl<T> FormToken<T> {
    pub(crate) fn new(field: &'static str, strategy: T) -> Self {
        Self { strategy, field, body_limit: 64 * 1024 }
    }

    /// The most bytes of a body that are read: 64 KiB if not said otherwise.
    #[must_use]
    pub fn body_limit(self, bytes: usize) -> Self {
        Self { body_limit: bytes, ..self }
    }
}

impl<T: Strategy> BodyStrategy for FormToken<T> {
    type Identity = T::Identity;

    fn name(&self) -> &'static str {
        self.strategy.name()
    }

    fn schemes(&self) -> &[Scheme] {
        self.strategy.schemes()
    }

    /// Nothing is read of what is no form, nor of a form that came with a header of its own: a client must not use more than
    /// one way (RFC 6750 §2).
    fn body_limit(&self, head: &Parts) -> Result<usize, AuthError> {
        let is_form = matches!(MediaType::of(head), Ok(MediaType::Form));
        if !is_form || matches!(head.method, Method::GET | Method::HEAD) {
            let detail = "The token is sent in a form, application/x-www-form-urlencoded.";
            return Err(Rejection::unsupported_media_type("media_type_unsupported", detail).into());
        }
        match head.headers.contains_key(AUTHORIZATION) {
            true => Err(ExtractError::SeveralPlaces.into()),
            false => Ok(self.body_limit),
        }
    }

    async fn authenticate(
        &self,
        head: &Parts,
        body: &Bytes,
    ) -> Result<Authentication<T::Identity>, AuthError> {
        let mut fields = Fields::read(MediaType::Form, body)?;
        if !fields.has(self.field) {
            return Err(AuthError::NoCredentials);
        }
        let token = fields.take(self.field)?;
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ExtractError::Malformed)?;
        bearer.set_sensitive(true);
        let mut head = head.clone();
        head.headers.insert(AUTHORIZATION, bearer);
        self.strategy.authenticate(&head).await
    }
}

impl<T: fmt::Debug> fmt::Debug for FormToken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormToken")
            .field("strategy", &self.strategy)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}
