//! Reading with reqwest and rustls.

use std::fmt;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Response, Uri};
use reqwest::Client;
use zeroize::Zeroizing;

use super::{Chunks, Connect};
use crate::jwks::{FetchError, ReqwestFetch, StartError};

/// Reads revocations over HTTP/1.1 with reqwest and rustls: no redirects, no proxy, no cookies.
#[derive(Clone)]
pub struct ReqwestConnect {
    client: Client,
    authorization: Option<HeaderValue>,
}

impl ReqwestConnect {
    /// A client that believes the root certificates of the operating system and presents this key, which the issuer has given
    /// to its readers, as `Authorization: Bearer`.
    ///
    /// # Errors
    /// [`StartError::Client`], when there are no root certificates or the key cannot stand in a header.
    pub fn new(key: &str) -> Result<Self, StartError> {
        Self::with(ReqwestFetch::new()?, key)
    }

    /// The same, for an issuer on this machine: it believes nobody's certificate, and needs none for `http`.
    ///
    /// # Errors
    /// [`StartError::Client`], when the key cannot stand in a header.
    pub fn on_loopback(key: &str) -> Result<Self, StartError> {
        Self::with(ReqwestFetch::without_roots()?, key)
    }

    fn with(fetch: ReqwestFetch, key: &str) -> Result<Self, StartError> {
        let line = Zeroizing::new(format!("Bearer {key}"));
        let reason = "the key cannot stand in a header".to_owned();
        let mut authorization = HeaderValue::try_from(&*line).map_err(|_| StartError::Client { reason })?;
        authorization.set_sensitive(true);
        Ok(Self { client: fetch.into_client(), authorization: Some(authorization) })
    }
}

impl Connect for ReqwestConnect {
    type Body = ReqwestBody;

    async fn get(&self, url: &Uri, last_event_id: Option<&str>) -> Result<Response<ReqwestBody>, FetchError> {
        let mut request = self.client.get(url.to_string());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let mut answer =
            request.send().await.map_err(|error| FetchError::unreachable(&error.without_url()))?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let mut response = Response::new(ReqwestBody(answer));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// The body of an answer.
#[derive(Debug)]
pub struct ReqwestBody(reqwest::Response);

impl Chunks for ReqwestBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        self.0.chunk().await.map_err(|error| FetchError::unreachable(&error.without_url()))
    }
}

impl fmt::Debug for ReqwestConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestConnect").finish_non_exhaustive()
    }
}
