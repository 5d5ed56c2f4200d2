//! A JSON Web Key member by member, as it is read and written; secrets are wiped when it is dropped.

use pkcs1::RsaPrivateKeyRef;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::PublicParameters;
use crate::{Algorithm, KeyError, base64url};

type Secret = Option<Zeroizing<String>>;

/// Every member that is understood, in the order in which they are written.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RawJwk {
    pub(crate) kty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub(crate) public_key_use: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_ops: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) e: Option<String>,
    #[serde(rename = "pub", skip_serializing_if = "Option::is_none")]
    pub(super) public: Option<String>,
    #[serde(rename = "priv", skip_serializing_if = "Option::is_none")]
    pub(super) seed: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) k: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) d: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) q: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dp: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dq: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) qi: Secret,
    /// More than two primes: noted, and refused.
    #[serde(skip_serializing)]
    pub(super) oth: Option<IgnoredAny>,
}

fn encode(bytes: &[u8]) -> Option<String> {
    Some(base64url::encode(bytes))
}

fn encode_secret(bytes: &[u8]) -> Secret {
    Some(Zeroizing::new(base64url::encode(bytes)))
}

fn decode(member: Option<&str>, missing: &'static str) -> Result<Vec<u8>, KeyError> {
    let text = member.ok_or(KeyError::Jwk { reason: missing })?;
    base64url::decode(text).map_err(|_| KeyError::Jwk { reason: "a parameter is not canonical base64url" })
}

fn decode_secret(member: &Secret, missing: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    decode(member.as_deref().map(String::as_str), missing).map(Zeroizing::new)
}

impl RawJwk {
    pub(crate) fn symmetric(algorithm: Algorithm, key_id: Option<&str>) -> Self {
        Self {
            kty: algorithm.key_type().to_owned(),
            alg: Some(algorithm.name().to_owned()),
            kid: key_id.map(str::to_owned),
            ..Self::default()
        }
    }

