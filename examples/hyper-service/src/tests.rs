//! The service under attack, by itself and over a connection.

use countersign_testkit::{Battery, TestIssuer};
use http::header::HOST;
use http::{HeaderValue, Method, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use serde_json::json;

use super::*;

fn issuer() -> (TestIssuer, Battery) {
    let issuer = TestIssuer::new();
    let battery = issuer.battery(&issuer.token_with("ada", &json!({"email": "ada@example.com"})));
    (issuer, battery)
}

#[tokio::test]
async fn an_attack_finds_nothing() {
    let (issuer, battery) = issuer();
    let service = service::<Empty<Bytes>>(issuer.verifier(), issuer.keys(), issuer.clock());
    let report = battery.attack(service, Method::GET, Uri::from_static("/")).await;
    report.assert_all_refused();
    report.assert_codes();
}

/// One request over a connection of its own.
async fn over_a_connection(
    service: Service<Incoming>,
    mut request: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, hyper::Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
    tokio::spawn(serve(theirs.expect("a connection").0, service));
    let (mut sender, connection) = client::handshake(TokioIo::new(ours.expect("a connection"))).await?;
    tokio::spawn(connection);
    request.headers_mut().insert(HOST, HeaderValue::from_static("hyper.test"));
    sender.send_request(request).await
}

#[tokio::test]
async fn an_attack_over_a_connection_finds_nothing() {
    let (issuer, battery) = issuer();
    let service = service(issuer.verifier(), issuer.keys(), issuer.clock());
    let client = service_fn(move |request| over_a_connection(service.clone(), request));
    battery.attack(client, Method::GET, Uri::from_static("/")).await.assert_all_refused();
}

#[tokio::test]
async fn the_handler_learns_who_it_is() {
    let (issuer, _) = issuer();
    let service = service(issuer.verifier(), issuer.keys(), issuer.clock());
    let token = issuer.token_with("ada", &json!({"email": "ada@example.com"}));
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let answer = over_a_connection(service, request.body(Empty::new()).expect("a request")).await;
    let body = answer.expect("an answer").collect().await.expect("a body").to_bytes();
    assert_eq!(body, "hello ada@example.com\n");
}
