//! JSON Web Keys (RFC 7517): public, private, and sets of public ones.

mod parameters;
mod private;
mod raw;
mod set;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub(crate) use parameters::PublicParameters;
pub use private::PrivateJwk;
pub(crate) use raw::RawJwk;
pub(crate) use set::elements;
pub use set::{JwkSet, JwkSetError};

use crate::{Algorithm, KeyError, json};

/// A public JSON Web Key (RFC 7517 §4) of type `RSA`, `EC`, `OKP` or `AKP`.
///
/// Private parameters are dropped when one is read, so what is written can be published.
///
/// ```
/// use countersign_jwt::Jwk;
///
/// let jwk = Jwk::from_json(
///     r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
/// )?;
/// assert_eq!(jwk.thumbprint()?, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// # Ok::<(), countersign_jwt::KeyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    parameters: PublicParameters,
    /// Everything else, as it is written.
    metadata: Metadata,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Metadata {
    key_type: String,
    curve: Option<String>,
    key_id: Option<String>,
    algorithm: Option<String>,
    public_key_use: Option<String>,
    key_operations: Option<Vec<String>>,
}

impl Jwk {
    /// Reads a JSON Web Key.
    ///
    /// # Errors
    /// [`KeyError::Jwk`] when `text` is not strict JSON, lacks a parameter of its `kty` or holds one in a wrong form,
    /// and for a `kty` that has no public keys or is not known.
    pub fn from_json(text: &str) -> Result<Self, KeyError> {
        let raw =
            json::from_str(text).map_err(|_| KeyError::Jwk { reason: "not a JSON object of strings" })?;
        Self::from_raw(&raw)
    }

    pub(crate) fn from_raw(raw: &RawJwk) -> Result<Self, KeyError> {
        let metadata = Metadata {
            key_type: raw.kty.clone(),
            curve: raw.curve_name().map(str::to_owned),
            key_id: raw.kid.clone(),
            algorithm: raw.alg.clone(),
            public_key_use: raw.public_key_use.clone(),
            key_operations: raw.key_ops.clone(),
        };
        Ok(Self { parameters: raw.public_parameters()?, metadata })
    }

    pub(crate) fn to_raw(&self) -> RawJwk {
        let mut raw = RawJwk {
            kty: self.metadata.key_type.clone(),
            crv: self.metadata.curve.clone(),
            kid: self.metadata.key_id.clone(),
            alg: self.metadata.algorithm.clone(),
            public_key_use: self.metadata.public_key_use.clone(),
            key_ops: self.metadata.key_operations.clone(),
            ..RawJwk::default()
        };
        raw.set_public_parameters(&self.parameters);
        raw
    }

    /// The key of a verifier: `use` is `sig`, `alg` the one algorithm it is bound to.
    pub(crate) fn for_verifying(
        algorithm: Algorithm,
        key_id: Option<&str>,
        parameters: PublicParameters,
    ) -> Self {
        let metadata = Metadata {
            key_type: algorithm.key_type().to_owned(),
            curve: algorithm.curve().map(str::to_owned),
            key_id: key_id.map(str::to_owned),
            algorithm: Some(algorithm.name().to_owned()),
            public_key_use: Some("sig".to_owned()),
            key_operations: None,
        };
        Self { parameters, metadata }
    }

    pub(crate) fn parameters(&self) -> &PublicParameters {
        &self.parameters
    }

    pub(crate) fn default_algorithm(&self) -> Result<Algorithm, KeyError> {
        self.to_raw().default_algorithm()
    }

    pub(crate) fn permits(&self, algorithm: Algorithm, operation: &'static str) -> Result<(), KeyError> {
        self.to_raw().permits(algorithm, operation)
    }

    /// `kty` (RFC 7517 §4.1).
    #[must_use]
    pub fn key_type(&self) -> &str {
        &self.metadata.key_type
    }

    /// `crv` (RFC 7518 §6.2.1.1), where the key type has curves.
    #[must_use]
    pub fn curve(&self) -> Option<&str> {
        self.metadata.curve.as_deref()
    }

    /// `kid` (RFC 7517 §4.5).
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.metadata.key_id.as_deref()
    }

    /// `alg` (RFC 7517 §4.4), as it stands there, known or not.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.metadata.algorithm.as_deref()
    }

    /// The SHA-256 thumbprint (RFC 7638) in base64url: the same key has the same thumbprint wherever it is.
    ///
    /// # Errors
    /// [`KeyError::JwkAlgorithm`] for an `AKP` key without `alg`, which is part of the thumbprint (RFC 9964).
    pub fn thumbprint(&self) -> Result<String, KeyError> {
        self.to_raw().thumbprint()
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_raw().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_raw(&RawJwk::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VerifyingKey;

    /// RFC 7517 §4: members that are not understood are ignored; RFC 7638 §3.2: only the required ones are hashed.
    #[test]
    fn a_curve_on_a_key_of_a_type_without_curves_means_nothing() {
        let plain =
            VerifyingKey::from_pem(Algorithm::Rs256, include_str!("../../tests/data/keys/rsa-spki.pem"));
        let plain = plain.unwrap().to_jwk().unwrap();
        let text = serde_json::to_string(&plain).unwrap().replacen('{', r#"{"crv":"P-256","#, 1);
        let with_curve = Jwk::from_json(&text).unwrap();
        assert_eq!(with_curve.thumbprint(), plain.thumbprint());
        assert_eq!(with_curve.curve(), None);
        assert_eq!(VerifyingKey::from_jwk(&with_curve).unwrap().algorithm(), Algorithm::Rs256);
    }

    #[test]
    fn the_thumbprint_is_over_json_whatever_the_alg_of_the_key() {
        let with_quote = r#"{"kty":"AKP","alg":"a\"b","pub":"AAAA"}"#;
        let hashed = r#"{"alg":"a\"b","kty":"AKP","pub":"AAAA"}"#;
        let expected = crate::base64url::encode(<sha2::Sha256 as sha2::Digest>::digest(hashed));
        assert_eq!(Jwk::from_json(with_quote).unwrap().thumbprint(), Ok(expected));
    }
}
