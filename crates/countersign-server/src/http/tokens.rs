//! How tokens come in and go out.
//!
//! A client keeps its refresh token where the login put it: in the body of the answer, or in a cookie. What came in a
//! body is answered in a body, what came in a cookie in a cookie, so no script of a page gets a token out of its cookie.

use std::sync::Arc;

use axum::{
    Json, RequestExt as _,
    body::HttpBody as _,
    extract::{FromRequest, Request},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use countersign::{
    csrf,
    jwt::{Clock as _, NumericDate},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    error::ApiError,
    form::RefreshForm,
    json::{JsonBody, Shape},
};
use crate::{
    app::{Cookies, Service},
    flow::TokenPair,
};

/// Where a client keeps its refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    /// It is handed the token, and keeps it where it likes.
    #[default]
    Body,
    /// The browser keeps it, and shows it to no script.
    Cookie,
}

impl Place {
    /// Whether a request may use this place: the cookie is for pages of the configured origins.
    pub(super) fn check(self, head: &Parts, service: &Service) -> Result<(), ApiError> {
        match self {
            Self::Body => Ok(()),
            Self::Cookie => {
                let cookies = service.cookies.as_ref().ok_or(ApiError::NoCookies)?;
                Ok(csrf::check(head, &cookies.policy)?)
            }
        }
    }

    /// The cookie to write to, if this is the place.
    fn cookies(self, service: &Service) -> Option<&Cookies> {
        service.cookies.as_ref().filter(|_| self == Self::Cookie)
    }
}

/// The body of a refresh and of a logout; none where the token is in the cookie.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    refresh_token: Option<Zeroizing<String>>,
}

impl Shape for Body {
    const SHAPE: &'static str = r#"{"refresh_token": ".."}"#;
}

/// The refresh token of a request, not verified, and where it was found.
pub(super) struct Presented {
    /// `None` where it may be in the cookie, and there is none.
    pub(super) token: Option<Zeroizing<String>>,
    pub(super) place: Place,
}

impl From<RefreshForm> for Presented {
    fn from(RefreshForm { token }: RefreshForm) -> Self {
        Self { token: Some(token), place: Place::Body }
    }
}

impl FromRequest<Arc<Service>> for Presented {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, service: &Arc<Service>) -> Result<Self, ApiError> {
        let head = request.extract_parts::<Parts>().await.unwrap_or_else(|never| match never {});
        if !request.body().is_end_stream() {
            let JsonBody(body) = JsonBody::<Body>::from_request(request, service).await?;
            if body.refresh_token.is_some() {
                return Ok(Self { token: body.refresh_token, place: Place::Body });
            }
        }
        let Some(cookies) = &service.cookies else { return Err(ApiError::RefreshTokenMissing) };
        let token = cookies.cookie.read(&head.headers)?.map(|token| Zeroizing::new(token.to_owned()));
        match Place::Cookie.check(&head, service) {
            // Who sends neither a token nor what pages send has forgotten the token, and is told so.
            Err(_) if token.is_none() => Err(ApiError::RefreshTokenMissing),
            checked => checked.map(|()| Self { token, place: Place::Cookie }),
        }
    }
}

/// RFC 6749 §5.1 asks for both.
pub(super) const NO_STORE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");
const NO_CACHE: (header::HeaderName, &str) = (header::PRAGMA, "no-cache");

#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

/// A token response (RFC 6749 §5.1), the refresh token in its place. The cookie is set with every answer, the repeated one
/// included: the browser that lost an answer lost the cookie with it.
pub(super) fn answer(pair: &TokenPair, place: Place, service: &Service) -> Response {
    let cookies = place.cookies(service);
    let TokenPair { access, refresh } = pair;
    let body = TokenResponse {
        access_token: access.as_str(),
        token_type: "Bearer",
        expires_in: access.expires_in().as_secs(),
        refresh_token: cookies.is_none().then(|| refresh.token.as_str()),
    };
    let mut response = ([NO_STORE, NO_CACHE], Json(body)).into_response();
    if let Some(Cookies { cookie, .. }) = cookies {
        let now: NumericDate = service.clock.now();
        let cookie = cookie.set(&refresh.token, refresh.session.ends_at().since(now));
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Has the browser forget a token that is good for nothing any more, if it keeps one.
pub(super) fn forget(mut response: Response, place: Place, service: &Service) -> Response {
    if let Some(Cookies { cookie, .. }) = place.cookies(service) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clear());
    }
    response
}

/// Where a request that was let in by its access token keeps its refresh token, as far as one can see.
pub(super) fn place_of(headers: &HeaderMap, service: &Service) -> Place {
    let has_cookie = |cookies: &Cookies| !matches!(cookies.cookie.read(headers), Ok(None));
    match service.cookies.as_ref().is_some_and(has_cookie) {
        true => Place::Cookie,
        false => Place::Body,
    }
}
