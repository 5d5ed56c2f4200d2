//! jwt-compact, over RustCrypto. It validates dates; issuer and audience are the application's.

use std::fmt::Display;

use bench_harness::{Contender, Contenders, Failure, Keys, LEEWAY, LIFETIME, Seen, Task};
use chrono::Duration;
use jwt_compact::alg::{Ed25519, Es256, Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key, Rsa};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::prelude::{Claims, Header, TimeOptions, Token, UntrustedToken};
use jwt_compact::{Algorithm, AlgorithmExt, Empty};
use serde::{Deserialize, Serialize};

const LIBRARY: &str = "jwt-compact";

/// The claims that it does not have fields for.
#[derive(Serialize)]
struct OtherClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    email: &'a str,
}

#[derive(Clone, Deserialize)]
struct OtherClaimsRead {
    iss: String,
    sub: String,
    aud: String,
    jti: String,
    email: String,
}

pub(super) fn contenders(task: &Task) -> Contenders {
    match &task.keys {
        Keys::Secret(secret) => symmetric(task, secret),
        Keys::Pair { private_jwk, public_jwk, .. } => asymmetric(task, private_jwk, public_jwk),
    }
}

fn symmetric(task: &Task, secret: &[u8]) -> Contenders {
    match task.algorithm.as_str() {
        "HS256" => pair(Hs256, task, Hs256Key::new(secret), Hs256Key::new(secret)),
        "HS384" => pair(Hs384, task, Hs384Key::new(secret), Hs384Key::new(secret)),
        _ => pair(Hs512, task, Hs512Key::new(secret), Hs512Key::new(secret)),
    }
}

fn asymmetric(task: &Task, private: &str, public: &str) -> Contenders {
    match task.algorithm.as_str() {
        "ES256" => read_pair(Es256, task, private, public),
        "EdDSA" => read_pair(Ed25519, task, private, public),
        rsa if rsa.starts_with("RS") || rsa.starts_with("PS") => {
            read_pair(Rsa::with_name(rsa), task, private, public)
        }
        _ => Ok(Vec::new()),
    }
}

fn read_pair<A: Algorithm + 'static>(algorithm: A, task: &Task, private: &str, public: &str) -> Contenders
where
    A::SigningKey: for<'k> TryFrom<&'k JsonWebKey<'k>, Error: Display> + 'static,
    A::VerifyingKey: for<'k> TryFrom<&'k JsonWebKey<'k>, Error: Display> + 'static,
{
    let private: JsonWebKey<'_> = serde_json::from_str(private)?;
    let public: JsonWebKey<'_> = serde_json::from_str(public)?;
    let signing = A::SigningKey::try_from(&private).map_err(|error| error.to_string())?;
    let verifying = A::VerifyingKey::try_from(&public).map_err(|error| error.to_string())?;
    pair(algorithm, task, signing, verifying)
}

fn pair<A: Algorithm + 'static>(
    algorithm: A,
    task: &Task,
    signing: A::SigningKey,
    verifying: A::VerifyingKey,
) -> Contenders
where
    A::SigningKey: 'static,
    A::VerifyingKey: 'static,
{
    let algorithm = std::rc::Rc::new(algorithm);
    let sign = sign(algorithm.clone(), task, signing)?;
    Ok(vec![sign, verify(algorithm, task, verifying)?])
}

fn sign<A: Algorithm + 'static>(
    algorithm: std::rc::Rc<A>,
    task: &Task,
    key: A::SigningKey,
) -> Result<Contender, Failure>
where
    A::SigningKey: 'static,
{
    let mut header = Header::empty().with_token_type("JWT");
    if let Some(key_id) = &task.key_id {
        header = header.with_key_id(key_id);
    }
    let options = TimeOptions::default();
    let lifetime = Duration::seconds(LIFETIME.cast_signed());
    let claims = task.claims.clone();
    Contender::sign(LIBRARY, move || {
        let (iss, sub, aud) = (&*claims.issuer, &*claims.subject, &*claims.audience);
        let other = OtherClaims { iss, sub, aud, jti: &claims.token_id, email: &claims.email };
        let claims = Claims::new(other).set_duration_and_issuance(&options, lifetime);
        algorithm.token(&header, &claims, &key)
    })
}

fn verify<A: Algorithm + 'static>(
    algorithm: std::rc::Rc<A>,
    task: &Task,
    key: A::VerifyingKey,
) -> Result<Contender, Failure>
where
    A::VerifyingKey: 'static,
{
    let options = TimeOptions::from_leeway(Duration::seconds(LEEWAY.cast_signed()));
    let (issuer, audience) = (task.claims.issuer.clone(), task.claims.audience.clone());
    let verify = move |token: &str| {
        let text = |error: &dyn Display| error.to_string();
        let token = UntrustedToken::<Empty>::try_from(token).map_err(|error| text(&error))?;
        let token: Token<OtherClaimsRead> =
            algorithm.validator(&key).validate(&token).map_err(|error| text(&error))?;
        let claims = token.claims();
        claims.validate_expiration(&options).map_err(|error| text(&error))?;
        if claims.not_before.is_some() {
            claims.validate_maturity(&options).map_err(|error| text(&error))?;
        }
        if claims.custom.iss != issuer || claims.custom.aud != audience {
            return Err("another issuer or audience".to_owned());
        }
        Ok(token)
    };
    Contender::verify(LIBRARY, task, verify, seen)
}

fn seen(token: &Token<OtherClaimsRead>) -> Seen {
    let claims = token.claims();
    let seconds = |date: Option<chrono::DateTime<chrono::Utc>>| {
        date.map_or(0, |date| u64::try_from(date.timestamp()).unwrap_or_default())
    };
    let other = claims.custom.clone();
    Seen {
        issuer: other.iss,
        subject: other.sub,
        audience: other.aud,
        token_id: other.jti,
        email: other.email,
        expires_at: seconds(claims.expiration),
        issued_at: seconds(claims.issued_at),
    }
}
