//! Making the task of one algorithm.

use std::time::Duration;

use bench_harness::{Claims as TaskClaims, Failure, Keys, LIFETIME, Task};
use countersign_jwt::{Algorithm, Claims, Clock, NumericDate, Signer, SigningKey, SystemClock};
use serde::Serialize;

/// Every algorithm of the table, in its order.
pub const ALGORITHMS: [&str; 17] = [
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "ML-DSA-44",
    "ML-DSA-65",
    "ML-DSA-87",
];

/// The application's own claims.
#[derive(Serialize)]
pub(crate) struct Profile<'a> {
    pub(crate) email: &'a str,
}

/// A fresh key for `algorithm`, its good token and its bad ones.
///
/// # Errors
/// If the algorithm is unknown or its key cannot be made.
pub fn task(algorithm: &str) -> Result<Task, Failure> {
    let algorithm: Algorithm = algorithm.parse()?;
    let (key, keys) = keys(algorithm)?;
    let now = SystemClock.now();
    let claims = TaskClaims {
        issuer: "https://auth.example.com".to_owned(),
        subject: "018f6a3e-5b1c-7c3a-9d2e-4f5a6b7c8d9e".to_owned(),
        audience: "https://api.example.com".to_owned(),
        token_id: "mZ3vK1rQ9sT0xY2bN4cD6A".to_owned(),
        email: "ada.lovelace@example.com".to_owned(),
        issued_at: u64::try_from(now.as_secs())?,
    };
    let token = sign(&key, &claims, now, |claims| claims)?;
    let refused = bad_tokens(&key, &claims, &token, now)?;
    let key_id = key.key_id().map(str::to_owned);
    Ok(Task { algorithm: algorithm.name().to_owned(), keys, key_id, claims, token, refused })
}

fn keys(algorithm: Algorithm) -> Result<(SigningKey, Keys), Failure> {
    if algorithm.name().starts_with("HS") {
        let secret: Vec<u8> = (1..=64).collect();
        return Ok((SigningKey::from_secret(algorithm, &secret)?, Keys::Secret(secret)));
    }
    let key = SigningKey::generate(algorithm)?;
    let public = key.verifying_key();
    let keys = Keys::Pair {
        private_der: key.to_der()?.to_vec(),
        private_pem: key.to_pem()?.to_string(),
        private_jwk: key.to_jwk()?.to_json().to_string(),
        public_pem: public.to_pem()?,
        public_jwk: serde_json::to_string(&public.to_jwk())?,
    };
    Ok((key, keys))
}

fn sign<'a>(
    key: &SigningKey,
    claims: &'a TaskClaims,
    now: NumericDate,
    change: impl FnOnce(Claims<'a, Profile<'a>>) -> Claims<'a, Profile<'a>>,
) -> Result<String, Failure> {
    let lifetime = Duration::from_secs(LIFETIME);
    let signer = Signer::new(key.clone(), &*claims.issuer, claims.audience.as_str(), lifetime);
    let good =
        Claims::new(Profile { email: &claims.email }).subject(&claims.subject).token_id(&claims.token_id);
    let whole_second = NumericDate::from_secs(now.as_secs());
    Ok(signer.sign(&change(good), whole_second)?)
}

fn bad_tokens(
    key: &SigningKey,
    claims: &TaskClaims,
    token: &str,
    now: NumericDate,
) -> Result<Vec<(String, String)>, Failure> {
    let hour = Duration::from_secs(3600);
    let bad = |what: &str, token| (what.to_owned(), token);
    Ok(vec![
        bad(
            "its signature is of another token",
            graft_signature(token, &sign(key, claims, now, |c| c.token_id("x"))?)?,
        ),
        bad("it has expired", sign(key, claims, now - hour, |c| c)?),
        bad("it is not yet valid", sign(key, claims, now, |c| c.not_before(now + hour))?),
        bad("another issued it", sign(key, claims, now, |c| c.issuer("https://evil.example.com"))?),
        bad("it is meant for another", sign(key, claims, now, |c| c.audience("https://other.example.com"))?),
    ])
}

fn graft_signature(token: &str, donor: &str) -> Result<String, Failure> {
    const FORM: &str = "not a token";
    let (signed, _) = token.rsplit_once('.').ok_or(FORM)?;
    let (_, signature) = donor.rsplit_once('.').ok_or(FORM)?;
    Ok(format!("{signed}.{signature}"))
}
