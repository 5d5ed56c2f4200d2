//! jwtk. It validates dates without leeway; issuer and audience are the application's.

use std::rc::Rc;
use std::time::Duration;

use bench_harness::{Contender, Contenders, Keys, LIFETIME, Seen, Task};
use jwtk::ecdsa::{EcdsaPrivateKey, EcdsaPublicKey};
use jwtk::eddsa::{Ed25519PrivateKey, Ed25519PublicKey};
use jwtk::hmac::{HmacAlgorithm, HmacKey};
use jwtk::rsa::{RsaAlgorithm, RsaPrivateKey, RsaPublicKey};
use jwtk::{HeaderAndClaims, OneOrMany, SigningKey, VerificationKey};
use serde::{Deserialize, Serialize};

const LIBRARY: &str = "jwtk";

#[derive(Serialize, Deserialize)]
struct Profile {
    email: String,
}

type Pair = (Rc<dyn SigningKey>, Rc<dyn VerificationKey>);

pub(super) fn contenders(task: &Task) -> Contenders {
    match keys(task) {
        Ok(Some(pair)) => contenders_with(task, pair),
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(format!("{LIBRARY}: {error}").into()),
    }
}

fn keys(task: &Task) -> jwtk::Result<Option<Pair>> {
    let (private, public) = match &task.keys {
        Keys::Secret(secret) => {
            let algorithm = match task.algorithm.as_str() {
                "HS256" => HmacAlgorithm::HS256,
                "HS384" => HmacAlgorithm::HS384,
                _ => HmacAlgorithm::HS512,
            };
            let key = Rc::new(HmacKey::from_bytes(secret, algorithm));
            return Ok(Some((key.clone(), key)));
        }
        Keys::Pair { private_pem, public_pem, .. } => (private_pem.as_bytes(), public_pem.as_bytes()),
    };
    Ok(match task.algorithm.as_str() {
        "EdDSA" => Some((
            Rc::new(Ed25519PrivateKey::from_pem(private)?),
            Rc::new(Ed25519PublicKey::from_pem(public)?),
        )),
        "ES256" | "ES384" | "ES512" => {
            Some((Rc::new(EcdsaPrivateKey::from_pem(private)?), Rc::new(EcdsaPublicKey::from_pem(public)?)))
        }
        rsa if rsa.starts_with("RS") || rsa.starts_with("PS") => {
            let algorithm = RsaAlgorithm::from_name(rsa)?;
            Some((
                Rc::new(RsaPrivateKey::from_pem(private, algorithm)?),
                Rc::new(RsaPublicKey::from_pem(public, Some(algorithm))?),
            ))
        }
        _ => None,
    })
}

fn contenders_with(task: &Task, (private, public): Pair) -> Contenders {
    let (claims, key_id) = (task.claims.clone(), task.key_id.clone());
    let sign = Contender::sign(LIBRARY, move || {
        let mut token = HeaderAndClaims::with_claims(Profile { email: claims.email.clone() });
        if let Some(key_id) = &key_id {
            token.set_kid(key_id);
        }
        token.set_iss(&claims.issuer).set_sub(&claims.subject).set_jti(&claims.token_id);
        token.claims_mut().aud = OneOrMany::One(claims.audience.clone());
        token.set_iat_now().set_exp_from_now(Duration::from_secs(LIFETIME));
        jwtk::sign(&mut token, &*private)
    })?;
    let (issuer, audience) = (task.claims.issuer.clone(), task.claims.audience.clone());
    let verify = move |token: &str| {
        let verified = jwtk::verify::<Profile>(token, &*public).map_err(|error| error.to_string())?;
        let claims = verified.claims();
        if claims.iss.as_ref() != Some(&issuer) || !claims.aud.iter().any(|name| *name == audience) {
            return Err("another issuer or audience".to_owned());
        }
        Ok(verified)
    };
    Ok(vec![sign, Contender::verify(LIBRARY, task, verify, seen)?])
}

fn seen(verified: &HeaderAndClaims<Profile>) -> Seen {
    let claims = verified.claims();
    let seconds = |date: Option<Duration>| date.map_or(0, |date| date.as_secs());
    Seen {
        issuer: claims.iss.clone().unwrap_or_default(),
        subject: claims.sub.clone().unwrap_or_default(),
        audience: claims.aud.iter().cloned().collect(),
        token_id: claims.jti.clone().unwrap_or_default(),
        email: claims.extra.email.clone(),
        expires_at: seconds(claims.exp),
        issued_at: seconds(claims.iat),
    }
}
