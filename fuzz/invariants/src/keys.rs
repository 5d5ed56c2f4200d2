//! The keys of the checks. They are public knowledge and protect nothing.

use countersign_jwt::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey, base64url};

/// The id of [`hmac`] in headers.
pub(crate) const KEY_ID: &str = "k";

/// A key that both sides of a check have, so that any header and any payload can be given a good signature.
pub(crate) fn hmac() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[0x2a; 32]).unwrap().with_key_id(KEY_ID)
}

/// A header and a payload, both encoded, with the signature of [`hmac`] behind them.
pub(crate) fn sign(signing_input: &str) -> String {
    let signature = hmac().sign_bytes(signing_input.as_bytes()).unwrap();
    format!("{signing_input}.{}", base64url::encode(signature))
}

/// The compact form of a header and a payload as they are, with the signature of [`hmac`].
pub(crate) fn compact(header: &[u8], payload: &[u8]) -> String {
    sign(&format!("{}.{}", base64url::encode(header), base64url::encode(payload)))
}

/// Keys of several kinds; [`hmac`] is among them.
pub(crate) fn several() -> KeySet {
    let public = [ED25519, P256].map(|(algorithm, pem)| VerifyingKey::from_pem(algorithm, pem));
    let public: Result<Vec<_>, KeyError> = public.into_iter().collect();
    let mut keys: KeySet = public.unwrap().into_iter().collect();
    keys.extend([hmac().verifying_key()]);
    keys
}

const ED25519: (Algorithm, &str) = (
    Algorithm::EdDsa,
    "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAsWOwFYEjm5AndLzd1GBkR+FL3a0xsf0GRgUf+a4jyng=
-----END PUBLIC KEY-----",
);

const P256: (Algorithm, &str) = (
    Algorithm::Es256,
    "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEe8p08J6owto5B+7ra5ivmDVPdV+S
4dfCSxX50o3bwsR0eryu8bZ5CD+fusdbH8BNCA0mjXFjjU1PnB+N0A6hYw==
-----END PUBLIC KEY-----",
);
