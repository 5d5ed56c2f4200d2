//! A key of one algorithm does not serve where another one's is asked for, nor one of an algorithm that nobody has looked at.

use countersign_jwt::only::{Es256, Hs256, Only};
use countersign_jwt::{Algorithm, SigningKey, VerifyingKey};

fn accept(_: &Only<Es256, VerifyingKey>) {}

fn main() {
    let secret = SigningKey::generate(Algorithm::Hs256).unwrap();
    accept(&Only::<Hs256, _>::new(secret.verifying_key()).unwrap());
    accept(&secret.verifying_key());
    accept(&Only::<Es256, _>::new(secret).unwrap());
    let _ = Only::<Es256, _>::new("a key");
}
