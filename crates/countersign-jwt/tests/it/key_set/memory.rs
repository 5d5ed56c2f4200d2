//! A set remembers the headers it has met on good tokens. Nothing may follow from that but speed.

use std::thread;

use countersign_jwt::jws::JwsVerifier;
use countersign_jwt::{Algorithm, KeySet, base64url};

use crate::support::{NOW, claims, key, keys, other_key, outcome, secret, signed, token, verifier};

/// Everything a set shows of itself, its memory included.
fn state(keys: &KeySet) -> String {
    format!("{keys:?}")
}

#[test]
fn a_header_that_was_met_is_checked_against_what_each_verifier_expects() {
    let (keys, good) = (keys(secret()), signed(claims().to_string()));
    for _ in 0..2 {
        assert_eq!(outcome(verifier().verify::<()>(&good, &keys, NOW)), "ok");
        assert_eq!(outcome(verifier().token_type("at+jwt").verify::<()>(&good, &keys, NOW)), "typ_mismatch");
        assert_eq!(
            outcome(verifier().algorithms([Algorithm::Hs512]).verify::<()>(&good, &keys, NOW)),
            "algorithm_mismatch"
        );
        assert_eq!(outcome(verifier().max_length(20).verify::<()>(&good, &keys, NOW)), "token_too_long");
        assert_eq!(outcome(verifier().token_type("jwt").verify::<()>(&good, &keys, NOW)), "ok");
    }
}

#[test]
fn a_header_that_was_met_vouches_for_no_signature_and_no_claim() {
    let (keys, good) = (keys(secret()), signed(claims().to_string()));
    assert_eq!(outcome(verifier().verify::<()>(&good, &keys, NOW)), "ok");
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = input.split_once('.').unwrap();
    let other = base64url::encode(crate::support::with("sub", "somebody else"));
    for forged in [format!("{input}."), format!("{input}.AAAA"), format!("{header}.{other}.{signature}")] {
        assert_eq!(outcome(verifier().verify::<()>(&forged, &keys, NOW)), "signature_invalid");
    }
    let expired = signed(crate::support::with("exp", 1));
    assert_eq!(outcome(verifier().verify::<()>(&expired, &keys, NOW)), "token_expired");
}

#[test]
fn only_the_header_of_a_token_with_a_good_signature_is_remembered() {
    let keys = keys(key(Algorithm::Es256));
    let fresh = state(&keys);
    let header = r#"{"alg":"ES256"}"#;
    let genuine = token(key(Algorithm::Es256), header, b"payload");
    let forged = token(other_key(Algorithm::Es256), header, b"payload");
    for _ in 0..3 {
        assert_eq!(outcome(JwsVerifier::new().verify(&forged, &keys, NOW)), "signature_invalid");
        assert_eq!(outcome(JwsVerifier::new().verify("e30.e30.e30", &keys, NOW)), "header_invalid");
        let mismatch = JwsVerifier::new().token_type("x").verify(&genuine, &keys, NOW);
        assert_eq!(outcome(mismatch), "typ_mismatch");
        assert_eq!(state(&keys), fresh);
    }
    assert_eq!(outcome(JwsVerifier::new().verify(&genuine, &keys, NOW)), "ok");
    assert_ne!(state(&keys), fresh);
    assert_eq!(outcome(JwsVerifier::new().verify(&forged, &keys, NOW)), "signature_invalid");
}

