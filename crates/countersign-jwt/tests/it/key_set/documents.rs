//! JWK Sets as issuers publish them (RFC 7517 §5).

use countersign_jwt::{Algorithm, KeyError, KeySet};
use serde_json::{Value, json};

use crate::support::{key, other_key};

/// The public JWK of a row's key, or the whole of a secret.
fn jwk(algorithm: Algorithm) -> Value {
    match key(algorithm).verifying_key().to_jwk() {
        Some(public) => serde_json::to_value(public).unwrap(),
        None => serde_json::from_str(&key(algorithm).to_jwk().unwrap().to_json()).unwrap(),
    }
}

fn with(mut jwk: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Null => drop(jwk.as_object_mut().unwrap().remove(name)),
            _ => jwk[name] = value.clone(),
        }
    }
    jwk
}

fn read(keys: &[Value]) -> KeySet {
    KeySet::from_json(&json!({ "keys": keys }).to_string()).unwrap()
}

fn algorithms(set: &KeySet) -> Vec<Algorithm> {
    set.iter().map(|key| key.algorithm()).collect()
}

#[test]
fn a_key_that_is_not_known_is_left_out_and_reported_and_the_others_are_used() {
    let good = jwk(Algorithm::Es256);
    let unusable = [
        json!({"kty": "FUTURE", "kid": "future", "alg": "XY256"}),
        with(good.clone(), &json!({"kid": "curve", "crv": "P-192", "alg": null})),
        with(good.clone(), &json!({"kid": "alg", "alg": "ES999"})),
        with(good.clone(), &json!({"kid": "none", "alg": "none"})),
        with(good.clone(), &json!({"kid": "enc", "use": "enc"})),
        with(good.clone(), &json!({"kid": "ops", "key_ops": ["sign"]})),
        with(good.clone(), &json!({"kid": "x", "x": null})),
        with(good.clone(), &json!({"kid": "broken", "x": "AAAA"})),
        with(good.clone(), &json!({"kid": "other type", "alg": "RS256"})),
        with(good.clone(), &json!({"kid": "no type", "kty": null})),
        with(jwk(Algorithm::EdDsa), &json!({"kid": "x25519", "crv": "X25519", "alg": "ECDH-ES"})),
        with(jwk(Algorithm::MlDsa44), &json!({"kid": "akp", "alg": null})),
        with(jwk(Algorithm::Hs256), &json!({"kid": "oct", "alg": null})),
        json!({"kty": "oct", "kid": "short", "alg": "HS256", "k": "AAAA"}),
        json!({"kty": "RSA", "kid": "small", "n": "_____w", "e": "AQAB"}),
    ];
    let mut all = vec![good];
    all.extend(unusable.clone());
    all.push(jwk(Algorithm::EdDsa));
    let set = read(&all);
    assert_eq!(algorithms(&set), [Algorithm::Es256, Algorithm::EdDsa]);
    assert_eq!(set.skipped().len(), unusable.len());
    for (index, (skipped, jwk)) in set.skipped().iter().zip(&unusable).enumerate() {
        assert_eq!(skipped.index, index + 1);
        assert_eq!(skipped.key_id.as_deref(), jwk["kid"].as_str());
    }
}

#[test]
fn a_type_or_a_curve_that_is_not_known_is_reported_as_such() {
    let set = read(&[
        json!({"kty": "FUTURE"}),
        with(jwk(Algorithm::Es256), &json!({"crv": "P-192", "alg": null})),
        with(jwk(Algorithm::Hs256), &json!({"alg": null})),
    ]);
    let reasons: Vec<_> = set.skipped().iter().map(|skipped| skipped.reason.to_string()).collect();
    let unsupported = "not a JSON Web Key: its type or its curve is not supported";
    assert_eq!(reasons[..2], [unsupported, unsupported]);
    assert!(reasons[2].contains("does not name the algorithm"), "{reasons:?}");
}

#[test]
fn an_element_that_is_no_key_at_all_is_left_out_and_reported() {
    let good = jwk(Algorithm::Es256);
    let garbage = [
        json!(null),
        json!(7),
        json!("kty"),
        json!([good]),
        json!(true),
        json!({"kty": 1, "kid": "k"}),
        json!({"kty": "EC", "kid": ["k"]}),
        json!({}),
    ];
    let mut all = garbage.to_vec();
    all.push(good);
    let set = read(&all);
    assert_eq!(algorithms(&set), [Algorithm::Es256]);
    let indices: Vec<_> = set.skipped().iter().map(|skipped| skipped.index).collect();
    assert_eq!(indices, (0..garbage.len()).collect::<Vec<_>>());
    assert!(set.skipped().iter().all(|skipped| skipped.key_id.is_none()));
    assert!(
        set.skipped()
            .iter()
            .all(|skipped| matches!(skipped.reason, KeyError::Jwk { .. } | KeyError::JwkAlgorithm { .. }))
    );
}

