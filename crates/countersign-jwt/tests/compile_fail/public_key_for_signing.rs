//! A key that verifies does not sign, and a key that signs is not taken for a source of keys.

use std::time::Duration;

use countersign_jwt::{Algorithm, NumericDate, Signer, SigningKey, Verifier, jws};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let public = key.verifying_key();
    let _ = Signer::new(public.clone(), "issuer", "audience", Duration::from_secs(900));
    let _ = jws::sign(&public, None, b"payload");
    let _ = public.sign_bytes(b"message");

    let verifier = Verifier::new("issuer", "audience");
    let _ = verifier.verify::<()>("a.b.c", &key, NumericDate::from_secs(0));
}