#[test]
fn a_header_spelled_otherwise_is_read_for_itself() {
    let keys = keys(key(Algorithm::Es256));
    let good = token(key(Algorithm::Es256), r#"{"alg":"ES256"}"#, b"payload");
    assert_eq!(outcome(JwsVerifier::new().verify(&good, &keys, NOW)), "ok");
    for (header, expected) in [
        (r#"{"alg":"ES256","crit":["b64"]}"#, "crit_unsupported"),
        (r#"{"alg":"none"}"#, "algorithm_unsupported"),
        (r#"{"alg":"ES256","alg":"ES256"}"#, "header_invalid"),
        (r#"{"alg":"ES256" }"#, "ok"),
    ] {
        let other = token(key(Algorithm::Es256), header, b"payload");
        assert_eq!(outcome(JwsVerifier::new().verify(&other, &keys, NOW)), expected, "{header}");
    }
}

#[test]
fn more_headers_than_are_remembered_are_verified_all_the_same() {
    let keys = keys(key(Algorithm::EdDsa));
    let tokens: Vec<String> = (0..20)
        .map(|n| token(key(Algorithm::EdDsa), &format!(r#"{{"alg":"EdDSA","n":{n}}}"#), n.to_string()))
        .collect();
    let mut after_a_few = None;
    for round in 0..3 {
        for (n, token) in tokens.iter().enumerate() {
            let payload = JwsVerifier::new().verify(token, &keys, NOW).unwrap();
            assert_eq!(payload, n.to_string().as_bytes(), "round {round}");
            if (round, n) == (0, 10) {
                after_a_few = Some(state(&keys));
            }
        }
    }
    assert_eq!(Some(state(&keys)), after_a_few, "the memory is full and does not grow");
}

#[test]
fn a_long_header_is_verified_and_not_remembered() {
    let keys = keys(key(Algorithm::EdDsa));
    let fresh = state(&keys);
    let padding = "x".repeat(8 * 1024);
    let long =
        token(key(Algorithm::EdDsa), &format!(r#"{{"alg":"EdDSA","padding":"{padding}"}}"#), b"payload");
    for _ in 0..2 {
        assert_eq!(JwsVerifier::new().verify(&long, &keys, NOW).unwrap(), b"payload");
        assert_eq!(state(&keys), fresh);
    }
}

#[test]
fn each_key_of_a_set_keeps_its_own_tokens_when_headers_are_remembered() {
    let algorithms = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Hs256, Algorithm::MlDsa44];
    let keys: KeySet = algorithms.iter().map(|&algorithm| key(algorithm).verifying_key()).collect();
    for _ in 0..2 {
        for signs in algorithms {
            let good = token(key(signs), &format!(r#"{{"alg":"{signs}"}}"#), signs.name());
            assert_eq!(JwsVerifier::new().verify(&good, &keys, NOW).unwrap(), signs.name().as_bytes());
            for claims in algorithms.into_iter().filter(|claims| *claims != signs) {
                let forged = token(key(signs), &format!(r#"{{"alg":"{claims}"}}"#), b"payload");
                assert_eq!(outcome(JwsVerifier::new().verify(&forged, &keys, NOW)), "signature_invalid");
            }
        }
    }
}

#[test]
fn many_threads_may_verify_with_one_set() {
    let keys: KeySet =
        [key(Algorithm::EdDsa), key(Algorithm::Hs256)].iter().map(|key| key.verifying_key()).collect();
    let tokens: Vec<(String, &str)> = (0..12)
        .map(|n| match n % 3 {
            0 => (token(key(Algorithm::EdDsa), &format!(r#"{{"alg":"EdDSA","n":{n}}}"#), b"p"), "ok"),
            1 => (token(key(Algorithm::Hs256), &format!(r#"{{"alg":"HS256","n":{n}}}"#), b"p"), "ok"),
            _ => (
                token(key(Algorithm::Hs512), &format!(r#"{{"alg":"HS256","n":{n}}}"#), b"p"),
                "signature_invalid",
            ),
        })
        .collect();
    thread::scope(|scope| {
        for start in 0..8 {
            let (keys, tokens) = (&keys, &tokens);
            scope.spawn(move || {
                for (token, expected) in tokens.iter().cycle().skip(start).take(tokens.len() * 20) {
                    assert_eq!(outcome(JwsVerifier::new().verify(token, keys, NOW)), *expected);
                }
            });
        }
    });
}