#[test]
fn an_element_with_a_member_twice_makes_the_text_no_strict_json() {
    let good = jwk(Algorithm::Es256).to_string();
    let doubled = good.replacen('{', r#"{"kid":"a","#, 1);
    assert!(KeySet::from_json(&format!(r#"{{"keys":[{good},{doubled}]}}"#)).is_err());
}

#[test]
fn a_text_that_is_no_set_is_an_error() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "\"keys\"",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":"[]"}"#,
        r#"{"Keys":[]}"#,
        r#"{"keys":[]"#,
        r#"{"keys":[]}x"#,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"keys":[,]}"#,
        "\u{feff}{\"keys\":[]}",
        "<html></html>",
    ] {
        assert!(KeySet::from_json(text).is_err(), "{text}");
    }
    let deep = format!(r#"{{"keys":[],"deep":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert!(KeySet::from_json(&deep).is_err());
}

#[test]
fn other_members_of_a_set_are_ignored() {
    let text =
        json!({"a": {"keys": [1]}, "keys": [jwk(Algorithm::Es256)], "issuer": "x", "z": null}).to_string();
    assert_eq!(algorithms(&KeySet::from_json(&text).unwrap()), [Algorithm::Es256]);
    assert!(KeySet::from_json(r#" { "keys" : [ ] } "#).unwrap().is_empty());
}

#[test]
fn keys_that_name_no_algorithm_are_bound_by_type_and_curve() {
    let bare = |algorithm| with(jwk(algorithm), &json!({"alg": null}));
    assert_eq!(algorithms(&read(&[bare(Algorithm::Ps384)])), [Algorithm::Rs256]);
    assert_eq!(algorithms(&read(&[bare(Algorithm::Es512)])), [Algorithm::Es512]);
    // Ed25519 has two names, and a token may say either.
    assert_eq!(algorithms(&read(&[bare(Algorithm::EdDsa)])), [Algorithm::EdDsa, Algorithm::Ed25519]);
}

#[test]
fn keys_that_name_no_algorithm_are_bound_to_those_that_are_asked_for() {
    let bare = |algorithm| with(jwk(algorithm), &json!({"alg": null}));
    let keys = [
        bare(Algorithm::Rs256),
        bare(Algorithm::Ed25519),
        bare(Algorithm::Es256),
        bare(Algorithm::Hs256),
        jwk(Algorithm::Ps512),
        bare(Algorithm::MlDsa65),
    ];
    let text = json!({ "keys": keys }).to_string();
    let asked = [
        Algorithm::Ps256,
        Algorithm::Rs384,
        Algorithm::Ed25519,
        Algorithm::Es384,
        Algorithm::Hs512,
        Algorithm::MlDsa65,
    ];
    let set = KeySet::from_json_for(&text, &asked).unwrap();
    assert_eq!(
        algorithms(&set),
        [
            Algorithm::Ps256,
            Algorithm::Rs384,
            Algorithm::Ed25519,
            Algorithm::Es256,
            Algorithm::Hs512,
            Algorithm::Ps512
        ],
        "a key that names one is bound to that, and a curve decides for itself"
    );
    let skipped: Vec<_> = set.skipped().iter().map(|skipped| skipped.index).collect();
    assert_eq!(skipped, [5], "an AKP key must name its algorithm");
}

#[test]
fn a_secret_that_names_its_algorithm_is_taken_but_never_published() {
    let secret = with(jwk(Algorithm::Hs256), &json!({"kid": "shared"}));
    let set = read(&[secret.clone(), jwk(Algorithm::Es256)]);
    assert_eq!(algorithms(&set), [Algorithm::Hs256, Algorithm::Es256]);
    let published = serde_json::to_string(&set.to_jwk_set()).unwrap();
    assert!(!published.contains("shared") && !published.contains(secret["k"].as_str().unwrap()));
    for forbidden in [json!({"use": "enc"}), json!({"key_ops": ["sign"]})] {
        assert!(read(&[with(secret.clone(), &forbidden)]).is_empty());
    }
}

#[test]
fn next_current_and_retired_keys_are_all_used() {
    let other = serde_json::to_value(other_key(Algorithm::Es256).verifying_key().to_jwk()).unwrap();
    let set = read(&[jwk(Algorithm::Es256), other, jwk(Algorithm::Rs256)]);
    assert_eq!(set.len(), 3);
    assert!(set.skipped().is_empty());
}
