//! A key is not printed.

use countersign_jwt::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Hs256).unwrap();
    println!("{}", key);
    println!("{}", key.verifying_key());
    println!("{}", key.to_jwk().unwrap());
}
