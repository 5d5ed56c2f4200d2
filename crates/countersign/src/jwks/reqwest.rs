//! Fetching with reqwest and rustls.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

use super::fetch::causes;
use super::{Fetch, FetchError, StartError};
use crate::strategy::Introspect;

/// Fetches over HTTP/1.1 with reqwest and rustls: no redirects, no proxy, no cookies.
#[derive(Clone, Debug)]
pub struct ReqwestFetch {
    client: Client,
}

impl ReqwestFetch {
    /// A client that believes the root certificates of the operating system.
    ///
    /// # Errors
    /// [`StartError::Client`], when there are none.
    pub fn new() -> Result<Self, StartError> {
        Self::build(Self::builder())
    }

    /// A client that believes nobody's certificate: for `http` on loopback.
    pub(crate) fn without_roots() -> Result<Self, StartError> {
        Self::build(Self::builder().tls_certs_only([]))
    }

    /// For other things that are read from an issuer by the same rules.
    #[cfg(feature = "revocation-reqwest")]
    pub(crate) fn into_client(self) -> Client {
        self.client
    }

    fn builder() -> ClientBuilder {
        Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(0)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
    }

    fn build(builder: ClientBuilder) -> Result<Self, StartError> {
        let failed = |error: reqwest::Error| StartError::Client { reason: causes(&error) };
        builder.build().map(|client| Self { client }).map_err(failed)
    }
}

impl Fetch for ReqwestFetch {
    async fn get(&self, url: &Uri, limit: usize) -> Result<Response<Bytes>, FetchError> {
        let accepted = "application/jwk-set+json, application/json;q=0.9, */*;q=0.1";
        let request = self.client.get(url.to_string()).header(http::header::ACCEPT, accepted);
        read(request.send().await.map_err(unreachable)?, limit).await
    }
}

impl Introspect for ReqwestFetch {
    async fn post(&self, request: Request<Bytes>, limit: usize) -> Result<Response<Bytes>, FetchError> {
        let request = reqwest::Request::try_from(request).map_err(unreachable)?;
        read(self.client.execute(request).await.map_err(unreachable)?, limit).await
    }
}

/// Without the URL, which is known and may hold a password.
fn unreachable(error: reqwest::Error) -> FetchError {
    FetchError::unreachable(&error.without_url())
}

/// The whole answer, if it is not too large.
async fn read(mut answer: reqwest::Response, limit: usize) -> Result<Response<Bytes>, FetchError> {
    if answer.content_length().is_some_and(|length| length > limit as u64) {
        return Err(FetchError::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if chunk.len() > limit - body.len() {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
