//! The public half: a key that verifies.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ED25519, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents,
};

use ed25519_dalek::{Signature, Verifier};

use super::KeyError;
use super::encoding::{self, DerKey};
use super::hmac::HmacKey;
use crate::algorithm::{Algorithm, Scheme};
use crate::jwk::{Jwk, PublicParameters, RawJwk};

/// A key that verifies signatures of one algorithm, prepared once.
///
/// Cloning is cheap: clones share what was prepared.
///
/// ```
/// use countersign_jwt::{Algorithm, SigningKey, VerifyingKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let jwk = key.verifying_key().to_jwk().expect("a public key");
/// let again = VerifyingKey::from_jwk(&jwk)?;
/// assert!(again.verify_bytes(b"message", &key.sign_bytes(b"message")?));
/// # Ok::<(), countersign_jwt::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    key_id: Option<Arc<str>>,
    material: Arc<Material>,
}

/// What a key was prepared into.
pub(super) enum Material {
    Hmac(Arc<HmacKey>),
    Public(Box<PublicKey>),
}

pub(super) struct PublicKey {
    prepared: Prepared,
    parameters: PublicParameters,
}

/// A public key in the form of the library that verifies with it.
enum Prepared {
    AwsLc(ParsedPublicKey),
    Dalek(ed25519_dalek::VerifyingKey),
}

