//! Keys, tokens and moments that the tests have in common.

use std::sync::OnceLock;

use countersign_jwt::{
    Algorithm, KeyError, KeySet, NumericDate, SigningKey, Verified, Verifier, VerifyError, base64url,
};
use serde_json::{Value, json};

/// The moment at which everything happens unless a test says otherwise.
pub(crate) const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);
pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "api";

/// An RSA key made once, so that the tests need not wait for one.
pub(crate) const RSA_PEM: &str = include_str!("../data/keys/rsa-pkcs8.pem");

type Keys = [OnceLock<SigningKey>; Algorithm::ALL.len()];

fn cached(
    keys: &'static Keys,
    algorithm: Algorithm,
    make: fn(Algorithm) -> SigningKey,
) -> &'static SigningKey {
    let place = Algorithm::ALL.into_iter().position(|other| other == algorithm).unwrap();
    keys[place].get_or_init(|| make(algorithm))
}

/// The key of a row of the table. All RSA rows have the same one, and so have `EdDSA` and `Ed25519`, and HMAC rows.
pub(crate) fn key(algorithm: Algorithm) -> &'static SigningKey {
    static KEYS: Keys = [const { OnceLock::new() }; Algorithm::ALL.len()];
    cached(&KEYS, algorithm, |algorithm| match (algorithm.key_type(), algorithm) {
        ("oct", _) => SigningKey::from_secret(algorithm, &[7; 64]).unwrap(),
        ("RSA", _) => SigningKey::from_pem(algorithm, RSA_PEM).unwrap(),
        (_, Algorithm::Ed25519) => {
            SigningKey::from_pem(algorithm, &key(Algorithm::EdDsa).to_pem().unwrap()).unwrap()
        }
        _ => SigningKey::generate(algorithm).unwrap(),
    })
}

/// Another key of the same row.
pub(crate) fn other_key(algorithm: Algorithm) -> &'static SigningKey {
    static KEYS: Keys = [const { OnceLock::new() }; Algorithm::ALL.len()];
    static RSA: OnceLock<SigningKey> = OnceLock::new();
    cached(&KEYS, algorithm, |algorithm| match algorithm.key_type() {
        "RSA" => {
            let pem = RSA.get_or_init(|| SigningKey::generate(Algorithm::Rs256).unwrap()).to_pem().unwrap();
            SigningKey::from_pem(algorithm, &pem).unwrap()
        }
        _ => SigningKey::generate(algorithm).unwrap(),
    })
}

/// The key of `Hs256`, which most tests of the rules sign with.
pub(crate) fn secret() -> &'static SigningKey {
    key(Algorithm::Hs256)
}

/// A set with the one key that verifies what `key` signs.
pub(crate) fn keys(key: &SigningKey) -> KeySet {
    KeySet::from(key.verifying_key())
}

/// A token with any header and payload and a good signature over both.
pub(crate) fn token(key: &SigningKey, header: &str, payload: impl AsRef<[u8]>) -> String {
    let input = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    let signature = key.sign_bytes(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url::encode(signature))
}

/// A token with this payload whose signature and header are as they should be.
pub(crate) fn signed(payload: impl AsRef<[u8]>) -> String {
    token(secret(), r#"{"alg":"HS256","typ":"JWT"}"#, payload)
}

/// The verifier that accepts [`claims`].
pub(crate) fn verifier() -> Verifier {
    Verifier::new(ISSUER, AUDIENCE)
}

/// The claims that [`verifier`] accepts at [`NOW`].
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "user-1", "aud": AUDIENCE, "exp": NOW.as_secs() + 900, "iat": NOW.as_secs(),
        "jti": "token-1", "email": "ada@example.com",
    })
}

/// The same with one claim set.
pub(crate) fn with(name: &str, value: impl Into<Value>) -> String {
    let mut claims = claims();
    claims[name] = value.into();
    claims.to_string()
}

/// The same with one claim left out.
pub(crate) fn without(name: &str) -> String {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name).unwrap();
    claims.to_string()
}

/// The least claims that [`verifier`] accepts, with `members` behind them as they are written.
pub(crate) fn with_text(members: &str) -> String {
    format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":1700000900,{members}}}"#)
}

/// What `verifier` says of a payload at [`NOW`].
pub(crate) fn verify(verifier: &Verifier, payload: impl AsRef<[u8]>) -> Result<Verified<Value>, VerifyError> {
    verify_at(verifier, payload, NOW)
}

/// What `verifier` says of a payload at `now`.
pub(crate) fn verify_at(
    verifier: &Verifier,
    payload: impl AsRef<[u8]>,
    now: NumericDate,
) -> Result<Verified<Value>, VerifyError> {
    verifier.verify(&signed(payload), &keys(secret()), now)
}

/// `ok`, or the code of the refusal.
pub(crate) fn outcome<T>(result: Result<T, VerifyError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

/// One DER element: tag, length, content (X.690 §8.1).
pub(crate) fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut element = vec![tag];
    match length {
        0..0x80 => element.push(length as u8),
        0x80..0x100 => element.extend([0x81, length as u8]),
        _ => element.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    element.extend(content);
    element
}

/// The DER of a non-negative INTEGER.
pub(crate) fn der_integer(big_endian: &[u8]) -> Vec<u8> {
    let first = big_endian.iter().position(|byte| *byte != 0).unwrap_or(big_endian.len());
    let digits = &big_endian[first..];
    match digits.first() {
        Some(0..0x80) => der(0x02, &[digits]),
        _ => der(0x02, &[&[0], digits]),
    }
}

/// The bytes of the PEM block with this label.
pub(crate) fn pem_block(pem: &str, label: &str) -> Vec<u8> {
    let (_, after) = pem.split_once(&format!("-----BEGIN {label}-----")).unwrap();
    let (body, _) = after.split_once(&format!("-----END {label}-----")).unwrap();
    base64_simd::STANDARD.decode_to_vec(body.split_whitespace().collect::<String>()).unwrap()
}

/// Whether it was refused, and why.
pub(crate) fn refusal<T>(made: Result<T, KeyError>) -> Option<KeyError> {
    made.err()
}
