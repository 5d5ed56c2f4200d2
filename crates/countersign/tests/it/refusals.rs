//! What refused requests are answered, word by word, and what the operator reads.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use countersign::challenge::{Scheme, refuse};
use countersign::{AuthError, Denial, Guard, Outage};
use http::{Response, StatusCode};
use std::time::Duration;

use crate::common::{Answer, Log, Told, get, send, told};

fn app() -> Router {
    Router::new().route("/", on_get(async || ())).layer(Guard::required(Told))
}

async fn refused(token: &str) -> Answer {
    send(&app(), told("/", token)).await
}

#[tokio::test]
async fn nothing_presented() {
    insta::assert_snapshot!(send(&app(), get("/")).await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer

    {"type":"about:blank","title":"Unauthorized","status":401,"detail":"This needs credentials, and none were presented.","code":"credentials_missing"}
    "#);
}

#[tokio::test]
async fn a_token_that_is_not_good() {
    insta::assert_snapshot!(refused("bad").await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer error="invalid_token", error_description="The token is bad."

    {"type":"about:blank","title":"Unauthorized","status":401,"detail":"The token is bad.","code":"token_bad"}
    "#);
}

#[tokio::test]
async fn a_token_that_is_not_enough() {
    insta::assert_snapshot!(refused("poor").await, @r#"
    403 Forbidden
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer error="insufficient_scope", error_description="These credentials do not allow this.", scope="orders:write"

    {"type":"about:blank","title":"Forbidden","status":403,"detail":"These credentials do not allow this.","code":"insufficient_scope"}
    "#);
}

#[tokio::test]
async fn a_key_source_outage_is_503_not_401() {
    insta::assert_snapshot!(refused("outage").await, @r#"
    503 Service Unavailable
    cache-control: no-store
    content-type: application/problem+json
    retry-after: 5

    {"type":"about:blank","title":"Service Unavailable","status":503,"detail":"The credentials cannot be checked right now.","code":"keys_unavailable"}
    "#);
}

#[tokio::test]
async fn a_strategys_own_429_is_not_flattened_to_401() {
    insta::assert_snapshot!(refused("throttled").await, @r#"
    429 Too Many Requests
    cache-control: no-store
    content-type: application/problem+json
    retry-after: 2

    {"type":"about:blank","title":"Too Many Requests","status":429,"detail":"Too many attempts.","code":"attempts_too_many"}
    "#);
}

#[tokio::test]
async fn a_strategys_own_400_is_not_flattened_to_401() {
    insta::assert_snapshot!(refused("nonsense").await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/problem+json

    {"type":"about:blank","title":"Bad Request","status":400,"detail":"The request makes no sense.","code":"request_bad"}
    "#);
}

#[tokio::test]
async fn a_strategys_own_bug_is_500_and_tells_the_client_nothing() {
    insta::assert_snapshot!(refused("what?").await, @r#"
    500 Internal Server Error
    cache-control: no-store
    content-type: application/problem+json

    {"type":"about:blank","title":"Internal Server Error","status":500,"detail":"The server made a mistake while it checked the credentials.","code":"internal_error"}
    "#);
}

#[tokio::test]
async fn every_refusal_is_one_line_that_says_why() {
    let log = Log::start();
    for token in ["bad", "poor", "outage", "throttled", "nonsense", "what?"] {
        refused(token).await;
    }
    send(&app(), get("/")).await;
    insta::assert_snapshot!(log.read(), @r#"
    {"level":"INFO","fields":{"message":"refused","status":401,"code":"token_bad","strategy":"told","reason":"it is bad through and through"},"target":"countersign::challenge"}
    {"level":"INFO","fields":{"message":"refused","status":403,"code":"insufficient_scope","strategy":"told","reason":"has read, needs write"},"target":"countersign::challenge"}
    {"level":"ERROR","fields":{"message":"refused","status":503,"code":"keys_unavailable","strategy":"told","reason":"the issuer does not answer"},"target":"countersign::challenge"}
    {"level":"INFO","fields":{"message":"refused","status":429,"code":"attempts_too_many","strategy":"told","reason":"Too many attempts."},"target":"countersign::challenge"}
    {"level":"INFO","fields":{"message":"refused","status":400,"code":"request_bad","strategy":"told","reason":"The request makes no sense."},"target":"countersign::challenge"}
    {"level":"ERROR","fields":{"message":"refused","status":500,"code":"internal_error","strategy":"told","reason":"an unknown word"},"target":"countersign::challenge"}
    {"level":"INFO","fields":{"message":"refused","status":401,"code":"credentials_missing","strategy":"told","reason":"no credentials that the guard reads were presented","trace":"told: found nothing in Authorization: Bearer"},"target":"countersign::challenge"}
    "#);
}

#[tokio::test]
async fn who_passes_leaves_no_line() {
    let log = Log::start();
    assert_eq!(refused("user ada").await.status, StatusCode::OK);
    assert_eq!(log.read(), "");
}

fn answer(error: &AuthError, schemes: &[Scheme]) -> Response<Body> {
    Log::install();
    refuse(error, schemes, "test")
}

fn challenges(error: &AuthError, schemes: &[Scheme]) -> Vec<String> {
    let response = answer(error, schemes);
    let values = response.headers().get_all("www-authenticate").iter();
    values.map(|value| value.to_str().expect("ASCII").to_owned()).collect()
}

const API_KEY: Scheme = Scheme::new("ApiKey");

#[test]
fn a_401_offers_every_scheme_and_says_why_in_the_words_of_bearer() {
    let schemes = [Scheme::BEARER.realm("orders"), API_KEY.realm("orders")];
    assert_eq!(
        challenges(&AuthError::NoCredentials, &schemes),
        [r#"Bearer realm="orders""#, r#"ApiKey realm="orders""#],
    );
    assert_eq!(
        challenges(&AuthError::denied("x", "y"), &schemes),
        [
            r#"Bearer realm="orders", error="invalid_token", error_description="The credentials were not accepted.""#,
            r#"ApiKey realm="orders""#,
        ],
    );
}

#[test]
fn a_403_does_not_ask_for_other_credentials() {
    let poor = Denial::insufficient_scope("needs more").into();
    assert_eq!(
        challenges(&poor, &[API_KEY, Scheme::BEARER]),
        [r#"Bearer error="insufficient_scope", error_description="These credentials do not allow this.""#],
    );
    assert_eq!(challenges(&poor, &[API_KEY]), [""; 0]);
}

#[test]
fn nothing_said_in_a_challenge_can_end_its_quotes_or_its_header() {
    let detail = "a \"b\" \\ c\r\nSet-Cookie: d=é\u{7f}\0";
    let denial = Denial::new("x", "y").detail(detail).into();
    assert_eq!(
        challenges(&denial, &[Scheme::BEARER.realm("r\", error=\"")]),
        [
            r#"Bearer realm="r?, error=?", error="invalid_token", error_description="a ?b? ? c??Set-Cookie: d=???""#
        ],
    );
    let scope = Denial::insufficient_scope("y").scope("read\"\n").into();
    assert!(challenges(&scope, &[Scheme::BEARER])[0].ends_with(r#"scope="read??""#));
}

#[test]
fn retry_after_is_whole_seconds_rounded_up_and_never_none() {
    for (delay, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (60_000, "60")] {
        let outage = Outage::new("x", "y").retry_after(Duration::from_millis(delay));
        let response = answer(&outage.into(), &[]);
        assert_eq!(response.headers()["retry-after"], seconds, "{delay} ms");
    }
}