    /// The algorithm named by `alg`; `None` where there is no `alg`.
    fn named_algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        let known = |name: &String| {
            let expected = "a signature algorithm that is supported here";
            Algorithm::from_name(name).ok_or(KeyError::JwkAlgorithm { expected })
        };
        self.alg.as_ref().map(known).transpose()
    }

    /// The algorithm named by `alg`, else the usual one of the key's type and curve.
    pub(crate) fn default_algorithm(&self) -> Result<Algorithm, KeyError> {
        if let Some(algorithm) = self.named_algorithm()? {
            return Ok(algorithm);
        }
        let usual = |algorithm: &Algorithm| match self.kty.as_str() {
            "RSA" => *algorithm == Algorithm::Rs256,
            "EC" | "OKP" => self.crv.is_some() && algorithm.curve() == self.crv.as_deref(),
            _ => false,
        };
        let expected = "the algorithm it is for, which this type of key needs";
        let unusual = match self.kty.as_str() {
            "oct" | "AKP" => KeyError::JwkAlgorithm { expected },
            _ => KeyError::Jwk { reason: "its type or its curve is not supported" },
        };
        Algorithm::ALL.into_iter().find(usual).ok_or(unusual)
    }

    /// The algorithms this key may be bound to: the one it names, else those of `candidates` that fit it.
    pub(crate) fn algorithms(&self, candidates: &[Algorithm]) -> Result<Vec<Algorithm>, KeyError> {
        if let Some(algorithm) = self.named_algorithm()? {
            return Ok(vec![algorithm]);
        }
        let fits = |algorithm: &Algorithm| {
            algorithm.key_type() == self.kty && algorithm.curve() == self.curve_name() && self.kty != "AKP"
        };
        let fitting: Vec<_> = candidates.iter().copied().filter(fits).collect();
        if fitting.is_empty() {
            self.default_algorithm().map(|algorithm| vec![algorithm])
        } else {
            Ok(fitting)
        }
    }

    /// Whether the key is one of `algorithm`, and its `use` and `key_ops` let it do `operation`.
    pub(crate) fn permits(&self, algorithm: Algorithm, operation: &'static str) -> Result<(), KeyError> {
        if self.named_algorithm()?.is_some_and(|named| named != algorithm) {
            return Err(KeyError::JwkAlgorithm { expected: algorithm.name() });
        }
        if self.kty != algorithm.key_type() || self.curve_name() != algorithm.curve() {
            return Err(KeyError::WrongType { algorithm });
        }
        let use_permits = self.public_key_use.as_deref().is_none_or(|name| name == "sig");
        let operations_permit =
            self.key_ops.as_ref().is_none_or(|names| names.iter().any(|name| name == operation));
        if use_permits && operations_permit { Ok(()) } else { Err(KeyError::Forbidden { operation }) }
    }

    pub(crate) fn public_parameters(&self) -> Result<PublicParameters, KeyError> {
        match self.kty.as_str() {
            "RSA" => {
                let (modulus, exponent) = self.rsa_public()?;
                Ok(PublicParameters::Rsa { modulus: modulus.into(), exponent: exponent.into() })
            }
            "EC" => {
                self.curve()?;
                let (x, y) = self.ec_public()?;
                Ok(PublicParameters::Ec { x: x.into(), y: y.into() })
            }
            "OKP" => {
                self.curve()?;
                Ok(PublicParameters::Okp { x: self.okp_public()?.into() })
            }
            "AKP" => Ok(PublicParameters::Akp { key: self.akp_public()?.into() }),
            "oct" => Err(KeyError::Jwk { reason: "a symmetric key has no public form" }),
            "" => Err(KeyError::Jwk { reason: "`kty` is missing" }),
            _ => Err(KeyError::Jwk { reason: "`kty` is not one that is supported here" }),
        }
    }

    /// `crv`, if the key is of a type that has curves; on others it is a member without a meaning (RFC 7517 §4).
    pub(crate) fn curve_name(&self) -> Option<&str> {
        self.crv.as_deref().filter(|_| matches!(self.kty.as_str(), "EC" | "OKP"))
    }

    fn curve(&self) -> Result<(), KeyError> {
        let known = |algorithm: &Algorithm| {
            algorithm.key_type() == self.kty && algorithm.curve() == self.crv.as_deref()
        };
        match &self.crv {
            None => Err(KeyError::Jwk { reason: "`crv` is missing" }),
            Some(_) if Algorithm::ALL.iter().any(known) => Ok(()),
            Some(_) => Err(KeyError::Jwk { reason: "`crv` is not one that is supported here" }),
        }
    }

    pub(crate) fn set_public_parameters(&mut self, parameters: &PublicParameters) {
        match parameters {
            PublicParameters::Rsa { modulus, exponent } => {
                (self.n, self.e) = (encode(modulus), encode(exponent));
            }
            PublicParameters::Ec { x, y } => (self.x, self.y) = (encode(x), encode(y)),
            PublicParameters::Okp { x } => self.x = encode(x),
            PublicParameters::Akp { key } => self.public = encode(key),
        }
    }

    pub(crate) fn rsa_public(&self) -> Result<(Vec<u8>, Vec<u8>), KeyError> {
        Ok((decode(self.n.as_deref(), "`n` is missing")?, decode(self.e.as_deref(), "`e` is missing")?))
    }

    pub(crate) fn ec_public(&self) -> Result<(Vec<u8>, Vec<u8>), KeyError> {
        Ok((decode(self.x.as_deref(), "`x` is missing")?, decode(self.y.as_deref(), "`y` is missing")?))
    }

    pub(crate) fn okp_public(&self) -> Result<Vec<u8>, KeyError> {
        decode(self.x.as_deref(), "`x` is missing")
    }

    pub(crate) fn akp_public(&self) -> Result<Vec<u8>, KeyError> {
        decode(self.public.as_deref(), "`pub` is missing")
    }

    pub(crate) fn secret(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        decode_secret(&self.k, "`k` is missing")
    }

    pub(crate) fn seed(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        decode_secret(&self.seed, "`priv` is missing")
    }

    pub(crate) fn private_scalar(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        decode_secret(&self.d, "`d` is missing")
    }

    /// `d`, `p`, `q`, `dp`, `dq` and `qi`, all of which are needed.
    pub(crate) fn rsa_private(&self) -> Result<[Zeroizing<Vec<u8>>; 6], KeyError> {
        if self.oth.is_some() {
            return Err(KeyError::Jwk { reason: "RSA keys with more than two primes are not supported" });
        }
        Ok([
            decode_secret(&self.d, "`d` is missing")?,
            decode_secret(&self.p, "`p` is missing")?,
            decode_secret(&self.q, "`q` is missing")?,
            decode_secret(&self.dp, "`dp` is missing")?,
            decode_secret(&self.dq, "`dq` is missing")?,
            decode_secret(&self.qi, "`qi` is missing")?,
        ])
    }

    pub(crate) fn set_secret(&mut self, secret: &[u8]) {
        self.k = encode_secret(secret);
    }

    pub(crate) fn set_seed(&mut self, seed: &[u8]) {
        self.seed = encode_secret(seed);
    }

    pub(crate) fn set_private_scalar(&mut self, scalar: &[u8]) {
        self.d = encode_secret(scalar);
    }

    pub(crate) fn set_rsa_private(&mut self, key: &RsaPrivateKeyRef<'_>) {
        self.d = encode_secret(key.private_exponent.as_bytes());
        self.p = encode_secret(key.prime1.as_bytes());
        self.q = encode_secret(key.prime2.as_bytes());
        self.dp = encode_secret(key.exponent1.as_bytes());
        self.dq = encode_secret(key.exponent2.as_bytes());
        self.qi = encode_secret(key.coefficient.as_bytes());
    }

    pub(crate) fn thumbprint(&self) -> Result<String, KeyError> {
        if self.kty == "AKP" && self.alg.is_none() {
            return Err(KeyError::JwkAlgorithm {
                expected: "the algorithm it is for, which this type of key needs",
            });
        }
        Ok(self.public_thumbprint())
    }

    /// The hash of the required members in the order of their names, without white space (RFC 7638 §3).
    pub(crate) fn public_thumbprint(&self) -> String {
        let members = [
            ("alg", self.alg.as_deref().filter(|_| self.kty == "AKP")),
            ("crv", self.curve_name()),
            ("e", self.e.as_deref()),
            ("kty", Some(self.kty.as_str())),
            ("n", self.n.as_deref()),
            ("pub", self.public.as_deref()),
            ("x", self.x.as_deref()),
            ("y", self.y.as_deref()),
        ];
        let mut text = String::new();
        for (name, value) in members {
            let Some(value) = value else { continue };
            text.push(if text.is_empty() { '{' } else { ',' });
            // A string has a form in JSON: nothing that could fail.
            text.push_str(&format!("\"{name}\":{}", serde_json::to_string(value).unwrap_or_default()));
        }
        text.push('}');
        base64url::encode(Sha256::digest(text))
    }
}
