//! Why a key set could not be refreshed.

use http::StatusCode;

use super::{FetchError, LocationError};
use crate::jwt::{JwkSetError, json};

/// Why a key set could not be refreshed. The keys that were there before are used on, until they are stale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// There was no answer.
    #[error("the issuer {0}")]
    Fetch(#[from] FetchError),
    /// The answer did not come in time.
    #[error("the issuer did not answer in time")]
    TimedOut,
    /// The answer is larger than is read.
    #[error("the issuer's answer is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that are read.
        limit: usize,
    },
    /// The answer sends us elsewhere, where we do not go.
    #[error("the issuer answered with a redirect ({0}), which is not followed")]
    Redirect(StatusCode),
    /// The answer has another status than 200.
    #[error("the issuer answered {0}")]
    Status(StatusCode),
    /// The answer is not text in UTF-8.
    #[error("the issuer's answer is not UTF-8")]
    NotText,
    /// The answer is not a JWK Set (RFC 7517 §5).
    #[error("the issuer's answer is {0}")]
    NotAKeySet(#[from] JwkSetError),
    /// There is no key in the set with which a signature can be verified.
    #[error("the issuer's key set has no key that can be used, and {skipped} that cannot")]
    NoUsableKey {
        /// How many keys there are that cannot be used.
        skipped: usize,
    },
    /// The issuer's metadata cannot be read (OpenID Connect Discovery §3, RFC 8414 §2).
    #[error("the issuer's metadata is not an object with `issuer` and `jwks_uri`: {0}")]
    Metadata(json::Error),
    /// The metadata is that of another issuer than the one that was asked for (RFC 8414 §3.3).
    #[error("the issuer's metadata names another issuer")]
    OtherIssuer,
    /// The metadata leads to a URL that is not accepted, or from `https` to `http`.
    #[error("the `jwks_uri` in the issuer's metadata is not accepted: {0}")]
    KeySetUrl(LocationError),
    /// The set was closed, or the runtime of its task has ended.
    #[error("the key set is closed")]
    Closed,
}

impl RefreshError {
    /// A name for the case that stays the same from version to version.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "issuer_unreachable",
            Self::TimedOut => "issuer_timed_out",
            Self::TooLarge { .. } => "answer_too_large",
            Self::Redirect(_) => "answer_redirect",
            Self::Status(_) => "answer_status",
            Self::NotText => "answer_not_text",
            Self::NotAKeySet(_) => "key_set_invalid",
            Self::NoUsableKey { .. } => "key_set_without_key",
            Self::Metadata(_) => "metadata_invalid",
            Self::OtherIssuer => "metadata_other_issuer",
            Self::KeySetUrl(_) => "metadata_url_refused",
            Self::Closed => "key_set_closed",
        }
    }

    /// Whether the document may be somewhere else: this place has none, or something else. In front of an issuer that has a
    /// path stands a proxy, which may answer anything for a path that is not the issuer's.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Redirect(_) | Self::NotText | Self::Metadata(_))
    }
}
