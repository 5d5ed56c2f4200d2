//! The service as a gRPC client and an attacker meet it.

use axum::body::Body;
use countersign::RemoteJwkSet;
use countersign_testkit::{FakeJwks, Fault, TestIssuer};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use http_body_util::Empty;
use tonic::client::Grpc as Client;

use tonic::metadata::MetadataValue;
use tonic::{Code, Streaming};
use tower::ServiceExt;

use super::*;

fn issuer() -> TestIssuer {
    TestIssuer::new().with_token_type("at+jwt")
}

/// A token that allows this.
fn token(issuer: &TestIssuer, scope: &str) -> String {
    let mut claims = AccessTokenClaims::new("test");
    claims.scope = Some(scope.to_owned());
    issuer.token_with("ada", &claims)
}

fn started(issuer: &TestIssuer) -> Router {
    app(issuer.verifier(), issuer.keys(), issuer.clock())
}

fn call(token: Option<&str>) -> Request<String> {
    let mut request = Request::new("hello".to_owned());
    if let Some(token) = token {
        let bearer = MetadataValue::try_from(format!("Bearer {token}")).expect("ASCII");
        request.metadata_mut().insert("authorization", bearer);
    }
    request
}

fn client(app: Router) -> Client<Router> {
    Client::with_origin(app, Uri::from_static("http://greeter.test"))
}

async fn greeted(app: Router, token: Option<&str>) -> Result<String, Status> {
    let path = PathAndQuery::from_static("/demo.Greeter/Greet");
    let answer = client(app).unary(call(token), path, TextCodec).await;
    answer.map(Response::into_inner)
}

async fn watched(app: Router, token: &str) -> Streaming<String> {
    let path = PathAndQuery::from_static("/demo.Greeter/Watch");
    let answer = client(app).server_streaming(call(Some(token)), path, TextCodec).await;
    answer.expect("a stream").into_inner()
}

#[tokio::test]
async fn a_good_token_is_greeted_by_its_subject() {
    let issuer = issuer();
    assert_eq!(
        greeted(started(&issuer), Some(&token(&issuer, "greet"))).await.expect("an answer"),
        "hello, ada"
    );
}

#[tokio::test]
async fn no_token_and_a_bad_one_are_unauthenticated_and_told_why() {
    let issuer = issuer();
    let refused = greeted(started(&issuer), None).await.expect_err("refused");
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().starts_with("credentials_missing: "), "{refused}");
    assert_eq!(refused.metadata().get("www-authenticate").expect("a challenge"), "Bearer");

    let late = token(&issuer, "greet");
    issuer.clock().advance(Duration::from_secs(3600));
    let refused = greeted(started(&issuer), Some(&late)).await.expect_err("refused");
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(refused.message(), "token_expired: The token has expired (exp).");
}

#[tokio::test]
async fn a_token_that_does_not_allow_it_is_permission_denied() {
    let issuer = issuer();
    let refused = greeted(started(&issuer), Some(&token(&issuer, "read"))).await.expect_err("refused");
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().starts_with("insufficient_scope: "), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_had_are_unavailable_and_say_when_to_try_again() {
    let issuer = issuer();
    let fake = FakeJwks::new(&issuer.keys());
    fake.fail(Fault::Down);
    let keys = RemoteJwkSet::from_url(FakeJwks::URL).expect("a good URL").clock(issuer.clock());
    let keys = keys.start_with(fake).expect("a runtime");
    let app = app(issuer.verifier(), keys, issuer.clock());
    let refused = greeted(app, Some(&token(&issuer, "greet"))).await.expect_err("refused");
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.message().starts_with("keys_unavailable: "), "{refused}");
    let pushback = refused.metadata().get("grpc-retry-pushback-ms").expect("when to try again");
    assert!(pushback.to_str().expect("ASCII").parse::<u64>().expect("milliseconds") >= 1000);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_unauthenticated_when_its_token_expires() {
    let issuer = issuer();
    let mut ticks = watched(started(&issuer), &token(&issuer, "greet")).await;
    for _ in 0..3 {
        assert_eq!(ticks.message().await.expect("a good stream").as_deref(), Some("hello"));
    }
    issuer.clock().advance(Duration::from_secs(15 * 60));
    let mut more = 0;
    let end = loop {
        match ticks.message().await {
            Ok(tick) => more += usize::from(tick.is_some()),
            Err(end) => break end,
        }
    };
    assert!(more <= 1, "{more} more ticks, one a second");
    assert_eq!(end.code(), Code::Unauthenticated);
    assert!(end.message().starts_with("token_expired: "), "{end}");
}

#[tokio::test]
async fn an_attack_on_either_method_finds_nothing() {
    let issuer = issuer();
    let battery = issuer.battery(&token(&issuer, "greet"));
    for path in ["/demo.Greeter/Greet", "/demo.Greeter/Watch"] {
        // A frame of gRPC: not compressed, five bytes long.
        let service = started(&issuer).map_request(|request: http::Request<Empty<bytes::Bytes>>| {
            let (mut head, _) = request.into_parts();
            head.headers.insert("content-type", http::HeaderValue::from_static("application/grpc"));
            http::Request::from_parts(head, Body::from(&b"\0\0\0\0\x05hello"[..]))
        });
        let report = battery.attack(service, Method::POST, Uri::from_static(path)).await;
        report.assert_all_refused();
        report.assert_codes();
    }
}

#[test]
fn the_guide_shows_what_is_here() {
    let guide = include_str!("../../../docs/guide/transports.md");
    let (_, shown) = guide.split_once("```rust,ignore\n").expect("the snippet");
    let (shown, _) = shown.split_once("```").expect("its end");
    assert!(include_str!("main.rs").contains(shown), "not in main.rs:\n{shown}");
}
