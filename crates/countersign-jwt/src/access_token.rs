//! The claims of an access token in the JWT profile (RFC 9068 §2.2).

use serde::{Deserialize, Serialize};

use crate::NumericDate;

/// The claims of an access token beyond the registered ones (RFC 9068 §2.2).
///
/// Sign them with [`Signer::access_tokens`](crate::Signer::access_tokens) and a subject, verify them with
/// [`Verifier::access_tokens`](crate::Verifier::access_tokens). An application that needs more claims embeds them in a
/// type of its own with `#[serde(flatten)]`, or writes its own type with a `client_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessTokenClaims {
    /// The client that asked for the token (RFC 8693 §4.3).
    pub client_id: String,
    /// What the token permits, names with spaces between them (RFC 8693 §4.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When the user proved who they are (OpenID Connect Core §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<NumericDate>,
    /// How strong that proof was (OpenID Connect Core §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By what means it was given (RFC 8176).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    /// The session the token belongs to (OpenID Connect Front-Channel Logout §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

impl AccessTokenClaims {
    /// Claims of a token that `client_id` asked for; the rest is absent.
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), scope: None, auth_time: None, acr: None, amr: None, sid: None }
    }

    /// The names in `scope`.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.as_deref().unwrap_or_default().split(' ').filter(|name| !name.is_empty())
    }
}
