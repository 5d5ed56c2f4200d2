//! One algorithm, one key, one token: the same for every library.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Seconds from `iat` to `exp`.
pub const LIFETIME: u64 = 15 * 60;

/// What every contender is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// The JWS `alg`.
    pub algorithm: String,
    /// The key, in the forms that libraries read.
    pub keys: Keys,
    /// The `kid` of the header, where the key has one.
    pub key_id: Option<String>,
    /// The claims to sign, and to be found in the token.
    pub claims: Claims,
    /// A good token.
    pub token: String,
    /// Tokens that must be refused, each with what is wrong.
    pub refused: Vec<(String, String)>,
}

/// A key in the forms that libraries read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Keys {
    /// A secret.
    Secret(Vec<u8>),
    /// A key pair.
    Pair {
        /// PKCS#8.
        private_der: Vec<u8>,
        /// PKCS#8 in PEM.
        private_pem: String,
        /// A private JSON Web Key.
        private_jwk: String,
        /// `SubjectPublicKeyInfo` in PEM.
        public_pem: String,
        /// A public JSON Web Key.
        public_jwk: String,
    },
}

/// The claims of the token: all registered but `email`, which is the application's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// `aud`
    pub audience: String,
    /// `jti`
    pub token_id: String,
    /// `email`
    pub email: String,
    /// `iat` of the good token; whoever signs asks the clock.
    pub issued_at: u64,
}

/// What a library says it found in the good token.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// `aud`
    pub audience: String,
    /// `jti`
    pub token_id: String,
    /// `email`
    pub email: String,
    /// `exp`
    pub expires_at: u64,
    /// `iat`
    pub issued_at: u64,
}

impl Task {
    /// What must be found in the good token.
    #[must_use]
    pub fn expected(&self) -> Seen {
        let claims = self.claims.clone();
        Seen {
            issuer: claims.issuer,
            subject: claims.subject,
            audience: claims.audience,
            token_id: claims.token_id,
            email: claims.email,
            expires_at: claims.issued_at + LIFETIME,
            issued_at: claims.issued_at,
        }
    }
}

/// The time, for libraries whose interface leaves asking for it to the caller.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "an application would ask the system's clock here")]
pub fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
