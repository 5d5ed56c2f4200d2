//! What holds for any claims, any change and any text.

use std::time::Duration;

use countersign_jwt::{
    Algorithm, Claims, Jwk, KeySet, NumericDate, PrivateJwk, Signer, SigningKey, Unverified, Verifier,
    VerifyingKey, base64url, jws,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{AUDIENCE, ISSUER, NOW, key, keys, outcome, token, verifier};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// Any object whose members do not bear the names of registered claims.
fn private() -> impl Strategy<Value = Map<String, Value>> {
    const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
    let name = any::<String>().prop_filter("registered", |name| !REGISTERED.contains(&name.as_str()));
    prop::collection::btree_map(name, value(), 0..20).prop_map(|map| map.into_iter().collect())
}

/// Text that is nearly what is asked for: parts of tokens, of JSON, of keys.
fn nearly() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("eyJhbGciOiJIUzI1NiJ9".to_owned()),
        Just(r#"{"keys":["#.to_owned()),
        Just(r#"{"kty":"EC","crv":"P-256","x":""#.to_owned()),
        Just(r#"{"kty":"oct","alg":"HS256","k":""#.to_owned()),
        Just(r#"{"kty":"RSA","e":"AQAB","n":""#.to_owned()),
        Just(r#"{"kty":"AKP","alg":"ML-DSA-44","pub":""#.to_owned()),
        Just("-----BEGIN PUBLIC KEY-----\n".to_owned()),
        Just("-----END PUBLIC KEY-----\n".to_owned()),
        Just("-----BEGIN ".to_owned()),
        Just("-----".to_owned()),
        "[A-Za-z0-9_-]{0,60}",
        r#"[\[\]{}:,".\\ =+/\n0-9a-z]{0,12}"#,
        any::<String>(),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

/// Everything that takes a text, called with it.
fn call_everything(text: &str) {
    for algorithm in Algorithm::ALL {
        let keys = keys(key(algorithm));
        assert_ne!(outcome(verifier().verify::<Value>(text, &keys, NOW)), "ok");
        let _ = verifier().explain::<Value>(text, &keys, NOW).to_string();
        let _ = SigningKey::from_pem(algorithm, text);
        let _ = VerifyingKey::from_pem(algorithm, text);
        let _ = SigningKey::from_der(algorithm, text.as_bytes());
        let _ = VerifyingKey::from_der(algorithm, text.as_bytes());
        let _ = SigningKey::from_secret(algorithm, text.as_bytes());
        let _ = key(algorithm).verifying_key().verify_bytes(b"message", text.as_bytes());
    }
    if let Ok(unverified) = Unverified::decode(text) {
        let _ = unverified.claims::<Value>();
    }
    let _ = KeySet::from_json(text);
    if let Ok(jwk) = Jwk::from_json(text) {
        let (_, _) = (VerifyingKey::from_jwk(&jwk), jwk.thumbprint());
    }
    if let Ok(jwk) = PrivateJwk::from_json(text) {
        let _ = SigningKey::from_jwk(&jwk);
        let _ = format!("{jwk:?} {}", *jwk.to_json());
    }
}

const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn any_character() -> impl Strategy<Value = char> {
    prop_oneof![
        prop::sample::select(BASE64URL).prop_map(char::from),
        prop::sample::select(&['.', '=', '+', '/', ' ', '\n', '\0', 'é'][..]),
        any::<char>(),
    ]
}

proptest! {
    #[test]
    fn any_claims_that_are_signed_verify_and_come_back(private in private(), subject: Option<String>, row in 0usize..17) {
        let algorithm = Algorithm::ALL[row];
        let signer = Signer::new(key(algorithm).clone(), ISSUER, AUDIENCE, Duration::from_secs(60));
        let mut claims = Claims::new(&private);
        if let Some(subject) = &subject {
            claims = claims.subject(subject);
        }
        let token = signer.sign(&claims, NOW).unwrap();
        let verifier = verifier().max_length(1 << 20);
        let verified = verifier.verify::<Map<String, Value>>(&token, &keys(key(algorithm)), NOW).unwrap();
        prop_assert_eq!(verified.claims(), &private);
        prop_assert_eq!(verified.subject(), subject.as_deref());
        prop_assert_eq!(verified.issuer(), Some(ISSUER));
    }

    #[test]
    fn a_token_with_one_character_replaced_is_refused(at: prop::sample::Index, by in any_character()) {
        for algorithm in [Algorithm::Hs256, Algorithm::Es256] {
            let keys = keys(key(algorithm));
            let good = token(key(algorithm), &format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#), crate::support::claims().to_string());
            let at = at.index(good.len());
            let mut bad = good.clone();
            bad.replace_range(at..=at, by.encode_utf8(&mut [0; 4]));
            if bad != good {
                prop_assert_ne!(outcome(verifier().verify::<()>(&bad, &keys, NOW)), "ok");
            }
            prop_assert_eq!(outcome(verifier().verify::<()>(&good, &keys, NOW)), "ok");
        }
    }

    #[test]
    fn a_token_with_characters_taken_out_or_put_in_is_refused(
        at: prop::sample::Index,
        taken in 0usize..4,
        put in "[A-Za-z0-9_.=-]{0,3}",
    ) {
        for algorithm in [Algorithm::Hs256, Algorithm::Es256] {
            let keys = keys(key(algorithm));
            let good = token(key(algorithm), &format!(r#"{{"alg":"{algorithm}"}}"#), crate::support::claims().to_string());
            let at = at.index(good.len());
            let mut bad = good.clone();
            bad.replace_range(at..(at + taken).min(good.len()), &put);
            if bad != good {
                prop_assert_ne!(outcome(verifier().verify::<()>(&bad, &keys, NOW)), "ok");
            }
        }
    }

    #[test]
    fn any_payload_of_a_jws_comes_back(payload: Vec<u8>, token_type: Option<String>, row in 0usize..17) {
        let key = key(Algorithm::ALL[row]);
        let signed = jws::sign(key, token_type.as_deref(), &payload).unwrap();
        let verifier = jws::JwsVerifier::new();
        prop_assert_eq!(verifier.verify(&signed, &keys(key), NOW).unwrap(), payload);
    }

    #[test]
    fn no_header_and_no_payload_makes_a_verification_panic(header in nearly(), payload: Vec<u8>, now: i64) {
        let keys = keys(key(Algorithm::Hs256));
        let moment = NumericDate::from_secs(now);
        let bad = token(key(Algorithm::Hs256), &header, &payload);
        let _ = verifier().verify::<Value>(&bad, &keys, moment);
        let good = base64url::encode(r#"{"alg":"HS256"}"#);
        let input = format!("{good}.{}", base64url::encode(&payload));
        let signature = key(Algorithm::Hs256).sign_bytes(input.as_bytes()).unwrap();
        let signed = format!("{input}.{}", base64url::encode(signature));
        let _ = verifier().verify::<Value>(&signed, &keys, moment);
        let _ = verifier().explain::<Value>(&signed, &keys, moment).to_string();
    }

    #[test]
    fn any_registered_claims_are_checked_without_a_panic(
        (issued_at, not_before, expires_at) in (any::<f64>(), any::<i64>(), any::<f64>()),
        now: i64,
        leeway: Duration,
        max_age: Duration,
    ) {
        let payload = json!({"iss": ISSUER, "aud": AUDIENCE, "iat": issued_at, "nbf": not_before, "exp": expires_at});
        let signed = crate::support::signed(payload.to_string());
        let verifier = Verifier::new(ISSUER, AUDIENCE).leeway(leeway).max_age(max_age);
        let now = NumericDate::from_secs(now);
        if verifier.verify::<()>(&signed, &keys(key(Algorithm::Hs256)), now).is_ok() {
            prop_assert!(NumericDate::from_secs(not_before) <= now + leeway);
        }
        prop_assert!(!verifier.explain::<Value>(&signed, &keys(key(Algorithm::Hs256)), now).to_string().is_empty());
    }

    #[test]
    fn der_with_one_byte_changed_makes_nothing_panic(at: prop::sample::Index, by: u8, row in 3usize..17) {
        let algorithm = Algorithm::ALL[row];
        let mut private = key(algorithm).to_der().unwrap().to_vec();
        let place = at.index(private.len());
        private[place] = by;
        if let Ok(changed) = SigningKey::from_der(algorithm, &private) {
            // What is still taken for a key has halves that belong together.
            let signature = changed.sign_bytes(b"message").unwrap();
            prop_assert!(changed.verifying_key().verify_bytes(b"message", &signature));
        }
        let mut public = key(algorithm).verifying_key().to_der().unwrap();
        let place = at.index(public.len());
        public[place] = by;
        let _ = VerifyingKey::from_der(algorithm, &public);
    }
}

proptest! {
    // Each case tries every algorithm.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_makes_anything_panic(text in any::<String>()) {
        call_everything(&text);
    }

    #[test]
    fn no_text_that_is_nearly_right_makes_anything_panic(text in nearly()) {
        call_everything(&text);
    }
}
