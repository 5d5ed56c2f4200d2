//! What the service tells about itself to whoever knows nothing but its issuer (RFC 8414).

use countersign::jwt::SigningKey;
use serde::Serialize;

use crate::issuer_url::IssuerUrl;

/// Where the public keys are. A shared secret has none.
pub(crate) const JWKS: &str = "/.well-known/jwks.json";
/// The token endpoint of the one grant there is (RFC 6749 §6).
pub(crate) const REFRESH: &str = "/auth/refresh";
/// RFC 7009.
pub(crate) const REVOKE: &str = "/auth/revoke";

/// The well-known names under which the metadata is published: its own, and the older one, which many verifiers ask for and
/// nothing else. RFC 8414 §3 and §5 allow both.
pub(crate) const PLACES: [&str; 2] =
    ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// The metadata of an authorization server (RFC 8414 §2): what this one has, and nothing that it has not.
#[derive(Debug, Serialize)]
pub(crate) struct Metadata {
    /// The path of the issuer.
    #[serde(skip)]
    path: String,
    /// The `iss` of its tokens, to the letter.
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    token_endpoint: String,
    grant_types_supported: [&'static str; 1],
    /// Clients are public: whoever has a token may use it up, or revoke it.
    token_endpoint_auth_methods_supported: [&'static str; 1],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    /// There is no authorization endpoint, and the member is required.
    response_types_supported: [&'static str; 0],
}

impl Metadata {
    /// The metadata of the issuer with this name and address, whose tokens this key signs.
    pub(crate) fn new(issuer: &str, url: &IssuerUrl, signing: &SigningKey) -> Self {
        Self {
            path: url.path().to_owned(),
            issuer: issuer.to_owned(),
            jwks_uri: (!signing.algorithm().is_symmetric()).then(|| url.of(JWKS)),
            token_endpoint: url.of(REFRESH),
            grant_types_supported: ["refresh_token"],
            token_endpoint_auth_methods_supported: ["none"],
            revocation_endpoint: url.of(REVOKE),
            revocation_endpoint_auth_methods_supported: ["none"],
            response_types_supported: [],
        }
    }

    /// The path of the issuer, by which the metadata is asked for too (RFC 8414 §3.1); mostly empty.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}
