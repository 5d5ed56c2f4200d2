//! Keys in and out of every format, and the keys that are refused.

mod elliptic;
mod formats;
mod jwk;
mod ml_dsa;
mod rsa;
mod secrets;

use countersign_jwt::{Jwk, KeyError, PrivateJwk, SigningKey, VerifyingKey};
use serde_json::Value;

use crate::support::key;

/// The private JWK of a row's key, to be changed.
fn private_jwk(algorithm: countersign_jwt::Algorithm) -> Value {
    serde_json::from_str(&key(algorithm).to_jwk().unwrap().to_json()).unwrap()
}

/// `jwk` with one member set, or left out if it is set to null.
fn changed(jwk: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut jwk = jwk.clone();
    match value.into() {
        Value::Null => drop(jwk.as_object_mut().unwrap().remove(name)),
        value => jwk[name] = value,
    }
    jwk
}

fn sign_with(jwk: &Value) -> Result<SigningKey, KeyError> {
    SigningKey::from_jwk(&PrivateJwk::from_json(&jwk.to_string())?)
}

fn verify_with(jwk: &Value) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_jwk(&Jwk::from_json(&jwk.to_string())?)
}
