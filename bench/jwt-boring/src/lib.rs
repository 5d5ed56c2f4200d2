//! jwt-simple, whose default backend for RSA is BoringSSL. In a process of its own: BoringSSL and OpenSSL have the same
//! symbols.

use std::collections::HashSet;

use bench_harness::{Claims as TaskClaims, Contender, Contenders, Keys, LEEWAY, LIFETIME, Seen, Task};
use jwt_simple::algorithms::{
    ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike, ECDSAP384KeyPairLike, ECDSAP384PublicKeyLike, ES256KeyPair,
    ES256PublicKey, ES384KeyPair, ES384PublicKey, Ed25519KeyPair, Ed25519PublicKey, EdDSAKeyPairLike,
    EdDSAPublicKeyLike, HS256Key, HS384Key, HS512Key, MACLike, MLDSA44KeyPair, MLDSA44PublicKey,
    MLDSA65KeyPair, MLDSA65PublicKey, MLDSA87KeyPair, MLDSA87PublicKey, MLDSAKeyPairLike, MLDSAPublicKeyLike,
    PS256KeyPair, PS256PublicKey, PS384KeyPair, PS384PublicKey, PS512KeyPair, PS512PublicKey, RS256KeyPair,
    RS256PublicKey, RS384KeyPair, RS384PublicKey, RS512KeyPair, RS512PublicKey, RSAKeyPairLike,
    RSAPublicKeyLike,
};
use jwt_simple::claims::{Audiences, Claims, JWTClaims};
use jwt_simple::common::VerificationOptions;
use jwt_simple::prelude::Duration;
use serde::{Deserialize, Serialize};

const LIBRARY: &str = "jwt-simple";

#[derive(Serialize, Deserialize)]
struct Profile {
    email: String,
}

/// The two contenders of one algorithm: the crate has a type for each, and methods of the same names.
macro_rules! pair {
    ($task:expr, $private:expr, $sign:ident, $public:expr) => {{
        let (private, public) = ($private, $public);
        let (claims, options) = ($task.claims.clone(), options(&$task.claims));
        vec![
            Contender::sign(LIBRARY, move || private.$sign(to_sign(&claims)))?,
            Contender::verify(
                LIBRARY,
                $task,
                // The interface takes the options by value, so they must be copied every time.
                move |token: &str| public.verify_token::<Profile>(token, Some(options.clone())),
                seen,
            )?,
        ]
    }};
}

/// The contenders for `task`.
///
/// # Errors
/// If one of them cannot do it.
pub fn contenders(task: &Task) -> Contenders {
    match &task.keys {
        Keys::Secret(secret) => symmetric(task, secret),
        Keys::Pair { private_pem, public_pem, private_jwk, public_jwk, .. } => {
            let key_id = task.key_id.as_deref().unwrap_or_default();
            match task.algorithm.as_str() {
                name if name.starts_with("ML-DSA") => ml_dsa(task, private_jwk, public_jwk),
                _ => classic(task, private_pem, public_pem, key_id),
            }
        }
    }
}

fn symmetric(task: &Task, secret: &[u8]) -> Contenders {
    Ok(match task.algorithm.as_str() {
        "HS256" => pair!(task, HS256Key::from_bytes(secret), authenticate, HS256Key::from_bytes(secret)),
        "HS384" => pair!(task, HS384Key::from_bytes(secret), authenticate, HS384Key::from_bytes(secret)),
        _ => pair!(task, HS512Key::from_bytes(secret), authenticate, HS512Key::from_bytes(secret)),
    })
}

fn classic(task: &Task, private: &str, public: &str, key_id: &str) -> Contenders {
    macro_rules! from_pem {
        ($pair:ty, $public:ty) => {
            pair!(task, <$pair>::from_pem(private)?.with_key_id(key_id), sign, <$public>::from_pem(public)?)
        };
    }
    Ok(match task.algorithm.as_str() {
        "RS256" => from_pem!(RS256KeyPair, RS256PublicKey),
        "RS384" => from_pem!(RS384KeyPair, RS384PublicKey),
        "RS512" => from_pem!(RS512KeyPair, RS512PublicKey),
        "PS256" => from_pem!(PS256KeyPair, PS256PublicKey),
        "PS384" => from_pem!(PS384KeyPair, PS384PublicKey),
        "PS512" => from_pem!(PS512KeyPair, PS512PublicKey),
        "ES256" => from_pem!(ES256KeyPair, ES256PublicKey),
        "ES384" => from_pem!(ES384KeyPair, ES384PublicKey),
        "EdDSA" => from_pem!(Ed25519KeyPair, Ed25519PublicKey),
        _ => Vec::new(),
    })
}

fn ml_dsa(task: &Task, private: &str, public: &str) -> Contenders {
    macro_rules! from_jwk {
        ($pair:ty, $public:ty) => {
            pair!(task, <$pair>::from_jwk(private)?, sign, <$public>::from_jwk(public)?)
        };
    }
    Ok(match task.algorithm.as_str() {
        "ML-DSA-44" => from_jwk!(MLDSA44KeyPair, MLDSA44PublicKey),
        "ML-DSA-65" => from_jwk!(MLDSA65KeyPair, MLDSA65PublicKey),
        "ML-DSA-87" => from_jwk!(MLDSA87KeyPair, MLDSA87PublicKey),
        _ => Vec::new(),
    })
}

fn to_sign(claims: &TaskClaims) -> JWTClaims<Profile> {
    let profile = Profile { email: claims.email.clone() };
    Claims::with_custom_claims(profile, Duration::from_secs(LIFETIME))
        .with_issuer(&claims.issuer)
        .with_subject(&claims.subject)
        .with_audience(&claims.audience)
        .with_jwt_id(&claims.token_id)
}

fn options(claims: &TaskClaims) -> VerificationOptions {
    VerificationOptions {
        allowed_issuers: Some(HashSet::from([claims.issuer.clone()])),
        allowed_audiences: Some(HashSet::from([claims.audience.clone()])),
        time_tolerance: Some(Duration::from_secs(LEEWAY)),
        ..VerificationOptions::default()
    }
}

fn seen(claims: &JWTClaims<Profile>) -> Seen {
    let audience = match &claims.audiences {
        Some(Audiences::AsString(audience)) => audience.clone(),
        _ => String::new(),
    };
    Seen {
        issuer: claims.issuer.clone().unwrap_or_default(),
        subject: claims.subject.clone().unwrap_or_default(),
        audience,
        token_id: claims.jwt_id.clone().unwrap_or_default(),
        email: claims.custom.email.clone(),
        expires_at: claims.expires_at.map_or(0, |date| date.as_secs()),
        issued_at: claims.issued_at.map_or(0, |date| date.as_secs()),
    }
}
