//! Tokens of several issuers before one route.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use countersign::jwt::{
    Algorithm, Claims, KeySet, ManualClock, NumericDate, Signer, SigningKey, Verified, jws,
};
use countersign::strategy::TrustedIssuer;
use countersign::{Authenticated, Guard, JwtStrategy};
use http::Request;

use crate::common::{Answer, send};

const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);

fn key(secret: u8) -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[secret; 32]).expect("a key")
}

fn trusted(issuer: &str, secret: u8) -> TrustedIssuer<KeySet> {
    TrustedIssuer::new(issuer, "api", KeySet::from(key(secret).verifying_key()))
}

async fn present(token: &str) -> Answer {
    present_to([trusted("one", 1), trusted("two", 2)], token).await
}

async fn present_to(issuers: [TrustedIssuer<KeySet>; 2], token: &str) -> Answer {
    let strategy = JwtStrategy::<(), _>::several(issuers).expect("two issuers");
    let hello = async |token: Authenticated<Verified<()>>| token.issuer().unwrap_or("none").to_owned();
    let app =
        Router::new().route("/", on_get(hello)).layer(Guard::required(strategy.clock(ManualClock::new(NOW))));
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    send(&app, request.body(Body::empty()).expect("a request")).await
}

fn token(issuer: &str, audience: &str, secret: u8) -> String {
    let signer = Signer::new(key(secret), issuer, audience, Duration::from_secs(60));
    signer.sign(&Claims::new(()), NOW).expect("a token")
}

#[tokio::test]
async fn a_token_is_verified_by_the_keys_of_the_issuer_it_names() {
    for (issuer, secret) in [("one", 1), ("two", 2)] {
        assert_eq!(present(&token(issuer, "api", secret)).await.body, issuer);
    }
}

#[tokio::test]
async fn a_token_of_one_issuer_never_passes_for_that_of_another() {
    for (issuer, secret) in [("one", 2), ("two", 1)] {
        assert_eq!(present(&token(issuer, "api", secret)).await.code(), "signature_invalid");
    }
}

#[tokio::test]
async fn an_issuer_that_was_not_declared_is_refused_and_one_must_be_named() {
    for issuer in ["three", "", "ONE", "one "] {
        assert_eq!(present(&token(issuer, "api", 1)).await.code(), "iss_mismatch", "{issuer:?}");
    }
    let nameless = jws::sign(&key(1), Some("JWT"), br#"{"aud":"api","exp":1700000060}"#).expect("a token");
    assert_eq!(present(&nameless).await.code(), "claim_missing");
    assert_eq!(present(&token("one", "other", 1)).await.code(), "aud_mismatch");
    assert_eq!(present("a.b.c").await.status, http::StatusCode::UNAUTHORIZED);
}

#[test]
fn an_issuer_has_one_set_of_keys() {
    let twice = JwtStrategy::<(), _>::several([trusted("one", 1), trusted("one", 2)]);
    assert_eq!(twice.expect_err("refused").to_string(), "the issuer `one` was declared twice");
}

#[tokio::test]
async fn what_is_expected_of_one_issuer_is_not_expected_of_another() {
    let issuers = || [trusted("one", 1), trusted("two", 2).expect(|verifier| verifier.token_type("at+jwt"))];
    assert_eq!(present_to(issuers(), &token("one", "api", 1)).await.body, "one");
    assert_eq!(present_to(issuers(), &token("two", "api", 2)).await.status, http::StatusCode::UNAUTHORIZED);
}
