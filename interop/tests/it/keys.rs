//! Keys that cross are the same keys on the other side.

use countersign_interop::PEERS;
use countersign_jwt::{Jwk, VerifyingKey};

use crate::support::{our_key, read_private, read_public, their};

#[test]
fn thumbprints_agree() {
    for peer in PEERS.iter().filter(|peer| peer.has_thumbprints) {
        for algorithm in peer.algorithms.iter().copied().filter(|algorithm| !algorithm.is_symmetric()) {
            let ours = our_key(algorithm).verifying_key().to_jwk().unwrap();
            let theirs: Jwk = serde_json::from_value(peer.generate(algorithm)["public_jwk"].clone()).unwrap();
            for jwk in [ours, theirs] {
                let there = peer.thumbprint(&serde_json::to_value(&jwk).unwrap());
                assert_eq!(jwk.thumbprint(), Ok(there), "{} {algorithm}", peer.name);
            }
        }
    }
}

#[test]
fn all_forms_of_a_key_of_theirs_hold_the_same_key() {
    for peer in &PEERS {
        for algorithm in peer.algorithms.iter().copied().filter(|algorithm| !algorithm.is_symmetric()) {
            let key = peer.generate(algorithm);
            let public = ["public_jwk", "public_pem"].map(|form| read_public(algorithm, &their(&key, form)));
            let private = ["private_jwk", "private_pem"]
                .map(|form| read_private(algorithm, &their(&key, form)).verifying_key());
            let ders = public.iter().chain(&private).map(|key: &VerifyingKey| key.to_der().unwrap());
            let ders: Vec<Vec<u8>> = ders.collect();
            assert!(ders.iter().all(|der| *der == ders[0]), "{} {algorithm}", peer.name);
        }
    }
}
