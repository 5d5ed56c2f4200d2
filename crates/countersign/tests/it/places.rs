//! Tokens from other places than `Authorization: Bearer`, through a guard.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{any, get as on_get};
use countersign::challenge::Scheme;
use countersign::csrf::CsrfPolicy;
use countersign::jwt::{
    Algorithm, Claims, KeySet, ManualClock, NumericDate, Signer, SigningKey, Verified, Verifier,
};
use countersign::{Authenticated, ExtractJwt, Guard, JwtStrategy};
use http::{Request, StatusCode};

use crate::common::{Log, get, send};

const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);

fn key() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).expect("a key")
}

fn token() -> String {
    let signer = Signer::new(key(), "issuer", "audience", Duration::from_secs(900));
    signer.sign(&Claims::new(()).subject("ada"), NOW).expect("a token")
}

async fn hello(token: Authenticated<Verified<()>>) -> String {
    format!("hello {}", token.subject().unwrap_or("nobody"))
}

fn app(extract: ExtractJwt) -> Router {
    let keys = KeySet::from(key().verifying_key());
    let strategy = JwtStrategy::<(), _>::new(Verifier::new("issuer", "audience"), keys)
        .clock(ManualClock::new(NOW))
        .realm("orders")
        .extract(extract);
    Router::new().route("/", on_get(hello)).layer(Guard::required(strategy))
}

#[tokio::test]
async fn credentials_are_never_read_from_a_query_that_was_not_asked_for() {
    let path = format!("/?access_token={}", token());
    for not_asked in [ExtractJwt::bearer(), ExtractJwt::query("token")] {
        let answer = send(&app(not_asked), get(&path)).await;
        let status = answer.status;
        assert_eq!((status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "credentials_missing"));
    }
    assert_eq!(send(&app(ExtractJwt::query("access_token")), get(&path)).await.body, "hello ada");
}

#[tokio::test]
async fn a_repeated_query_token_is_refused_and_never_an_array() {
    let app = app(ExtractJwt::query("access_token"));
    let once = format!("/?access_token={}", token());
    assert_eq!(send(&app, get(&once)).await.body, "hello ada");
    let answer = send(&app, get(&format!("{once}&access_token={}", token()))).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "credentials_repeated"));
}

#[tokio::test]
async fn a_token_in_a_query_never_reaches_our_log() {
    let log = Log::start();
    let answer = send(&app(ExtractJwt::query("t")), get("/?t=secret.secret.secret")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let log = log.read();
    assert!(log.contains("token_malformed") && !log.contains("secret"), "{log}");
}

#[tokio::test]
async fn a_challenge_offers_the_scheme_that_is_read() {
    const JWT: Scheme = Scheme::new("JWT");
    let app = app(ExtractJwt::scheme(&JWT));
    assert_eq!(send(&app, get("/")).await.challenge(), "JWT realm=\"orders\"");
    let present = |authorization: String| {
        Request::get("/").header("authorization", authorization).body(Body::empty()).expect("a request")
    };
    assert_eq!(send(&app, present(format!("jwt {}", token()))).await.body, "hello ada");
    assert_eq!(send(&app, present(format!("Bearer {}", token()))).await.code(), "credentials_missing");
}

fn cookie() -> ExtractJwt {
    ExtractJwt::cookie("t", CsrfPolicy::SameOrigin(vec!["https://app.example".parse().expect("an origin")]))
}

fn cookie_app(extract: ExtractJwt) -> Router {
    let keys = KeySet::from(key().verifying_key());
    let strategy = JwtStrategy::<(), _>::new(Verifier::new("issuer", "audience"), keys)
        .clock(ManualClock::new(NOW))
        .extract(extract);
    Router::new().route("/", any(hello)).layer(Guard::required(strategy))
}

fn post(headers: &[(&str, &str)]) -> Request<Body> {
    let request =
        headers.iter().fold(Request::post("/"), |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn a_cookie_recognises_only_in_requests_of_our_own_pages() {
    let app = cookie_app(cookie());
    let pair = format!("a=b; t={}", token());
    let ours = post(&[("cookie", &pair), ("origin", "https://app.example")]);
    assert_eq!(send(&app, ours).await.body, "hello ada");
    for (origin, code) in [("https://evil.example", "csrf_origin_refused"), ("null", "csrf_origin_refused")] {
        let answer = send(&app, post(&[("cookie", &pair), ("origin", origin)])).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, code));
    }
    assert_eq!(send(&app, post(&[("cookie", &pair)])).await.code(), "csrf_origin_missing");
}

#[tokio::test]
async fn a_cookie_is_one_token_once() {
    let app = cookie_app(cookie());
    for (cookie, code) in [
        ("t=a; t=a", "credentials_repeated"),
        ("t=a b", "credentials_malformed"),
        ("t=\"a\"", "credentials_malformed"),
        ("t=", "credentials_missing"),
        ("tt=a.b.c", "credentials_missing"),
    ] {
        let answer = send(&app, post(&[("cookie", cookie), ("origin", "https://app.example")])).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, code), "{cookie}");
    }
}

#[tokio::test]
async fn a_cookie_that_the_browser_added_does_not_stand_in_the_way_of_a_header() {
    let app = cookie_app(ExtractJwt::first_of([cookie(), ExtractJwt::bearer()]));
    let bearer = format!("Bearer {}", token());
    let pair = format!("t={}", token());
    let both = post(&[("cookie", "t=old"), ("authorization", &bearer)]);
    assert_eq!(send(&app, both).await.body, "hello ada");
    let malformed =
        post(&[("cookie", &pair), ("authorization", "Bearer"), ("origin", "https://app.example")]);
    assert_eq!(send(&app, malformed).await.code(), "credentials_malformed");
    let alone = post(&[("cookie", &pair), ("origin", "https://app.example")]);
    assert_eq!(send(&app, alone).await.body, "hello ada");
}
