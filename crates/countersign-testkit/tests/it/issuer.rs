use std::time::Duration;

use countersign_jwt::{Algorithm, KeySet, SigningKey};
use countersign_testkit::TestIssuer;
use serde_json::json;

#[test]
fn a_token_says_what_it_was_asked_to() {
    let issuer = TestIssuer::new().with_name("https://id.example").with_audience("orders");
    let verified = issuer.verify(&issuer.token_with("ada", &json!({"scope": "read"}))).unwrap();
    assert_eq!(verified.subject(), Some("ada"));
    assert_eq!(verified.issuer(), Some("https://id.example"));
    assert_eq!(verified.audience().collect::<Vec<_>>(), ["orders"]);
    assert_eq!(verified["scope"], "read");
}

#[test]
fn a_token_is_good_for_its_lifetime_and_the_leeway_and_not_a_second_longer() {
    let issuer = TestIssuer::new().with_lifetime(Duration::from_secs(100));
    let token = issuer.token("ada");
    issuer.clock().advance(Duration::from_secs(159));
    issuer.verify(&token).unwrap();
    issuer.clock().advance(Duration::from_secs(1));
    assert_eq!(issuer.verify(&token).unwrap_err().code(), "token_expired");
    issuer.verify(&issuer.token("ada")).unwrap();
}

#[test]
fn a_verifier_with_nothing_but_the_published_set_accepts_its_tokens() {
    let issuer = TestIssuer::new();
    let published = serde_json::to_string(&issuer.keys().to_jwk_set()).unwrap();
    let keys = KeySet::from_json(&published).unwrap();
    let now = countersign_jwt::Clock::now(&issuer.clock());
    issuer.verifier().verify::<serde_json::Value>(&issuer.token("ada"), &keys, now).unwrap();
    assert_eq!(keys.len(), 2);
}

#[test]
fn the_tokens_of_two_issuers_are_not_mixed_up() {
    let (one, other) = (TestIssuer::new(), TestIssuer::new());
    assert_eq!(one.verify(&other.token("ada")).unwrap_err().code(), "key_unknown");
}

#[test]
fn an_issuer_with_a_secret_publishes_nothing() {
    let issuer = TestIssuer::with_key(SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap());
    issuer.verify(&issuer.token("ada")).unwrap();
    assert!(issuer.keys().to_jwk_set().keys.is_empty());
}
