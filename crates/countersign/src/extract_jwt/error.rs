//! Why there is no token.

use crate::csrf::CsrfError;

/// Why what was presented is not a token. No variant holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// More than one `Authorization` header.
    #[error("more than one Authorization header")]
    Repeated,
    /// The header, parameter or subprotocol that holds the token is there more than once.
    #[error("what holds the token is there more than once")]
    PlaceRepeated,
    /// Tokens in more than one place (RFC 6750 §2).
    #[error("tokens were presented in more than one place")]
    SeveralPlaces,
    /// The header does not begin with the name of a scheme, or is not ASCII.
    #[error("the Authorization header is not a scheme and its credentials")]
    NoScheme,
    /// Nothing follows the scheme.
    #[error("no token follows the scheme")]
    Empty,
    /// What follows the scheme is not one token (`b64token`, RFC 6750 §2.1).
    #[error("what follows the scheme is not exactly one token")]
    NotOneToken,
    /// What stands where the token should is not one token (`b64token`, RFC 6750 §2.1).
    #[error("what stands in the place of the token is not exactly one token")]
    Malformed,
    /// The request may not use its cookie.
    #[error(transparent)]
    Csrf(CsrfError),
}

impl ExtractError {
    /// The stable code: `credentials_repeated`, `credentials_malformed` or that of the [`CsrfError`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Repeated | Self::PlaceRepeated | Self::SeveralPlaces => "credentials_repeated",
            Self::NoScheme | Self::Empty | Self::NotOneToken | Self::Malformed => "credentials_malformed",
            Self::Csrf(error) => error.code(),
        }
    }
}
