//! `Authorization: Basic`, through a guard.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use countersign::{Authenticated, BasicStrategy, Credentials, Guard};
use http::Request;
use http::request::Parts;

use crate::common::{Answer, Log, User, get, send};

fn app() -> Router {
    let strategy = BasicStrategy::new("metrics", async |credentials: Credentials, _: &Parts| {
        let good = credentials.username() == "ada" && credentials.password() == "lovelace";
        good.then(|| User(credentials.username().to_owned()))
    });
    let hello = async |user: Authenticated<User>| user.0.clone();
    Router::new().route("/", on_get(hello)).layer(Guard::required(strategy))
}

async fn present(authorization: &str) -> Answer {
    let request = Request::get("/").header("authorization", authorization).body(Body::empty());
    send(&app(), request.expect("a request")).await
}

#[tokio::test]
async fn a_user_name_and_a_password_recognise_their_owner() {
    for scheme in ["Basic", "basic", "BASIC  "] {
        assert_eq!(present(&format!("{scheme} YWRhOmxvdmVsYWNl")).await.body, "ada");
    }
}

#[tokio::test]
async fn the_challenge_names_the_realm_and_asks_for_utf_8() {
    for answer in [send(&app(), get("/")).await, present("Bearer eyJ.eyJ.sig").await] {
        assert_eq!(answer.code(), "credentials_missing");
        assert_eq!(answer.challenge(), "Basic realm=\"metrics\", charset=\"UTF-8\"");
    }
}

#[tokio::test]
async fn wrong_and_malformed_credentials_are_told_apart_and_never_logged() {
    let log = Log::start();
    assert_eq!(present("Basic YWRhOnNlY3JldA==").await.code(), "credentials_invalid");
    for malformed in ["Basic", "Basic YWRhOnNlY3JldA", "Basic YWRh", "Basic ada:secret"] {
        assert_eq!(present(malformed).await.code(), "credentials_malformed", "{malformed}");
    }
    let log = log.read();
    assert!(!log.contains("secret") && !log.contains("YWRh"), "{log}");
}
