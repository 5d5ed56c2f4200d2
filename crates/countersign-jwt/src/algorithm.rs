//! The signature algorithms: one table, one row per JWS `alg` (RFC 7518 §3.1, RFC 8037, RFC 9864, RFC 9964).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{self, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm};
use aws_lc_rs::signature::{PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm};
use aws_lc_rs::signature::{RsaParameters, RsaSignatureEncoding};

/// A JWS signature algorithm. `none` does not exist.
///
/// A key is bound to exactly one algorithm when it is made (RFC 8725 §3.1), so the `alg` of a token can only
/// ever confirm what the key already is.
///
/// ```
/// use countersign_jwt::Algorithm;
///
/// assert_eq!("ES256".parse::<Algorithm>(), Ok(Algorithm::Es256));
/// assert_eq!(Algorithm::Es256.name(), "ES256");
/// assert!("none".parse::<Algorithm>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 7518 §3.2); a secret of at least 32 bytes.
    Hs256,
    /// HMAC with SHA-384 (RFC 7518 §3.2); a secret of at least 48 bytes.
    Hs384,
    /// HMAC with SHA-512 (RFC 7518 §3.2); a secret of at least 64 bytes.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3); a modulus of 2048 to 8192 bits.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 7518 §3.3).
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7518 §3.3).
    Rs512,
    /// RSASSA-PSS with SHA-256 and MGF1 (RFC 7518 §3.5); a modulus of 2048 to 8192 bits.
    Ps256,
    /// RSASSA-PSS with SHA-384 and MGF1 (RFC 7518 §3.5).
    Ps384,
    /// RSASSA-PSS with SHA-512 and MGF1 (RFC 7518 §3.5).
    Ps512,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    Es256,
    /// ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).
    Es384,
    /// ECDSA on P-521 with SHA-512 (RFC 7518 §3.4).
    Es512,
    /// Ed25519 under its first JOSE name, `EdDSA` (RFC 8037 §3.1). Ed448 is not offered.
    EdDsa,
    /// Ed25519 under its fully specified name (RFC 9864 §2.2).
    Ed25519,
    /// ML-DSA-44 of FIPS 204 (RFC 9964).
    MlDsa44,
    /// ML-DSA-65 of FIPS 204 (RFC 9964).
    MlDsa65,
    /// ML-DSA-87 of FIPS 204 (RFC 9964).
    MlDsa87,
}

/// What a row says of its algorithm beyond its name: the constants its arithmetic needs.
pub(crate) enum Scheme {
    Hmac { hash: Hash },
    Rsa { sign: &'static RsaSignatureEncoding, verify: &'static RsaParameters },
    Ecdsa { sign: &'static EcdsaSigningAlgorithm, verify: &'static EcdsaVerificationAlgorithm, field: usize },
    Ed25519,
    MlDsa { sign: &'static PqdsaSigningAlgorithm, verify: &'static PqdsaVerificationAlgorithm },
}

/// The hash of an HMAC row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Bytes of output, which is also the least length of a secret (RFC 7518 §3.2).
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// One row of the table.
pub(crate) struct Spec {
    pub(crate) algorithm: Algorithm,
    /// The `alg` value.
    pub(crate) name: &'static str,
    /// The `kty` of its keys (RFC 7518 §6.1, RFC 8037 §2, RFC 9964).
    pub(crate) key_type: &'static str,
    /// The `crv` of its keys, where the key type has curves.
    pub(crate) curve: Option<&'static str>,
    pub(crate) scheme: Scheme,
}

const fn row(algorithm: Algorithm, name: &'static str, key_type: &'static str, scheme: Scheme) -> Spec {
    Spec { algorithm, name, key_type, curve: None, scheme }
}

const fn curve_row(
    algorithm: Algorithm,
    name: &'static str,
    (key_type, curve): Curve,
    scheme: Scheme,
) -> Spec {
    Spec { algorithm, name, key_type, curve: Some(curve), scheme }
}

/// A key type and its curve.
type Curve = (&'static str, &'static str);

const EDWARDS: Curve = ("OKP", "Ed25519");

