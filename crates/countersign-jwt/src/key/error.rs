//! Why a key was refused.

use crate::Algorithm;

/// Why a key was refused. It never holds key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// An HMAC secret shorter than the output of its hash (RFC 7518 §3.2).
    #[error("{algorithm} needs a secret of at least {minimum} bytes; this one has {actual}")]
    SecretTooShort {
        /// The algorithm the secret was meant for.
        algorithm: Algorithm,
        /// The least length, in bytes.
        minimum: usize,
        /// The length of the secret, in bytes.
        actual: usize,
    },
    /// A key of another type: a `kty` or an ASN.1 algorithm that the algorithm does not use.
    #[error("{algorithm} does not use this type of key")]
    WrongType {
        /// The algorithm the key was meant for.
        algorithm: Algorithm,
    },
    /// A key that is broken, lies on another curve than the algorithm's, or whose public and private parts disagree.
    #[error("not a valid {what} for {algorithm}")]
    Invalid {
        /// The algorithm the key was meant for.
        algorithm: Algorithm,
        /// What was expected.
        what: &'static str,
    },
    /// An RSA modulus of less than 2048 or more than 8192 bits (RFC 7518 §3.3).
    #[error("an RSA key must have 2048 to 8192 bits; this one has {bits}")]
    RsaSize {
        /// The size of the modulus.
        bits: usize,
    },
    /// An RSA public exponent that is even, less than 65537 or longer than 33 bits.
    #[error("the public exponent of an RSA key must be odd, at least 65537 and at most 33 bits long")]
    RsaExponent,
    /// An Ed25519 public key of small order: anybody can sign for it.
    #[error("an Ed25519 public key of small order is no key")]
    SmallOrder,
    /// The text is not PEM, or the PEM does not hold what was asked for.
    #[error("expected a PEM block of {expected}")]
    Pem {
        /// The kinds of block that would do.
        expected: &'static str,
    },
    /// The bytes are none of the DER structures that would do.
    #[error("expected the DER of {expected}")]
    Der {
        /// The structures that would do.
        expected: &'static str,
    },
    /// The text is not a JSON Web Key, or a parameter of it is missing or has the wrong form (RFC 7517, RFC 7518 §6).
    #[error("not a JSON Web Key: {reason}")]
    Jwk {
        /// What is wrong.
        reason: &'static str,
    },
    /// A JWK whose `alg` is not the algorithm that was asked for, or that has none where one is needed.
    #[error("the `alg` of the JSON Web Key does not name {expected}")]
    JwkAlgorithm {
        /// What would do.
        expected: &'static str,
    },
    /// A JWK whose `use` or `key_ops` forbid the operation (RFC 7517 §4.2, §4.3).
    #[error("the JSON Web Key may not be used to {operation}")]
    Forbidden {
        /// The operation: `sign` or `verify`.
        operation: &'static str,
    },
    /// A key that has no form in the format that was asked for.
    #[error("this key has no form as {format}")]
    NoSuchForm {
        /// The format.
        format: &'static str,
    },
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Backend,
}
