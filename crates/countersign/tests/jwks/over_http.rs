//! Key sets over real HTTP, with reqwest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use countersign::RemoteJwkSet;
use countersign::jwks::{Fetch, FetchError, RefreshError, ReqwestFetch};
use countersign::jwt::SystemClock;
use countersign::strategy::Introspect;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::common::{Api, World, set};

/// An issuer on this machine.
struct Server {
    origin: String,
    task: JoinHandle<()>,
    followed: Arc<AtomicUsize>,
}

impl Server {
    async fn start(key_set: String) -> Self {
        let followed = Arc::new(AtomicUsize::new(0));
        let endless = async || {
            Body::from_stream(futures_util::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1024]))
            }))
        };
        let router = Router::new()
            .route("/jwks.json", get(async move || ([(header::CACHE_CONTROL, "max-age=300")], key_set)))
            .route("/moved", get(async || Redirect::temporary("/followed")))
            .route(
                "/followed",
                get(async |State(followed): State<Arc<AtomicUsize>>| {
                    followed.fetch_add(1, Ordering::SeqCst);
                    StatusCode::NOT_FOUND
                }),
            )
            .route("/large", get(async || " ".repeat(600 * 1024)))
            .route("/endless", get(endless))
            .route(
                "/introspect",
                post(async |headers: HeaderMap, form: String| {
                    format!("{:?} {form}", headers["authorization"])
                }),
            )
            .route("/introspect/moved", post(async || Redirect::temporary("/followed")))
            .route("/introspect/large", post(async || " ".repeat(600 * 1024)))
            .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR.into_response()))
            .route("/silent", get(std::future::pending::<()>))
            .with_state(Arc::clone(&followed));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { origin, task, followed }
    }

    async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    async fn failure(&self, path: &str) -> RefreshError {
        let url = format!("{}{path}", self.origin);
        let builder =
            RemoteJwkSet::from_url(&url).expect("a good URL").fetch_timeout(Duration::from_secs(30));
        let keys = builder.start().expect("a runtime");
        keys.refresh().await.expect_err("a fault")
    }
}

fn world() -> (World, String) {
    let world = World::new();
    world.clock.set(countersign::jwt::Clock::now(&SystemClock));
    let key_set = serde_json::to_string(&set(&[&world.key]).to_jwk_set()).expect("JSON");
    (world, key_set)
}

#[tokio::test]
async fn a_service_goes_on_when_its_issuer_has_stopped() {
    let (world, key_set) = world();
    let server = Server::start(key_set).await;
    let keys = RemoteJwkSet::from_url(&format!("{}/jwks.json", server.origin)).expect("a good URL");
    let api = Api::new(keys.start().expect("a runtime"), SystemClock);
    let token = world.token(&world.key);
    assert_eq!(api.present(&token).await, "200");

    server.stop().await;
    assert_eq!(api.keys.refresh().await.unwrap_err().code(), "issuer_unreachable");
    assert_eq!(api.present(&token).await, "200");
}

#[tokio::test]
async fn a_redirect_is_not_followed_over_http() {
    let server = Server::start(String::new()).await;
    let failure = server.failure("/moved").await;
    assert_eq!(failure, RefreshError::Redirect(StatusCode::TEMPORARY_REDIRECT));
    assert_eq!(server.followed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_large_or_never_ends_is_not_read() {
    let server = Server::start(String::new()).await;
    for path in ["/large", "/endless"] {
        assert_eq!(server.failure(path).await, RefreshError::TooLarge { limit: 512 * 1024 }, "{path}");
    }
}

#[tokio::test]
async fn an_answer_of_exactly_the_limit_is_read() {
    let key_set = "x".repeat(1000);
    let server = Server::start(key_set).await;
    let url: Uri = format!("{}/jwks.json", server.origin).parse().expect("a URL");
    let fetch = ReqwestFetch::new().expect("a client");
    let response = fetch.get(&url, 1000).await.expect("an answer");
    assert_eq!(response.body().len(), 1000);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "max-age=300");
    assert_eq!(fetch.get(&url, 999).await.unwrap_err(), FetchError::TooLarge);
}

#[tokio::test]
async fn a_status_that_is_not_200_is_refused_over_http() {
    let server = Server::start(String::new()).await;
    let broken = StatusCode::INTERNAL_SERVER_ERROR;
    assert_eq!(server.failure("/broken").await, RefreshError::Status(broken));
    assert_eq!(server.failure("/nothing").await, RefreshError::Status(StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn an_issuer_that_is_silent_is_given_up() {
    let server = Server::start(String::new()).await;
    let builder = RemoteJwkSet::from_url(&format!("{}/silent", server.origin)).expect("a good URL");
    let keys = builder.fetch_timeout(Duration::from_millis(50)).start().expect("a runtime");
    assert_eq!(keys.refresh().await, Err(RefreshError::TimedOut));
}

#[tokio::test]
async fn a_question_about_a_token_is_sent_and_never_carried_elsewhere() {
    let server = Server::start(String::new()).await;
    let client = ReqwestFetch::new().expect("root certificates");
    let ask = async |path: &str| {
        let uri = format!("{}{path}", server.origin);
        let request =
            Request::post(uri).header("authorization", "Bearer x").body(Bytes::from_static(b"token=a"));
        client.post(request.expect("a request"), 64 * 1024).await
    };
    let answer = ask("/introspect").await.expect("an answer");
    assert_eq!(answer.body(), "\"Bearer x\" token=a");
    assert_eq!(ask("/introspect/moved").await.expect("an answer").status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(server.followed.load(Ordering::SeqCst), 0);
    assert_eq!(ask("/introspect/large").await.expect_err("refused"), FetchError::TooLarge);
    server.stop().await;
    let refused = ReqwestFetch::new().expect("root certificates");
    let request = Request::post("http://127.0.0.1:1/").body(Bytes::new()).expect("a request");
    assert!(matches!(refused.post(request, 1).await, Err(FetchError::Unreachable { .. })));
}