/// THE table. Adding an algorithm is adding a row (and its name to [`Algorithm`]); the tests loop over the rows.
#[rustfmt::skip]
static TABLE: [Spec; 17] = {
    use Algorithm::*;
    use signature::*;
    [
        row(Hs256, "HS256", "oct", Scheme::Hmac { hash: Hash::Sha256 }),
        row(Hs384, "HS384", "oct", Scheme::Hmac { hash: Hash::Sha384 }),
        row(Hs512, "HS512", "oct", Scheme::Hmac { hash: Hash::Sha512 }),
        row(Rs256, "RS256", "RSA", Scheme::Rsa { sign: &RSA_PKCS1_SHA256, verify: &RSA_PKCS1_2048_8192_SHA256 }),
        row(Rs384, "RS384", "RSA", Scheme::Rsa { sign: &RSA_PKCS1_SHA384, verify: &RSA_PKCS1_2048_8192_SHA384 }),
        row(Rs512, "RS512", "RSA", Scheme::Rsa { sign: &RSA_PKCS1_SHA512, verify: &RSA_PKCS1_2048_8192_SHA512 }),
        row(Ps256, "PS256", "RSA", Scheme::Rsa { sign: &RSA_PSS_SHA256, verify: &RSA_PSS_2048_8192_SHA256 }),
        row(Ps384, "PS384", "RSA", Scheme::Rsa { sign: &RSA_PSS_SHA384, verify: &RSA_PSS_2048_8192_SHA384 }),
        row(Ps512, "PS512", "RSA", Scheme::Rsa { sign: &RSA_PSS_SHA512, verify: &RSA_PSS_2048_8192_SHA512 }),
        curve_row(Es256, "ES256", ("EC", "P-256"),
            Scheme::Ecdsa { sign: &ECDSA_P256_SHA256_FIXED_SIGNING, verify: &ECDSA_P256_SHA256_FIXED, field: 32 }),
        curve_row(Es384, "ES384", ("EC", "P-384"),
            Scheme::Ecdsa { sign: &ECDSA_P384_SHA384_FIXED_SIGNING, verify: &ECDSA_P384_SHA384_FIXED, field: 48 }),
        curve_row(Es512, "ES512", ("EC", "P-521"),
            Scheme::Ecdsa { sign: &ECDSA_P521_SHA512_FIXED_SIGNING, verify: &ECDSA_P521_SHA512_FIXED, field: 66 }),
        curve_row(EdDsa, "EdDSA", EDWARDS, Scheme::Ed25519),
        curve_row(Ed25519, "Ed25519", EDWARDS, Scheme::Ed25519),
        row(MlDsa44, "ML-DSA-44", "AKP", Scheme::MlDsa { sign: &ML_DSA_44_SIGNING, verify: &ML_DSA_44 }),
        row(MlDsa65, "ML-DSA-65", "AKP", Scheme::MlDsa { sign: &ML_DSA_65_SIGNING, verify: &ML_DSA_65 }),
        row(MlDsa87, "ML-DSA-87", "AKP", Scheme::MlDsa { sign: &ML_DSA_87_SIGNING, verify: &ML_DSA_87 }),
    ]
};

impl Algorithm {
    /// Every algorithm, in the order of the table.
    pub const ALL: [Self; 17] = {
        use Algorithm::*;
        [
            Hs256, Hs384, Hs512, Rs256, Rs384, Rs512, Ps256, Ps384, Ps512, Es256, Es384, Es512, EdDsa,
            Ed25519, MlDsa44, MlDsa65, MlDsa87,
        ]
    };

    /// The `alg` value (RFC 7515 §4.1.1), for instance `ES256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// Whether the key is a secret shared by signer and verifier (HMAC): whoever verifies could also sign.
    #[must_use]
    pub fn is_symmetric(self) -> bool {
        matches!(self.spec().scheme, Scheme::Hmac { .. })
    }

    /// The `kty` of a JWK for this algorithm (RFC 7517 §4.1).
    #[must_use]
    pub fn key_type(self) -> &'static str {
        self.spec().key_type
    }

    /// The `crv` of a JWK for this algorithm, where the key type has curves.
    #[must_use]
    pub fn curve(self) -> Option<&'static str> {
        self.spec().curve
    }

    pub(crate) fn spec(self) -> &'static Spec {
        &TABLE[self as usize]
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.algorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is not an algorithm Countersign knows: `none`, one of another purpose, or a misspelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a signature algorithm that is supported here")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads an `alg` value; names are case-sensitive (RFC 7515 §4.1.1).
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::from_name(name).ok_or(UnknownAlgorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_stands_at_the_place_of_its_algorithm() {
        for (place, (row, algorithm)) in TABLE.iter().zip(Algorithm::ALL).enumerate() {
            assert_eq!(row.algorithm, algorithm);
            assert_eq!(algorithm as usize, place);
            assert_eq!(row.name.parse(), Ok(algorithm));
        }
    }

    #[test]
    fn names_are_exact() {
        for name in ["none", "None", "NONE", "hs256", "HS256 ", "", "ES256K", "RSA1_5", "eddsa", "ED25519"] {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name:?}");
        }
    }
}
