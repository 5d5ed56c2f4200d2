//! Any text, taken for a JWK Set.

use countersign_jwt::{Algorithm, JwkSet, KeySet};

use crate::jwk;
use crate::reference::{Json, strict_json};

/// A set is accepted exactly when it is strict JSON with an array of keys, whatever the keys are: each of them is used or
/// reported. The public ones are written so that they read back the same.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let document = strict_json(text);
    let elements = match document.as_ref().and_then(|document| document.member("keys")) {
        Some(Json::Array(elements)) => Some(elements),
        _ => None,
    };
    let Ok(set) = KeySet::from_json(text) else {
        assert!(elements.is_none(), "a set was refused");
        return;
    };
    let elements = elements.unwrap();
    let skipped: Vec<usize> = set.skipped().iter().map(|key| key.index).collect();
    assert!(
        skipped.is_sorted_by(|one, next| one < next) && skipped.iter().all(|&index| index < elements.len())
    );
    // A key is used under one algorithm, an Ed25519 key perhaps under both of its names.
    let used = elements.len() - skipped.len();
    assert!((used..=2 * used).contains(&set.len()), "{used} keys, used {} times", set.len());
    let objects = |index: &usize| matches!(elements[*index], Json::Object(_));
    assert!((0..elements.len()).filter(|index| !objects(index)).all(|index| skipped.contains(&index)));

    set.iter().for_each(|key| jwk::verifying_key(key).unwrap());
    let published = set.to_jwk_set();
    let written = serde_json::to_string(&published).unwrap();
    assert_eq!(serde_json::from_str::<JwkSet>(&written).unwrap(), published);
    let again = KeySet::from_json(&written).unwrap();
    assert!(again.skipped().is_empty());
    let public = set.iter().filter(|key| !key.algorithm().is_symmetric());
    assert!(
        public
            .map(|key| (key.algorithm(), key.key_id()))
            .eq(again.iter().map(|key| (key.algorithm(), key.key_id())))
    );

    let all = KeySet::from_json_for(text, &Algorithm::ALL).unwrap();
    assert!(all.iter().all(|key| !key.algorithm().is_symmetric() || text.contains("oct")));
}
