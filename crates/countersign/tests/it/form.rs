//! A token in a field of a form.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use bytes::Bytes;
use countersign::jwt::{
    Algorithm, Claims, KeySet, ManualClock, NumericDate, Signer, SigningKey, Verified, Verifier,
};
use countersign::{Authenticated, BodyGuard, ExtractJwt, JwtStrategy};
use http::{Request, StatusCode};

use crate::common::{Answer, send};

const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);
const FORM: &str = "application/x-www-form-urlencoded";

fn key() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).expect("a key")
}

fn token() -> String {
    let signer = Signer::new(key(), "login", "api", Duration::from_secs(60));
    signer.sign(&Claims::new(()).subject("ada"), NOW).expect("a token")
}

fn app() -> Router {
    let jwt = JwtStrategy::<(), _>::new(Verifier::new("login", "api"), KeySet::from(key().verifying_key()));
    let strategy = ExtractJwt::form("access_token", jwt.clock(ManualClock::new(NOW))).body_limit(1000);
    let handler = async |token: Authenticated<Verified<()>>, body: Bytes| {
        format!("{}, {} bytes", token.subject().unwrap_or("-"), body.len())
    };
    Router::new().route("/", any(handler)).layer(BodyGuard::new(strategy))
}

async fn post(content_type: &str, body: String) -> Answer {
    let request = Request::post("/").header("content-type", content_type);
    send(&app(), request.body(Body::from(body)).expect("a request")).await
}

#[tokio::test]
async fn a_token_in_a_form_recognises_and_the_handler_gets_the_whole_form() {
    let body = format!("page=2&access_token={}", token());
    let length = body.len();
    assert_eq!(post(FORM, body).await.body, format!("ada, {length} bytes"));
}

#[tokio::test]
async fn a_form_without_a_token_presents_nothing_and_a_bad_one_is_refused() {
    let missing = post(FORM, "page=2".to_owned()).await;
    assert_eq!((missing.code().as_str(), missing.challenge()), ("credentials_missing", "Bearer"));
    for (body, status) in [
        (format!("access_token={}x", token()), 401),
        ("access_token=a b".to_owned(), 401),
        ("access_token=a%0Ab".to_owned(), 401),
        (format!("access_token={0}&access_token={0}", token()), 400),
        ("access_token=".to_owned(), 400),
        (format!("access_token={}&more={}", token(), "x".repeat(1000)), 413),
    ] {
        assert_eq!(post(FORM, body.clone()).await.status.as_u16(), status, "{body}");
    }
}

#[tokio::test]
async fn a_form_is_read_only_where_one_is_sent_and_no_header_came_with_it() {
    let body = format!("access_token={}", token());
    assert_eq!(post("application/json", body.clone()).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let by_get =
        Request::get("/").header("content-type", FORM).body(Body::from(body.clone())).expect("a request");
    assert_eq!(send(&app(), by_get).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let twice = Request::post("/").header("content-type", FORM).header("authorization", "Bearer x");
    let twice = send(&app(), twice.body(Body::from(body)).expect("a request")).await;
    assert_eq!((twice.status, twice.code().as_str()), (StatusCode::UNAUTHORIZED, "credentials_repeated"));
    let in_query = Request::post(format!("/?access_token={}", token())).header("content-type", FORM);
    let in_query = send(&app(), in_query.body(Body::empty()).expect("a request")).await;
    assert_eq!(in_query.code(), "credentials_missing");
}
