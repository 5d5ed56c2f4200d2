//! josekit. It validates dates without leeway, issuer and audience.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bench_harness::{
    Claims as TaskClaims, Contender, Contenders, Failure, Keys, LIFETIME, Seen, Task, epoch_seconds,
};
use josekit::JoseError;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, ES384, ES512, EdDSA, HS256, HS384, HS512, JwsHeader, JwsSigner, JwsVerifier};
use josekit::jws::{PS256, PS384, PS512, RS256, RS384, RS512};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use serde_json::Value;

const LIBRARY: &str = "josekit";

type Pair = (Box<dyn JwsSigner>, Box<dyn JwsVerifier>);

pub(super) fn contenders(task: &Task) -> Contenders {
    match keys(task)? {
        Some((signer, verifier)) => Ok(vec![sign(task, signer)?, verify(task, verifier)?]),
        None => Ok(Vec::new()),
    }
}

fn keys(task: &Task) -> Result<Option<Pair>, JoseError> {
    let (private, public) = match &task.keys {
        Keys::Secret(secret) => return symmetric(&task.algorithm, secret).map(Some),
        Keys::Pair { private_jwk, public_jwk, .. } => {
            (Jwk::from_bytes(private_jwk)?, Jwk::from_bytes(public_jwk)?)
        }
    };
    macro_rules! pair {
        ($algorithm:ident) => {
            Some((
                Box::new($algorithm.signer_from_jwk(&private)?),
                Box::new($algorithm.verifier_from_jwk(&public)?),
            ))
        };
    }
    Ok(match task.algorithm.as_str() {
        "RS256" => pair!(RS256),
        "RS384" => pair!(RS384),
        "RS512" => pair!(RS512),
        "PS256" => pair!(PS256),
        "PS384" => pair!(PS384),
        "PS512" => pair!(PS512),
        "ES256" => pair!(ES256),
        "ES384" => pair!(ES384),
        "ES512" => pair!(ES512),
        "EdDSA" => pair!(EdDSA),
        _ => None,
    })
}

fn symmetric(algorithm: &str, secret: &[u8]) -> Result<Pair, JoseError> {
    let algorithm = match algorithm {
        "HS256" => HS256,
        "HS384" => HS384,
        _ => HS512,
    };
    Ok((Box::new(algorithm.signer_from_bytes(secret)?), Box::new(algorithm.verifier_from_bytes(secret)?)))
}

fn sign(task: &Task, signer: Box<dyn JwsSigner>) -> Result<Contender, Failure> {
    let mut header = JwsHeader::new();
    header.set_token_type("JWT");
    if let Some(key_id) = &task.key_id {
        header.set_key_id(key_id);
    }
    let claims = task.claims.clone();
    Contender::sign(LIBRARY, move || jwt::encode_with_signer(&payload(&claims)?, &header, &*signer))
}

fn payload(claims: &TaskClaims) -> Result<JwtPayload, JoseError> {
    let issued_at = UNIX_EPOCH + Duration::from_secs(epoch_seconds());
    let mut payload = JwtPayload::new();
    payload.set_issuer(&claims.issuer);
    payload.set_subject(&claims.subject);
    payload.set_audience(vec![&claims.audience]);
    payload.set_issued_at(&issued_at);
    payload.set_expires_at(&(issued_at + Duration::from_secs(LIFETIME)));
    payload.set_jwt_id(&claims.token_id);
    payload.set_claim("email", Some(Value::String(claims.email.clone())))?;
    Ok(payload)
}

fn verify(task: &Task, verifier: Box<dyn JwsVerifier>) -> Result<Contender, Failure> {
    let mut validator = JwtPayloadValidator::new();
    validator.set_issuer(&task.claims.issuer);
    validator.set_audience(&task.claims.audience);
    let verify = move |token: &str| {
        let (payload, _) = jwt::decode_with_verifier(token, &*verifier)?;
        validator.validate(&payload)?;
        Ok::<_, JoseError>(payload)
    };
    Contender::verify(LIBRARY, task, verify, seen)
}

fn seen(payload: &JwtPayload) -> Seen {
    let text = |claim: Option<&str>| claim.unwrap_or_default().to_owned();
    let seconds = |date: Option<SystemTime>| {
        date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs())
    };
    Seen {
        issuer: text(payload.issuer()),
        subject: text(payload.subject()),
        audience: payload.audience().unwrap_or_default().concat(),
        token_id: text(payload.jwt_id()),
        email: text(payload.claim("email").and_then(Value::as_str)),
        expires_at: seconds(payload.expires_at()),
        issued_at: seconds(payload.issued_at()),
    }
}
