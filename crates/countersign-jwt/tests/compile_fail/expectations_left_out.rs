//! Issuer, audience, keys and the time cannot be forgotten, and the algorithm is not chosen by whoever verifies.

use countersign_jwt::{Algorithm, KeySet, NumericDate, Verifier};

fn main() {
    let (keys, now) = (KeySet::default(), NumericDate::from_secs(0));
    let _ = Verifier::new();
    let _ = Verifier::new("issuer");
    let _ = Verifier::default();
    let verifier = Verifier::new("issuer", "audience");
    let _ = verifier.verify::<()>("a.b.c", &keys);
    let _ = verifier.verify::<()>("a.b.c", now);
    let _ = verifier.verify::<()>("a.b.c", &keys, now, Algorithm::Hs256);
    let _ = Verifier::new(None::<&str>, "audience");
}
