//! Refusals as gRPC says them.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use countersign::Guard;
use countersign::grpc::GrpcRefusals;
use http::{Request, StatusCode};

use crate::common::{Answer, Told, get, send, told};

fn app() -> Router {
    let hello = async || ([("grpc-status", "0"), ("content-type", "application/grpc")], "hello");
    Router::new()
        .route("/", on_get(hello))
        .layer(Guard::required(Told))
        .route("/other", on_get(async || (StatusCode::NOT_FOUND, "elsewhere")))
        .layer(GrpcRefusals::new())
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("none", |value| value.to_str().expect("ASCII"))
}

#[tokio::test]
async fn each_refusal_is_a_response_of_trailers_only_with_its_status() {
    let cases = [
        ("bad", "16", "token_bad: The token is bad."),
        ("poor", "7", "insufficient_scope: "),
        ("outage", "14", "keys_unavailable: "),
        ("throttled", "14", "attempts_too_many: Too many attempts."),
        ("nonsense", "3", "request_bad: "),
        ("?", "13", "internal_error: "),
    ];
    for (word, status, message) in cases {
        let answer = send(&app(), told("/", word)).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""), "{word}");
        assert_eq!(header(&answer, "content-type"), "application/grpc");
        assert_eq!(header(&answer, "grpc-status"), status, "{word}");
        assert!(header(&answer, "grpc-message").starts_with(message), "{word}: {answer}");
        assert_eq!(header(&answer, "cache-control"), "none");
    }
}

#[tokio::test]
async fn who_presents_nothing_is_unauthenticated_and_told_what_is_asked_for() {
    let answer = send(&app(), get("/")).await;
    assert_eq!(header(&answer, "grpc-status"), "16");
    assert_eq!(answer.challenge(), "Bearer");
}

#[tokio::test]
async fn an_outage_says_when_to_try_again() {
    let answer = send(&app(), told("/", "throttled")).await;
    assert_eq!(header(&answer, "grpc-retry-pushback-ms"), "2000");
    assert_eq!(header(&answer, "retry-after"), "none");
}

#[tokio::test]
async fn what_is_no_refusal_stays_as_it_is() {
    let answer = send(&app(), told("/", "user ada")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "hello"));
    assert_eq!(header(&answer, "grpc-status"), "0");
    let other = send(&app(), Request::get("/other").body(Body::empty()).expect("a request")).await;
    assert_eq!((other.status, other.body.as_str()), (StatusCode::NOT_FOUND, "elsewhere"));
}
