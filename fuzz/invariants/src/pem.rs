//! Any bytes, taken for a key in PEM and in DER.

use countersign_jwt::{Algorithm, SigningKey, VerifyingKey};

use crate::jwk;

/// One algorithm of each kind of key.
const KINDS: [Algorithm; 8] = [
    Algorithm::Rs256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

/// A key that is accepted belongs to one kind of algorithm, is the same key after a way through each of its formats, and
/// what it signs is verified by its other half.
pub fn check(data: &[u8]) {
    let text = std::str::from_utf8(data).ok();
    let signing = KINDS.map(|algorithm| {
        let keys = [
            SigningKey::from_der(algorithm, data).ok(),
            text.and_then(|text| SigningKey::from_pem(algorithm, text).ok()),
        ];
        keys.into_iter().flatten().inspect(|key| jwk::signing_key(key).unwrap()).count()
    });
    assert!(belongs_to_one_kind(signing), "{signing:?}");
    let verifying = KINDS.map(|algorithm| {
        let keys = [
            VerifyingKey::from_der(algorithm, data).ok(),
            text.and_then(|text| VerifyingKey::from_pem(algorithm, text).ok()),
        ];
        keys.into_iter().flatten().inspect(|key| jwk::verifying_key(key).unwrap()).count()
    });
    assert!(belongs_to_one_kind(verifying), "{verifying:?}");
    assert!(Algorithm::ALL.iter().filter(|algorithm| algorithm.is_symmetric()).all(|&algorithm| {
        SigningKey::from_der(algorithm, data).is_err() && VerifyingKey::from_der(algorithm, data).is_err()
    }));
}

fn belongs_to_one_kind(found: [usize; KINDS.len()]) -> bool {
    found.iter().filter(|count| **count > 0).count() <= 1
}
