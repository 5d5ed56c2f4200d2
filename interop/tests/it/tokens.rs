//! Tokens of ours there, and theirs here.

use countersign_interop::{Key, PEERS, Peer, Verdict};
use countersign_jwt::{Algorithm, KeySet, SigningKey, Verifier};
use serde_json::{Value, json};

use crate::support::{
    AUDIENCE, ISSUER, assert_says_it_all, now, our_key, our_token, private_claims, private_forms,
    read_private, read_public, their, their_claims, verify, verifying_forms,
};

/// That a peer accepts a token of ours, and finds in it what we put there.
fn assert_accepted(peer: &Peer, algorithm: Algorithm, key: &Key, token: &str) {
    let verdict = peer.verify(algorithm, key, token, (ISSUER, AUDIENCE));
    let Verdict::Accepted(mut claims) = verdict else { panic!("{algorithm}: {verdict:?} with {key:?}") };
    let claims = claims.as_object_mut().unwrap();
    let issued_at = claims.remove("iat").and_then(|date| date.as_i64()).unwrap();
    assert_eq!(claims.remove("exp"), Some(json!(issued_at + 900)));
    for (name, value) in [("iss", ISSUER), ("sub", "user-1"), ("aud", AUDIENCE), ("jti", "t-1")] {
        assert_eq!(claims.remove(name), Some(json!(value)), "{algorithm}: {name}");
    }
    assert_eq!(Value::Object(claims.clone()), private_claims(), "{algorithm}");
}

fn our_tokens_verify_there(peer: &Peer, algorithm: Algorithm, key: &SigningKey) {
    let token = our_token(key);
    for key in verifying_forms(key) {
        assert_accepted(peer, algorithm, &key, &token);
    }
}

#[test]
fn every_algorithm_that_a_peer_has_is_tested_or_known_to_be_another() {
    for peer in &PEERS {
        let mut expected: Vec<&str> = peer.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        expected.extend(peer.more_algorithms);
        expected.sort_unstable();
        let mut found = peer.algorithms();
        found.sort_unstable();
        assert_eq!(found, expected, "{}", peer.name);
    }
}

#[test]
fn our_tokens_verify_there_with_our_public_keys_as_jwk_and_pem() {
    for peer in &PEERS {
        for &algorithm in peer.algorithms {
            our_tokens_verify_there(peer, algorithm, &our_key(algorithm));
        }
    }
}

#[test]
fn our_tokens_verify_there_with_the_set_that_we_publish() {
    for peer in PEERS.iter().filter(|peer| peer.has_key_sets) {
        let algorithms = || peer.algorithms.iter().filter(|algorithm| !algorithm.is_symmetric());
        // One id for one key: the thumbprint of an RSA or Ed25519 key is the same under all its algorithms.
        let keys: Vec<SigningKey> =
            algorithms().map(|&algorithm| our_key(algorithm).with_key_id(algorithm.name())).collect();
        let published: KeySet = keys.iter().map(SigningKey::verifying_key).collect();
        let published = Key::Jwks(serde_json::to_value(published.to_jwk_set()).unwrap());
        for key in &keys {
            assert_accepted(peer, key.algorithm(), &published, &our_token(key));
        }
    }
}

#[test]
fn their_tokens_verify_here_with_their_public_keys_as_jwk_and_pem() {
    for peer in &PEERS {
        for &algorithm in peer.algorithms {
            let key = peer.generate(algorithm);
            let private = their(&key, "private_jwk");
            let claims = their_claims(&json!({}));
            let token = peer.sign(algorithm, &private, &json!({ "typ": "JWT" }), &claims);
            let verifying = match algorithm.is_symmetric() {
                true => vec![read_private(algorithm, &private).verifying_key().without_key_id()],
                false => {
                    ["public_jwk", "public_pem"].map(|form| read_public(algorithm, &their(&key, form))).into()
                }
            };
            for key in verifying {
                let verified =
                    verify(&token, key).unwrap_or_else(|error| panic!("{} {algorithm}: {error}", peer.name));
                assert_says_it_all(&verified);
            }
        }
    }
}

#[test]
fn their_tokens_verify_here_with_a_set_of_their_public_keys() {
    for peer in &PEERS {
        let mut published = Vec::new();
        let mut tokens = Vec::new();
        for algorithm in peer.algorithms.iter().copied().filter(|algorithm| !algorithm.is_symmetric()) {
            let key = peer.generate(algorithm);
            let mut jwk = key["public_jwk"].clone();
            (jwk["kid"], jwk["alg"]) = (algorithm.name().into(), algorithm.name().into());
            published.push(jwk);
            let header = json!({ "typ": "JWT", "kid": algorithm.name() });
            let claims = their_claims(&json!({ "aud": ["invoices", AUDIENCE] }));
            tokens.push(peer.sign(algorithm, &their(&key, "private_jwk"), &header, &claims));
        }
        let keys = KeySet::from_json(&json!({ "keys": published }).to_string()).unwrap();
        assert!(keys.skipped().is_empty(), "{}: {:?}", peer.name, keys.skipped());
        for token in tokens {
            let verified = Verifier::new(ISSUER, AUDIENCE).verify::<Value>(&token, &keys, now()).unwrap();
            assert_eq!(verified.audience().collect::<Vec<_>>(), ["invoices", AUDIENCE]);
            assert_eq!(verified.key_id(), Some(verified.algorithm().name()));
        }
    }
}

#[test]
fn what_they_sign_with_our_private_keys_verifies_here() {
    for peer in &PEERS {
        for &algorithm in peer.algorithms {
            let key = our_key(algorithm);
            for private in private_forms(&key) {
                let header = json!({ "typ": "JWT", "kid": key.key_id().unwrap_or("any") });
                let token = peer.sign(algorithm, &private, &header, &their_claims(&json!({})));
                let verified = verify(&token, key.verifying_key());
                assert_says_it_all(
                    &verified.unwrap_or_else(|error| panic!("{} {algorithm}: {error}", peer.name)),
                );
            }
        }
    }
}

#[test]
fn what_we_sign_with_their_private_keys_verifies_there() {
    for peer in &PEERS {
        for &algorithm in peer.algorithms {
            let key = peer.generate(algorithm);
            for form in ["private_jwk", "private_pem"].into_iter().filter(|form| key.contains_key(*form)) {
                let ours = read_private(algorithm, &their(&key, form));
                our_tokens_verify_there(peer, algorithm, &ours);
            }
        }
    }
}
