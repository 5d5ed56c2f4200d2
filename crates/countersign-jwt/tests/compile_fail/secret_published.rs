//! A private key does not get into a set of public ones, and nobody reaches into a key.

use countersign_jwt::{Algorithm, Jwk, JwkSet, KeySet, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = JwkSet { keys: vec![key.to_jwk().unwrap()] };
    let _: Jwk = key.to_jwk().unwrap();
    let _ = KeySet::from(key.clone());
    let _ = &key.material;
}
