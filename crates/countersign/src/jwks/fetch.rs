//! The one thing asked of an HTTP client.

use std::error::Error;

use bytes::Bytes;
use http::{Response, Uri};

/// Fetches one document: all that a [`RemoteJwkSet`](super::RemoteJwkSet) asks of an HTTP client.
///
/// With the feature `jwks-reqwest` there is a `ReqwestFetch` over reqwest and rustls; `FakeJwks` of the testkit answers
/// as a test tells it to. Implement it to go through a client of your own, for instance by way of a proxy.
pub trait Fetch: Send + Sync + 'static {
    /// `GET url`: the answer, whatever its status.
    ///
    /// A redirect is an answer like any other and must not be followed: whom a key set is taken from is for the
    /// configuration to say. A body of more than `limit` bytes must not be read to its end. There is no need for a
    /// time limit, since the caller stops waiting and drops the future.
    ///
    /// # Errors
    /// [`FetchError`] when there is no answer, or too much of one.
    fn get(
        &self,
        url: &Uri,
        limit: usize,
    ) -> impl Future<Output = Result<Response<Bytes>, FetchError>> + Send;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection, or it broke before the answer was complete.
    #[error("cannot be reached: {reason}")]
    Unreachable {
        /// What happened, for the operator.
        reason: String,
    },
    /// The body is larger than asked for.
    #[error("the answer is too large")]
    TooLarge,
}

impl FetchError {
    /// No answer, because of `error`; its own causes are told too.
    #[must_use]
    pub fn unreachable(error: &dyn Error) -> Self {
        Self::Unreachable { reason: causes(error) }
    }
}

/// An error and what caused it, in one line.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
