//! The lesson, told to the application itself.

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{Method, Request, Response, StatusCode, Uri};
use countersign::jwt::{Algorithm, Clock, SigningKey, SystemClock};
use countersign_testkit::Battery;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

async fn app() -> Router {
    super::app(SigningKey::generate(Algorithm::Hs256).unwrap()).await.unwrap()
}

async fn log_in(app: &Router, password: &str) -> Response<Body> {
    let body = serde_json::json!({ "email": "ada@example.com", "password": password }).to_string();
    let request =
        Request::post("/auth/login").header(CONTENT_TYPE, "application/json").body(Body::from(body));
    app.clone().oneshot(request.unwrap()).await.unwrap()
}

async fn profile(app: &Router, authorization: Option<&str>) -> Response<Body> {
    let mut request = Request::get("/profile");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn json(response: Response<Body>) -> Value {
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test]
async fn who_logs_in_reads_their_profile_with_the_token() {
    let app = app().await;
    let login = log_in(&app, "correct horse battery").await;
    assert_eq!(login.status(), StatusCode::OK);
    assert_eq!(login.headers()[CACHE_CONTROL], "no-store");

    let login = json(login).await;
    assert_eq!((login["token_type"].as_str(), login["expires_in"].as_u64()), (Some("Bearer"), Some(900)));
    let token = login["access_token"].as_str().unwrap();
    let profile = json(profile(&app, Some(&format!("Bearer {token}"))).await).await;
    assert_eq!(profile, serde_json::json!({ "userId": "1", "email": "ada@example.com" }));
}

#[tokio::test]
async fn a_wrong_password_gets_no_token() {
    let app = app().await;
    let login = log_in(&app, "guessing").await;
    assert_eq!(login.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(json(login).await["code"], "credentials_invalid");
}

#[tokio::test]
async fn without_a_good_token_there_is_a_401_that_says_why() {
    let app = app().await;
    let nothing = profile(&app, None).await;
    assert_eq!(nothing.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(nothing.headers()[WWW_AUTHENTICATE], "Bearer");

    let garbage = profile(&app, Some("Bearer garbage")).await;
    assert_eq!(garbage.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(json(garbage).await["code"], "token_malformed");
}

#[tokio::test]
async fn an_attack_on_the_profile_finds_nothing() {
    let key = SigningKey::generate(Algorithm::Hs256).unwrap();
    let app = super::app(key.clone()).await.unwrap();
    let login = json(log_in(&app, "correct horse battery").await).await;
    let battery = Battery::new(&key, login["access_token"].as_str().unwrap(), SystemClock.now()).unwrap();
    let report = battery.attack(app, Method::GET, Uri::from_static("/profile")).await;
    report.assert_all_refused();
    report.assert_codes();
}
