//! What is asked of an HTTP client.

use bytes::Bytes;
use http::{Response, Uri};

use crate::jwks::FetchError;

/// Reads from an issuer: all that a [`RemoteRevocations`](super::RemoteRevocations) asks of an HTTP client.
///
/// With the feature `revocation-reqwest` there is a `ReqwestConnect` over reqwest and rustls; `FakeRevocations` of the testkit
/// answers as a test tells it to.
pub trait Connect: Send + Sync + 'static {
    /// The body of an answer.
    type Body: Chunks;

    /// `GET url`, with the header `Last-Event-ID` where there is one: the head of the answer, whatever its status, and a body
    /// that is read while it comes. Whatever the issuer asks its readers for (a key, a certificate) is for the client to add.
    ///
    /// A redirect is an answer like any other and must not be followed. There is no need for a time limit, since the caller
    /// stops waiting and drops the future.
    ///
    /// # Errors
    /// [`FetchError`] when there is no answer.
    fn get(
        &self,
        url: &Uri,
        last_event_id: Option<&str>,
    ) -> impl Future<Output = Result<Response<Self::Body>, FetchError>> + Send;
}

/// A body, piece by piece.
pub trait Chunks: Send {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`FetchError`] when the connection broke.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, FetchError>> + Send;
}
