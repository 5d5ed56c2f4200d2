//! The private half: a key that signs.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, KeyPair, PqdsaKeyPair, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
    RsaSignatureEncoding,
};
use zeroize::Zeroizing;

use super::hmac::HmacKey;
use super::{KeyError, VerifyingKey, encoding};
use crate::algorithm::{Algorithm, Scheme};
use crate::jwk::{PrivateJwk, RawJwk};

/// A key that signs with one algorithm, prepared once.
///
/// Cloning is cheap: clones share what was prepared. What the key holds is wiped when the last clone is dropped, and
/// never shown by `Debug`.
///
/// ```
/// use countersign_jwt::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let stored = key.to_pem()?;
/// let again = SigningKey::from_pem(Algorithm::EdDsa, &stored)?;
/// assert_eq!(again.key_id(), key.key_id());
/// # Ok::<(), countersign_jwt::KeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    material: Arc<Material>,
    verifying: VerifyingKey,
}

enum Material {
    Hmac(Arc<HmacKey>),
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

impl SigningKey {
    /// A new key from the system's random generator: a secret of the hash's length, 2048 bits of RSA.
    ///
    /// # Errors
    /// [`KeyError::Backend`] if the system has no randomness to give.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Backend;
        let material = match &algorithm.spec().scheme {
            Scheme::Hmac { hash } => {
                let mut secret = Zeroizing::new(vec![0; hash.length()]);
                rand::fill(&mut secret).map_err(failed)?;
                return Self::from_secret(algorithm, &secret);
            }
            Scheme::Rsa { sign, .. } => {
                Material::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?, sign)
            }
            Scheme::Ecdsa { sign, .. } => Material::Ecdsa(EcdsaKeyPair::generate(sign).map_err(failed)?),
            Scheme::Ed25519 => Material::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
            Scheme::MlDsa { sign, .. } => Material::MlDsa(PqdsaKeyPair::generate(sign).map_err(failed)?),
        };
        Self::from_material(algorithm, material)
    }

    /// A secret shared with the verifiers, for the HMAC algorithms (RFC 7518 §3.2). It has no key id.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] for less than the hash's length; [`KeyError::WrongType`] for an algorithm that
    /// does not use a secret.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let Scheme::Hmac { hash } = algorithm.spec().scheme else {
            return Err(KeyError::WrongType { algorithm });
        };
        let key = Arc::new(HmacKey::new(algorithm, hash, secret)?);
        let verifying = VerifyingKey::from_hmac(algorithm, Arc::clone(&key));
        Ok(Self { material: Arc::new(Material::Hmac(key)), verifying })
    }

    /// A private key in PEM, not encrypted: `PRIVATE KEY` (PKCS#8, RFC 5958), `RSA PRIVATE KEY` (PKCS#1, RFC 8017) or
    /// `EC PRIVATE KEY` (SEC 1, RFC 5915). Blocks of other kinds are passed over.
    ///
    /// # Errors
    /// [`KeyError`] when there is no such block, or the key does not fit `algorithm`.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
        let expected = "an unencrypted PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY";
        Self::from_der(algorithm, &encoding::pem_block(pem, &labels, expected)?.der)
    }

    /// A private key in DER, not encrypted: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) for RSA, SEC 1 (RFC 5915) for
    /// elliptic curves.
    ///
    /// # Errors
    /// [`KeyError::Invalid`] when the bytes are none of these for `algorithm`, or the key is broken.
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let invalid = |_| KeyError::Invalid { algorithm, what: "private key" };
        let material = match &algorithm.spec().scheme {
            Scheme::Hmac { .. } => return Err(KeyError::WrongType { algorithm }),
            _ if !encoding::is_one_element(der) => {
                return Err(KeyError::Invalid { algorithm, what: "private key" });
            }
            Scheme::Rsa { sign, .. } => {
                let pair = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
                Material::Rsa(pair.map_err(invalid)?, sign)
            }
            Scheme::Ecdsa { sign, .. } => {
                Material::Ecdsa(EcdsaKeyPair::from_private_key_der(sign, der).map_err(invalid)?)
            }
            Scheme::Ed25519 => Material::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(invalid)?),
            Scheme::MlDsa { sign, .. } => {
                Material::MlDsa(PqdsaKeyPair::from_pkcs8(sign, der).map_err(invalid)?)
            }
        };
        Self::from_material(algorithm, material)
    }

    /// A private JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037 §2, RFC 9964) for the algorithm it names; without
    /// `alg`, bound as by [`VerifyingKey::from_jwk`]. An `oct` key must name its algorithm.
    ///
    /// # Errors
    /// [`KeyError`] when `alg` is not known, `use` or `key_ops` forbid signing, or the parameters are no valid key.
    pub fn from_jwk(jwk: &PrivateJwk) -> Result<Self, KeyError> {
        Self::from_jwk_as(jwk.raw().default_algorithm()?, jwk)
    }

    /// A private JSON Web Key for `algorithm`, for keys that do not name one.
    ///
    /// # Errors
    /// As [`SigningKey::from_jwk`], and when the key names another algorithm.
    pub fn from_jwk_as(algorithm: Algorithm, jwk: &PrivateJwk) -> Result<Self, KeyError> {
        let raw = jwk.raw();
        raw.permits(algorithm, "sign")?;
        let key = match algorithm.spec().scheme {
            Scheme::Hmac { .. } => Self::from_secret(algorithm, &raw.secret()?)?,
            _ => Self::from_material(algorithm, read_private(algorithm, raw)?)?,
        };
        Ok(match &raw.kid {
            Some(key_id) => key.with_key_id(key_id.clone()),
            None => key,
        })
    }

    fn from_material(algorithm: Algorithm, material: Material) -> Result<Self, KeyError> {
        let public = match &material {
            Material::Hmac(_) => return Err(KeyError::WrongType { algorithm }),
            Material::Rsa(pair, _) => pair.public_key().as_ref(),
            Material::Ecdsa(pair) => pair.public_key().as_ref(),
            Material::Ed25519(pair) => pair.public_key().as_ref(),
            Material::MlDsa(pair) => pair.public_key().as_ref(),
        };
        let verifying = VerifyingKey::from_raw(algorithm, public)?;
        Ok(Self { material: Arc::new(material), verifying })
    }

    /// The one algorithm this key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The `kid` that its tokens name: the RFC 7638 thumbprint unless another was set, none for a secret.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.verifying.key_id()
    }

    /// The same key under another `kid`.
    #[must_use]
    pub fn with_key_id(mut self, key_id: impl Into<String>) -> Self {
        self.verifying = self.verifying.with_key_id(key_id);
        self
    }

    /// The key that verifies what this one signs. Of a secret it is the secret itself.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// The private key in DER, PKCS#8 (RFC 5958), not encrypted.
    ///
    /// # Errors
    /// [`KeyError::NoSuchForm`] for a secret, and for an ML-DSA key that was not made from its seed.
    pub fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let no_form = |_| KeyError::NoSuchForm { format: "PKCS#8" };
        let copy = |der: &[u8]| Ok(Zeroizing::new(der.to_vec()));
        match &*self.material {
            Material::Hmac(_) => Err(KeyError::NoSuchForm { format: "PKCS#8" }),
            Material::Rsa(pair, _) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(no_form)?;
                copy(der.as_ref())
            }
            Material::Ecdsa(pair) => copy(pair.to_pkcs8v1().map_err(no_form)?.as_ref()),
            Material::Ed25519(pair) => copy(pair.to_pkcs8v1().map_err(no_form)?.as_ref()),
            Material::MlDsa(pair) => copy(pair.to_pkcs8v1().map_err(no_form)?.as_ref()),
        }
    }

    /// The private key in PEM, a `PRIVATE KEY` block, not encrypted.
    ///
    /// # Errors
    /// As [`SigningKey::to_der`].
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        encoding::to_pem("PRIVATE KEY", &self.to_der()?)
    }

    /// The private JSON Web Key, with `kid` and `alg`.
    ///
    /// # Errors
    /// [`KeyError::NoSuchForm`] for an ML-DSA key that was not made from its seed.
    pub fn to_jwk(&self) -> Result<PrivateJwk, KeyError> {
        let mut raw = match self.verifying.to_jwk() {
            Some(public) => public.to_raw(),
            None => RawJwk::symmetric(self.algorithm(), self.key_id()),
        };
        match &*self.material {
            Material::Hmac(key) => raw.set_secret(key.secret()),
            Material::Rsa(..) => raw.set_rsa_private(&encoding::read_rsa_private(&self.to_der()?)?),
            Material::Ecdsa(pair) => {
                let scalar: EcPrivateKeyBin<'_> =
                    pair.private_key().as_be_bytes().map_err(|_| KeyError::Backend)?;
                raw.set_private_scalar(scalar.as_ref());
            }
            Material::Ed25519(pair) => {
                let seed = pair.seed().and_then(|seed| seed.as_be_bytes()).map_err(|_| KeyError::Backend)?;
                raw.set_private_scalar(seed.as_ref());
            }
            Material::MlDsa(_) => {
                let der = self.to_der()?;
                let no_form = KeyError::NoSuchForm { format: "a JSON Web Key" };
                raw.set_seed(encoding::ml_dsa_seed(&der).ok_or(no_form)?);
            }
        }
        Ok(PrivateJwk::from_raw(raw))
    }

    /// The raw JWS signature over `message` (RFC 7518 §3), for ECDSA `r` and `s` side by side.
    ///
    /// # Errors
    /// [`KeyError::Backend`] if the cryptographic library fails, which it does for want of memory or randomness only.
    pub fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.signature(message)?.as_ref().to_vec())
    }

    /// The signature over `message`, on the stack where it is short.
    pub(crate) fn signature(&self, message: &[u8]) -> Result<Signature, KeyError> {
        let failed = |_| KeyError::Backend;
        Ok(match &*self.material {
            Material::Hmac(key) => key.sign(message, Signature::short),
            Material::Rsa(pair, encoding) => {
                let encoding: &'static dyn RsaEncoding = *encoding;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                Signature::Long(signature)
            }
            Material::Ecdsa(pair) => {
                Signature::short(pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref())
            }
            Material::Ed25519(pair) => Signature::short(pair.try_sign(message).map_err(failed)?.as_ref()),
            Material::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let length = pair.sign(message, &mut signature).map_err(failed)?;
                signature.truncate(length);
                Signature::Long(signature)
            }
        })
    }
}