impl VerifyingKey {
    /// A secret shared with the signer, for the HMAC algorithms (RFC 7518 §3.2). It has no key id.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] for less than the hash's length; [`KeyError::WrongType`] for an algorithm that
    /// does not use a secret.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        match algorithm.spec().scheme {
            Scheme::Hmac { hash } => {
                Ok(Self::from_hmac(algorithm, HmacKey::new(algorithm, hash, secret)?.into()))
            }
            _ => Err(KeyError::WrongType { algorithm }),
        }
    }

    /// A public key in PEM: `PUBLIC KEY` (RFC 5280), `RSA PUBLIC KEY` (RFC 8017) or the key of a `CERTIFICATE`,
    /// whose other fields are not looked at. Blocks of other kinds are passed over.
    ///
    /// # Errors
    /// [`KeyError`] when there is no such block, or the key does not fit `algorithm`.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let labels = ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"];
        let block = encoding::pem_block(pem, &labels, "a PUBLIC KEY, an RSA PUBLIC KEY or a CERTIFICATE")?;
        match block.label {
            "PUBLIC KEY" => Self::from_spki(algorithm, &block.der),
            "CERTIFICATE" => Self::from_spki(algorithm, &encoding::certificate_spki(&block.der)?),
            _ => Self::from_pkcs1(algorithm, &block.der),
        }
    }

    /// A public key in DER: a `SubjectPublicKeyInfo` (RFC 5280), an `RSAPublicKey` (RFC 8017) or an X.509
    /// certificate, of which only the key is looked at.
    ///
    /// # Errors
    /// [`KeyError`] when the bytes are none of these, or the key does not fit `algorithm`.
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        if encoding::read_spki(der).is_ok() {
            return Self::from_spki(algorithm, der);
        }
        if encoding::read_rsa_public(der).is_ok() {
            return Self::from_pkcs1(algorithm, der);
        }
        let expected = "a SubjectPublicKeyInfo, an RSAPublicKey or a certificate";
        let spki = encoding::certificate_spki(der).map_err(|_| KeyError::Der { expected })?;
        Self::from_spki(algorithm, &spki)
    }

    /// A public JSON Web Key (RFC 7517) for the algorithm it names.
    ///
    /// Without `alg`, an `EC` key is bound by its curve, an `OKP` key to `EdDSA` and an `RSA` key to `RS256`.
    ///
    /// # Errors
    /// [`KeyError`] when `alg` is not known, `use` or `key_ops` forbid verifying, or the parameters are no valid key.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        Self::from_jwk_as(jwk.default_algorithm()?, jwk)
    }

    /// A public JSON Web Key for `algorithm`, for keys that do not name one.
    ///
    /// # Errors
    /// As [`VerifyingKey::from_jwk`], and when the key names another algorithm.
    pub fn from_jwk_as(algorithm: Algorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        jwk.permits(algorithm, "verify")?;
        let key = Self::from_parameters(algorithm, jwk.parameters().clone())?;
        Ok(Self { key_id: jwk.key_id().map(Arc::from), ..key })
    }

    /// A symmetric or public key of a JWK Set.
    pub(super) fn from_raw_jwk(algorithm: Algorithm, raw: &RawJwk) -> Result<Self, KeyError> {
        if !algorithm.is_symmetric() {
            return Self::from_jwk_as(algorithm, &Jwk::from_raw(raw)?);
        }
        raw.permits(algorithm, "verify")?;
        let key = Self::from_secret(algorithm, &raw.secret()?)?;
        Ok(Self { key_id: raw.kid.as_deref().map(Arc::from), ..key })
    }

    pub(super) fn from_hmac(algorithm: Algorithm, key: Arc<HmacKey>) -> Self {
        Self { algorithm, key_id: None, material: Arc::new(Material::Hmac(key)) }
    }

    fn from_spki(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let wrong = KeyError::WrongType { algorithm };
        let spec = algorithm.spec();
        match (&spec.scheme, encoding::read_spki(der)?.ok_or(wrong.clone())?) {
            (Scheme::Rsa { .. }, DerKey::Rsa(key)) => Self::from_pkcs1(algorithm, key),
            (Scheme::Ecdsa { .. }, DerKey::Ec(curve, point)) if spec.curve == Some(curve) => {
                Self::from_raw(algorithm, point)
            }
            (Scheme::Ecdsa { .. }, DerKey::Ec(..)) => {
                Err(KeyError::Invalid { algorithm, what: "point on the curve" })
            }
            (Scheme::Ed25519, DerKey::Ed25519(key)) => Self::from_raw(algorithm, key),
            (Scheme::MlDsa { .. }, DerKey::MlDsa(name, key)) if spec.name == name => {
                Self::from_raw(algorithm, key)
            }
            _ => Err(wrong),
        }
    }

    fn from_pkcs1(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let (modulus, exponent) = encoding::read_rsa_public(der)?;
        let parameters = PublicParameters::Rsa { modulus: modulus.into(), exponent: exponent.into() };
        Self::from_parameters(algorithm, parameters)
    }

    /// The public key of a key pair in the form its algorithm gives it: an `RSAPublicKey`, a point, raw bytes.
    pub(super) fn from_raw(algorithm: Algorithm, key: &[u8]) -> Result<Self, KeyError> {
        match &algorithm.spec().scheme {
            Scheme::Hmac { .. } => Err(KeyError::WrongType { algorithm }),
            Scheme::Rsa { .. } => Self::from_pkcs1(algorithm, key),
            Scheme::Ecdsa { verify, field, .. } => {
                let point = uncompressed_point(algorithm, verify, *field, key)?;
                let (x, y) = point[1..].split_at(*field);
                Self::from_parameters(algorithm, PublicParameters::Ec { x: x.into(), y: y.into() })
            }
            Scheme::Ed25519 => Self::from_parameters(algorithm, PublicParameters::Okp { x: key.into() }),
            Scheme::MlDsa { .. } => {
                Self::from_parameters(algorithm, PublicParameters::Akp { key: key.into() })
            }
        }
    }

    /// The one way to a public key: every format ends here.
    fn from_parameters(algorithm: Algorithm, parameters: PublicParameters) -> Result<Self, KeyError> {
        let invalid = |what| KeyError::Invalid { algorithm, what };
        let prepared = match (&algorithm.spec().scheme, &parameters) {
            (Scheme::Rsa { verify, .. }, PublicParameters::Rsa { modulus, exponent }) => {
                Prepared::AwsLc(prepare_rsa(algorithm, verify, modulus, exponent)?)
            }
            (Scheme::Ecdsa { verify, field, .. }, PublicParameters::Ec { x, y }) => {
                if x.len() != *field || y.len() != *field {
                    return Err(invalid("point on the curve"));
                }
                let point = [&[4], x.as_ref(), y.as_ref()].concat();
                let key = ParsedPublicKey::new(*verify, &point);
                Prepared::AwsLc(key.map_err(|_| invalid("point on the curve"))?)
            }
            (Scheme::Ed25519, PublicParameters::Okp { x }) => Prepared::Dalek(prepare_ed25519(algorithm, x)?),
            (Scheme::MlDsa { sign, verify }, PublicParameters::Akp { key }) => {
                if key.len() != sign.public_key_len() {
                    return Err(invalid("public key"));
                }
                let key = ParsedPublicKey::new(*verify, key);
                Prepared::AwsLc(key.map_err(|_| invalid("public key"))?)
            }
            _ => return Err(KeyError::WrongType { algorithm }),
        };
        let key_id = Some(parameters.thumbprint(algorithm).into());
        let material = Material::Public(Box::new(PublicKey { prepared, parameters }));
        Ok(Self { algorithm, key_id, material: Arc::new(material) })
    }

    /// The one algorithm this key verifies.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` that tokens name this key by: the RFC 7638 thumbprint of a public key unless another was set, none
    /// for a secret (whose thumbprint would tell about it, RFC 7638 §7).
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The same key under another `kid`.
    #[must_use]
    pub fn with_key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = Some(key_id.into().into());
        self
    }

    /// The same key without a `kid`: it serves for any token of its algorithm that no other key of a set claims.
    #[must_use]
    pub fn without_key_id(mut self) -> Self {
        self.key_id = None;
        self
    }

    /// The public JSON Web Key (RFC 7517) with `kid`, `use` and `alg`. `None` for a secret, which has no public form.
    #[must_use]
    pub fn to_jwk(&self) -> Option<Jwk> {
        match &*self.material {
            Material::Hmac(_) => None,
            Material::Public(key) => {
                Some(Jwk::for_verifying(self.algorithm, self.key_id(), key.parameters.clone()))
            }
        }
    }

    /// The `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) in DER.
    ///
    /// # Errors
    /// [`KeyError::NoSuchForm`] for a secret.
    pub fn to_der(&self) -> Result<Vec<u8>, KeyError> {
        let Material::Public(key) = &*self.material else {
            return Err(KeyError::NoSuchForm { format: "a SubjectPublicKeyInfo" });
        };
        let failed = |_| KeyError::Backend;
        let der: PublicKeyX509Der<'_> = match &key.prepared {
            Prepared::AwsLc(key) => key.as_der(),
            Prepared::Dalek(key) => ParsedPublicKey::new(&ED25519, key).map_err(failed)?.as_der(),
        }
        .map_err(|_| KeyError::Backend)?;
        Ok(der.as_ref().to_vec())
    }

    /// The `SubjectPublicKeyInfo` in PEM, a `PUBLIC KEY` block.
    ///
    /// # Errors
    /// [`KeyError::NoSuchForm`] for a secret.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        encoding::to_pem("PUBLIC KEY", &self.to_der()?).map(|pem| pem.to_string())
    }

    /// Whether `signature` is this key's over `message`: the raw JWS signature (RFC 7518 §3), for ECDSA `r` and `s`
    /// side by side.
    #[must_use]
    pub fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> bool {
        match &*self.material {
            Material::Hmac(key) => key.verify(message, signature),
            Material::Public(key) => match &key.prepared {
                Prepared::AwsLc(key) => key.verify_sig(message, signature).is_ok(),
                Prepared::Dalek(key) => Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            },
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// RSA within the bounds of RFC 7518 §3.3 and with an exponent as FIPS 186-5 §5.1 wants it.
fn prepare_rsa(
    algorithm: Algorithm,
    verify: &'static RsaParameters,
    modulus: &[u8],
    exponent: &[u8],
) -> Result<ParsedPublicKey, KeyError> {
    let bits = match (modulus.first(), modulus.last()) {
        (Some(&first), Some(&last)) if first != 0 && last % 2 == 1 => {
            modulus.len() * 8 - first.leading_zeros() as usize
        }
        _ => return Err(KeyError::Invalid { algorithm, what: "RSA modulus" }),
    };
    if !(2048..=8192).contains(&bits) {
        return Err(KeyError::RsaSize { bits });
    }
    check_rsa_exponent(exponent)?;
    RsaPublicKeyComponents { n: modulus, e: exponent }
        .to_parsed_public_key(verify)
        .map_err(|_| KeyError::Invalid { algorithm, what: "RSA public key" })
}

fn check_rsa_exponent(exponent: &[u8]) -> Result<(), KeyError> {
    if exponent.len() > 5 || exponent.first() == Some(&0) {
        return Err(KeyError::RsaExponent);
    }
    let value = exponent.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
    match value {
        65537..0x2_0000_0000 if value % 2 == 1 => Ok(()),
        _ => Err(KeyError::RsaExponent),
    }
}

/// The point in uncompressed form (SEC 1 §2.3.3), read from either form.
fn uncompressed_point(
    algorithm: Algorithm,
    verify: &'static EcdsaVerificationAlgorithm,
    field: usize,
    point: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let invalid = || KeyError::Invalid { algorithm, what: "point on the curve" };
    match point.first() {
        Some(4) if point.len() == 1 + 2 * field => return Ok(point.to_vec()),
        Some(2 | 3) if point.len() == 1 + field => {}
        _ => return Err(invalid()),
    }
    let parsed = ParsedPublicKey::new(verify, point).map_err(|_| invalid())?;
    let der: PublicKeyX509Der<'_> = parsed.as_der().map_err(|_| KeyError::Backend)?;
    match encoding::read_spki(der.as_ref())? {
        Some(DerKey::Ec(_, point)) if point.len() == 1 + 2 * field => Ok(point.to_vec()),
        _ => Err(invalid()),
    }
}

/// A point of the curve whose order is not 1, 2, 4 or 8: with such a key, one signature is good for many messages.
fn prepare_ed25519(algorithm: Algorithm, point: &[u8]) -> Result<ed25519_dalek::VerifyingKey, KeyError> {
    match ed25519_dalek::VerifyingKey::try_from(point) {
        Ok(key) if key.is_weak() => Err(KeyError::SmallOrder),
        Ok(key) => Ok(key),
        Err(_) => Err(KeyError::Invalid { algorithm, what: "public key" }),
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ed25519_is_verified_as_aws_lc_rs_verifies_it(
            seed: [u8; 32],
            message: Vec<u8>,
            flipped in proptest::option::of((0usize..64, 0u32..8)),
            key_bit in proptest::option::weighted(0.3, (0usize..32, 0u32..8)),
        ) {
            let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
            let mut signature = pair.sign(&message).as_ref().to_vec();
            let mut point = pair.public_key().as_ref().to_vec();
            if let Some((byte, bit)) = flipped {
                signature[byte] ^= 1 << bit;
            }
            if let Some((byte, bit)) = key_bit {
                point[byte] ^= 1 << bit;
            }
            let theirs = ParsedPublicKey::new(&ED25519, &point);
            let theirs = theirs.is_ok_and(|key| key.verify_sig(&message, &signature).is_ok());
            let ours = VerifyingKey::from_raw(Algorithm::EdDsa, &point);
            prop_assert_eq!(ours.is_ok_and(|key| key.verify_bytes(&message, &signature)), theirs);
            prop_assert_eq!(theirs, flipped.is_none() && key_bit.is_none());
        }
    }
}
