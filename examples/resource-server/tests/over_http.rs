//! The API as it is run, against an issuer over real HTTP.
#![expect(clippy::expect_used, reason = "a test that cannot be set up fails where it stands")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use countersign::jwt::{
    AccessTokenClaims, Algorithm, Claims, Clock, KeySet, Signer, SigningKey, SystemClock,
};
use countersign_testkit::Battery;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::service_fn;

const AUDIENCE: &str = "https://orders.test";

/// An issuer on this machine: its keys, and where they are.
struct Issuer {
    name: String,
    key: SigningKey,
    task: JoinHandle<()>,
}

impl Issuer {
    async fn start() -> Self {
        let key = SigningKey::generate(Algorithm::Es256).expect("a key");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let name = format!("http://{}", listener.local_addr().expect("an address"));
        let jwks_url = format!("{name}/keys");
        let metadata = json!({"issuer": &name, "jwks_uri": jwks_url});
        let keys = json!(KeySet::from(key.verifying_key()).to_jwk_set());
        let router = Router::new()
            .route("/keys", get(async move || Json(keys)))
            .route("/.well-known/oauth-authorization-server", get(async move || Json(metadata)));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { name, key, task }
    }

    fn token(&self, key: &SigningKey, audience: &str) -> String {
        let signer = Signer::access_tokens(key.clone(), &self.name, audience, Duration::from_secs(900));
        let claims = Claims::new(AccessTokenClaims::new("tests")).subject("ada");
        signer.sign(&claims, SystemClock.now()).expect("a token")
    }

    async fn stop(&self) {
        self.task.abort();
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }
}

/// The API, in a process of its own, which ends with this.
struct Api {
    process: Child,
    address: String,
}

impl Api {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_resource-server"))
            .args(["--port", "0", "--audience", AUDIENCE])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("Listening on http://").expect("its address").to_owned();
        Self { process, address }
    }

    async fn get(&self, authorization: Option<&str>) -> (StatusCode, Value) {
        let mut request = Request::get("/api");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Empty::new()).expect("a request");
        let answer = send(self.address.clone(), request).await.expect("an answer");
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    async fn present(&self, token: &str) -> (StatusCode, Value) {
        self.get(Some(&format!("Bearer {token}"))).await
    }
}

async fn send(
    address: String,
    mut request: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, hyper::Error> {
    let stream = TcpStream::connect(&address).await.expect("it listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    request.headers_mut().insert(HOST, HeaderValue::try_from(address).expect("an address"));
    sender.send_request(request).await
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn welcome() -> (StatusCode, Value) {
    (StatusCode::OK, json!({"sub": "ada"}))
}

async fn refused(api: &Api, authorization: Option<&str>, status: StatusCode, code: &str) {
    let (found, problem) = api.get(authorization).await;
    assert_eq!((found, problem["code"].as_str()), (status, Some(code)));
}

#[tokio::test]
async fn it_knows_the_issuer_by_its_key_set_and_goes_on_when_the_issuer_has_stopped() {
    let issuer = Issuer::start().await;
    let api = Api::start(&["--issuer", &issuer.name, "--jwks-url", &format!("{}/keys", issuer.name)]);
    let token = issuer.token(&issuer.key, AUDIENCE);
    assert_eq!(api.present(&token).await, welcome());

    issuer.stop().await;
    assert_eq!(api.present(&token).await, welcome());
    assert_eq!(api.present(&issuer.token(&issuer.key, AUDIENCE)).await, welcome());
}

#[tokio::test]
async fn without_a_url_it_finds_the_key_set_by_the_metadata_of_the_issuer() {
    let issuer = Issuer::start().await;
    let api = Api::start(&["--issuer", &issuer.name]);
    assert_eq!(api.present(&issuer.token(&issuer.key, AUDIENCE)).await, welcome());
}

#[tokio::test]
async fn it_refuses_with_the_reason_and_answers_503_when_it_cannot_know() {
    let issuer = Issuer::start().await;
    let api = Api::start(&["--issuer", &issuer.name]);
    let unauthorized = StatusCode::UNAUTHORIZED;
    refused(&api, None, unauthorized, "credentials_missing").await;
    let elsewhere = format!("Bearer {}", issuer.token(&issuer.key, "https://elsewhere.test"));
    refused(&api, Some(&elsewhere), unauthorized, "aud_mismatch").await;
    let stranger = SigningKey::generate(Algorithm::Es256).expect("a key");
    let forged = format!("Bearer {}", issuer.token(&stranger, AUDIENCE));
    refused(&api, Some(&forged), unauthorized, "key_unknown").await;

    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let orphan = Api::start(&["--issuer", &issuer.name, "--jwks-url", &format!("http://{nobody}/keys")]);
    let good = format!("Bearer {}", issuer.token(&issuer.key, AUDIENCE));
    refused(&orphan, Some(&good), StatusCode::SERVICE_UNAVAILABLE, "keys_unavailable").await;
}

#[tokio::test]
async fn no_hostile_token_gets_in() {
    let issuer = Issuer::start().await;
    let api = Api::start(&["--issuer", &issuer.name]);
    let genuine = issuer.token(&issuer.key, AUDIENCE);
    let battery = Battery::new(&issuer.key, &genuine, SystemClock.now()).expect("a good token");
    let address = api.address.clone();
    let client = service_fn(move |request| send(address.clone(), request));
    let report = battery.attack(client, Method::GET, Uri::from_static("/api")).await;
    report.assert_all_refused();
    report.assert_codes();
}
