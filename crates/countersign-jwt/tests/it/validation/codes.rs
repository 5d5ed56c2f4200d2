//! Every case of a refusal is reached, and has the code that programs depend on.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_jwt::jws::JwsVerifier;
use countersign_jwt::{Algorithm, KeySet, KeySource, KeysUnavailable, NumericDate, VerifyError};
use serde_json::json;

use crate::support::{
    NOW, claims, key, keys, other_key, secret, signed, token, verifier, verify, with, without,
};

struct Nothing;

impl KeySource for Nothing {
    type Snapshot<'a> = &'a KeySet;

    fn snapshot(&self, _now: NumericDate) -> Result<&KeySet, KeysUnavailable> {
        Err(KeysUnavailable)
    }
}

/// A refusal of each kind, with its code.
fn refusals() -> Vec<(&'static str, VerifyError)> {
    let good = signed(claims().to_string());
    let with_header = |header: &str| {
        let refused = JwsVerifier::new().verify(&token(secret(), header, "{}"), &keys(secret()), NOW);
        refused.unwrap_err()
    };
    let with_keys = |keys: KeySet| verifier().verify::<()>(&good, &keys, NOW).unwrap_err();
    let payload = |payload: String| verify(&verifier(), payload).unwrap_err();
    let hs = |name: &str| other_key(Algorithm::Hs256).verifying_key().with_key_id(name);
    vec![
        ("token_too_long", verifier().max_length(10).verify::<()>(&good, &keys(secret()), NOW).unwrap_err()),
        ("token_malformed", verifier().verify::<()>("x", &keys(secret()), NOW).unwrap_err()),
        ("header_invalid", with_header("{}")),
        ("algorithm_unsupported", with_header(r#"{"alg":"none"}"#)),
        ("algorithm_mismatch", with_header(r#"{"alg":"ES256"}"#)),
        ("crit_unsupported", with_header(r#"{"alg":"HS256","crit":["x"]}"#)),
        ("typ_mismatch", verifier().token_type("x").verify::<()>(&good, &keys(secret()), NOW).unwrap_err()),
        ("key_unknown", with_keys(KeySet::default())),
        ("key_ambiguous", with_keys([hs("a"), hs("b")].into_iter().collect())),
        ("keys_unavailable", verifier().verify::<()>(&good, &Nothing, NOW).unwrap_err()),
        ("signature_invalid", with_keys([hs("a")].into_iter().collect())),
        ("payload_invalid", payload("[]".to_owned())),
        ("claim_missing", payload(without("exp"))),
        ("claim_invalid", payload(with("exp", json!(null)))),
        ("iss_mismatch", payload(with("iss", "x"))),
        ("aud_mismatch", payload(with("aud", "x"))),
        ("token_expired", payload(with("exp", 1))),
        ("token_not_yet_valid", payload(with("nbf", NOW.as_secs() * 2))),
        ("token_too_old", verify(&verifier().max_age(Duration::ZERO), with("iat", 1)).unwrap_err()),
        ("claim_mismatch", verify(&verifier().subject("x"), claims().to_string()).unwrap_err()),
    ]
}

#[test]
fn every_case_is_reached_and_has_its_code() {
    for (code, error) in refusals() {
        assert_eq!(error.code(), code);
    }
}

#[test]
fn there_is_no_case_that_is_not_reached() {
    let source = include_str!("../../../src/verify_error.rs");
    let codes = source.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split('"').nth(1));
    let codes: BTreeSet<&str> = codes.collect();
    assert_eq!(codes, refusals().into_iter().map(|(code, _)| code).collect());
    assert_eq!(codes.len(), 20);
}

#[test]
fn no_two_cases_read_alike_and_none_quotes_the_token() {
    let texts: BTreeSet<String> = refusals().into_iter().map(|(_, error)| error.to_string()).collect();
    assert_eq!(texts.len(), refusals().len());
    for (_, error) in refusals() {
        let text = format!("{error} {error:?}");
        for part in ["issuer.example", "user-1", "token-1", "ada@", "eyJ", "HS256", "1700000"] {
            assert!(!text.contains(part), "{text}");
        }
    }
}

#[test]
fn what_is_wrong_first_is_what_is_said() {
    // Everything is wrong with this one; each remedy shows the next fault.
    let stranger = other_key(Algorithm::Es256);
    let payload = r#"{"iss":"x","aud":"x","exp":1,"nbf":9e9,"sub":1}"#;
    let mut seen = Vec::new();
    let mut check = |token: &str, limit: usize| {
        let refused = verifier().max_length(limit).verify::<()>(token, &keys(secret()), NOW).unwrap_err();
        seen.push(refused.code());
    };
    check("x", 0);
    check("x", 9999);
    check(&token(stranger, r#"{"typ":"x"}"#, payload), 9999);
    check(&token(stranger, r#"{"alg":"none","typ":"x","crit":1}"#, payload), 9999);
    check(&token(stranger, r#"{"alg":"none","typ":"x"}"#, payload), 9999);
    check(&token(stranger, r#"{"alg":"ES256","typ":"x"}"#, payload), 9999);
    check(&token(stranger, r#"{"alg":"ES256"}"#, payload), 9999);
    check(&token(key(Algorithm::Hs512), r#"{"alg":"HS256"}"#, payload), 9999);
    check(&signed(payload), 9999);
    check(&signed(payload.replace(r#""sub":1"#, r#""sub":"""#)), 9999);
    assert_eq!(
        seen,
        [
            "token_too_long",
            "token_malformed",
            "header_invalid",
            "crit_unsupported",
            "algorithm_unsupported",
            "typ_mismatch",
            "algorithm_mismatch",
            "signature_invalid",
            "claim_invalid",
            "iss_mismatch"
        ]
    );
}
