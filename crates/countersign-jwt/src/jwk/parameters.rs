//! What makes a public key, decoded.

use crate::Algorithm;
use crate::jwk::RawJwk;

/// The parameters of a public key (RFC 7518 §6.2.1, §6.3.1, RFC 8037 §2, RFC 9964), decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicParameters {
    Rsa { modulus: Box<[u8]>, exponent: Box<[u8]> },
    Ec { x: Box<[u8]>, y: Box<[u8]> },
    Okp { x: Box<[u8]> },
    Akp { key: Box<[u8]> },
}

impl PublicParameters {
    /// The RFC 7638 thumbprint of a key with these parameters for `algorithm`.
    pub(crate) fn thumbprint(&self, algorithm: Algorithm) -> String {
        let mut raw = RawJwk {
            kty: algorithm.key_type().to_owned(),
            crv: algorithm.curve().map(str::to_owned),
            alg: Some(algorithm.name().to_owned()),
            ..RawJwk::default()
        };
        raw.set_public_parameters(self);
        raw.public_thumbprint()
    }
}
