//! A secret is not serialised: not a key that signs, not its JWK, not a key that may be a secret.

use countersign_jwt::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Hs256).unwrap();
    let _ = serde_json::to_string(&key);
    let _ = serde_json::to_string(&key.verifying_key());
    let _ = serde_json::to_string(&key.to_jwk().unwrap());
}
