//! A private or symmetric JSON Web Key.

use std::fmt;

use zeroize::Zeroizing;

use super::RawJwk;
use crate::{KeyError, json};

/// A private or symmetric JSON Web Key (RFC 7518 §6).
///
/// It is not `Serialize` and its `Debug` shows no secret: only [`PrivateJwk::to_json`] writes it.
///
/// ```
/// use countersign_jwt::{Algorithm, PrivateJwk, SigningKey};
///
/// let text = SigningKey::generate(Algorithm::Es256)?.to_jwk()?.to_json();
/// let key = SigningKey::from_jwk(&PrivateJwk::from_json(&text)?)?;
/// assert_eq!(key.algorithm(), Algorithm::Es256);
/// # Ok::<(), countersign_jwt::KeyError>(())
/// ```
pub struct PrivateJwk {
    raw: RawJwk,
}

impl PrivateJwk {
    /// Reads a JSON Web Key. That it is complete shows when a key is made from it.
    ///
    /// # Errors
    /// [`KeyError::Jwk`] when `text` is not strict JSON or a member has a wrong type.
    pub fn from_json(text: &str) -> Result<Self, KeyError> {
        let raw =
            json::from_str(text).map_err(|_| KeyError::Jwk { reason: "not a JSON object of strings" })?;
        Ok(Self { raw })
    }

    /// The key as JSON, with everything that is secret in it.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<String> {
        Zeroizing::new(serde_json::to_string(&self.raw).unwrap_or_default())
    }

    pub(crate) fn from_raw(raw: RawJwk) -> Self {
        Self { raw }
    }

    pub(crate) fn raw(&self) -> &RawJwk {
        &self.raw
    }
}

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateJwk")
            .field("kty", &self.raw.kty)
            .field("kid", &self.raw.kid)
            .field("alg", &self.raw.alg)
            .finish_non_exhaustive()
    }
}