/// The longest signature that is kept on the stack: `r` and `s` of P-521.
const SHORT: usize = 132;

/// A signature.
pub(crate) enum Signature {
    Short([u8; SHORT], usize),
    Long(Vec<u8>),
}

impl Signature {
    fn short(bytes: &[u8]) -> Self {
        let mut buffer = [0; SHORT];
        match buffer.get_mut(..bytes.len()) {
            Some(start) => start.copy_from_slice(bytes),
            None => return Self::Long(bytes.to_vec()),
        }
        Self::Short(buffer, bytes.len())
    }
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Short(buffer, length) => &buffer[..*length],
            Self::Long(bytes) => bytes,
        }
    }
}

/// The private key in the parameters of a JWK.
fn read_private(algorithm: Algorithm, raw: &RawJwk) -> Result<Material, KeyError> {
    let invalid = |_| KeyError::Invalid { algorithm, what: "private key" };
    match &algorithm.spec().scheme {
        Scheme::Hmac { .. } => Err(KeyError::WrongType { algorithm }),
        Scheme::Rsa { sign, .. } => {
            let (n, e) = raw.rsa_public()?;
            let [d, p, q, dp, dq, qi] = raw.rsa_private()?;
            let public_key = RsaPublicKeyComponents { n: Zeroizing::new(n), e: Zeroizing::new(e) };
            let components = KeyPairComponents { public_key, d, p, q, dP: dp, dQ: dq, qInv: qi };
            Ok(Material::Rsa(RsaKeyPair::from_components(&components).map_err(invalid)?, sign))
        }
        Scheme::Ecdsa { sign, field, .. } => {
            let (x, y) = raw.ec_public()?;
            let scalar = raw.private_scalar()?;
            if scalar.len() != *field || x.len() != *field || y.len() != *field {
                return Err(KeyError::Invalid { algorithm, what: "private key" });
            }
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            let pair =
                EcdsaKeyPair::from_private_key_and_public_key(sign, &scalar, &point).map_err(invalid)?;
            Ok(Material::Ecdsa(pair))
        }
        Scheme::Ed25519 => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(&raw.private_scalar()?, &raw.okp_public()?);
            Ok(Material::Ed25519(pair.map_err(invalid)?))
        }
        Scheme::MlDsa { sign, .. } => {
            let pair = PqdsaKeyPair::from_seed(sign, &raw.seed()?).map_err(invalid)?;
            if pair.public_key().as_ref() != raw.akp_public()? {
                return Err(KeyError::Invalid { algorithm, what: "private key" });
            }
            Ok(Material::MlDsa(pair))
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}
