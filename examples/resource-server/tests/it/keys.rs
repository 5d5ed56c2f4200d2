//! What an API knows by the keys of its issuer.

use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use countersign::jwt::{
    AccessTokenClaims, Algorithm, Claims, Clock, KeySet, Signer, SigningKey, SystemClock,
};
use countersign_testkit::Battery;
use hyper::{Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::service_fn;

use crate::support::{Api, send};

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

fn welcome() -> (StatusCode, Value) {
    (StatusCode::OK, json!({"sub": "ada"}))
}

async fn refused(api: &Api, authorization: Option<&str>, status: StatusCode, code: &str) {
    let (found, problem) = api.get("/api", authorization).await;
    assert_eq!((found, problem["code"].as_str()), (status, Some(code)));
}

#[tokio::test]
async fn it_knows_the_issuer_by_its_key_set_and_goes_on_when_the_issuer_has_stopped() {
    let issuer = Issuer::start().await;
    let api =
        Api::start(AUDIENCE, &["--issuer", &issuer.name, "--jwks-url", &format!("{}/keys", issuer.name)]);
    let token = issuer.token(&issuer.key, AUDIENCE);
    assert_eq!(api.present("/api", &token).await, welcome());

    issuer.stop().await;
    assert_eq!(api.present("/api", &token).await, welcome());
    assert_eq!(api.present("/api", &issuer.token(&issuer.key, AUDIENCE)).await, welcome());
}

#[tokio::test]
async fn without_a_url_it_finds_the_key_set_by_the_metadata_of_the_issuer() {
    let issuer = Issuer::start().await;
    let api = Api::start(AUDIENCE, &["--issuer", &issuer.name]);
    assert_eq!(api.present("/api", &issuer.token(&issuer.key, AUDIENCE)).await, welcome());
}

#[tokio::test]
async fn it_refuses_with_the_reason_and_answers_503_when_it_cannot_know() {
    let issuer = Issuer::start().await;
    let api = Api::start(AUDIENCE, &["--issuer", &issuer.name]);
    let unauthorized = StatusCode::UNAUTHORIZED;
    refused(&api, None, unauthorized, "credentials_missing").await;
    let elsewhere = format!("Bearer {}", issuer.token(&issuer.key, "https://elsewhere.test"));
    refused(&api, Some(&elsewhere), unauthorized, "aud_mismatch").await;
    let stranger = SigningKey::generate(Algorithm::Es256).expect("a key");
    let forged = format!("Bearer {}", issuer.token(&stranger, AUDIENCE));
    refused(&api, Some(&forged), unauthorized, "key_unknown").await;

    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let orphan =
        Api::start(AUDIENCE, &["--issuer", &issuer.name, "--jwks-url", &format!("http://{nobody}/keys")]);
    let good = format!("Bearer {}", issuer.token(&issuer.key, AUDIENCE));
    refused(&orphan, Some(&good), StatusCode::SERVICE_UNAVAILABLE, "keys_unavailable").await;
}

#[tokio::test]
async fn no_hostile_token_gets_in() {
    let issuer = Issuer::start().await;
    let api = Api::start(AUDIENCE, &["--issuer", &issuer.name]);
    let genuine = issuer.token(&issuer.key, AUDIENCE);
    let battery = Battery::new(&issuer.key, &genuine, SystemClock.now()).expect("a good token");
    let address = api.address.clone();
    let client = service_fn(move |request| send(address.clone(), request));
    let report = battery.attack(client, Method::GET, Uri::from_static("/api")).await;
    report.assert_all_refused();
    report.assert_codes();
}
