use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
};
use countersign::jwt::{ManualClock, NumericDate};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;

mod cookies;
mod guide;
mod metadata;
mod refresh_form;
mod revoke;
mod sessions;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse";

struct Scene {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    service: Arc<Service>,
}

impl Scene {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With settings, by their variables.
    async fn with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NumericDate::from_secs(1_700_000_000)));
        let service = Arc::new(Service::for_tests_with(folder.path(), clock.clone(), variables).await);
        Self { _folder: folder, clock, service }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        router(Arc::clone(&self.service)).oneshot(request).await.unwrap()
    }

    async fn post(&self, path: &str) -> Response<Body> {
        self.send(post(path, json!({"email": EMAIL, "password": PASSWORD}).to_string())).await
    }

    async fn token(&self) -> String {
        let answer = body(self.post("/auth/login").await).await;
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn profile(&self, token: &str) -> Response<Body> {
        let bearer = format!("Bearer {token}");
        self.send(Request::get("/profile").header(header::AUTHORIZATION, bearer).body(Body::empty()).unwrap())
            .await
    }
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body.into()).unwrap()
}

fn form(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(body.into()).unwrap()
}

async fn body(response: Response<Body>) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), 65_536).await.unwrap()).unwrap()
}

#[tokio::test]
async fn without_a_database_logins_are_503_and_tokens_are_still_verified() {
    let scene = Scene::new().await;
    scene.post("/auth/register").await;
    let token = scene.token().await;
    scene.service.accounts.store.close().await;

    for path in ["/auth/register", "/auth/login"] {
        let response = scene.post(path).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(response.headers().contains_key(header::RETRY_AFTER), "{path}");
        assert_eq!(body(response).await["code"], "store_unavailable", "{path}");
    }
    assert_eq!(scene.profile(&token).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_token_is_good_until_its_last_second_and_not_longer() {
    let scene = Scene::new().await;
    scene.post("/auth/register").await;
    let token = scene.token().await;
    scene.clock.advance(Duration::from_secs(899));
    assert_eq!(scene.profile(&token).await.status(), StatusCode::OK);
    scene.clock.advance(Duration::from_secs(1));
    let response = scene.profile(&token).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(body(response).await["code"], "token_expired");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_not_waited_for() {
    let request = post("/auth/login", Body::new(Endless));
    let outcome = <json::JsonBody<Value> as axum::extract::FromRequest<()>>::from_request(request, &()).await;
    let response = axum::response::IntoResponse::into_response(outcome.err().unwrap());
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(body(response).await["code"], "body_too_slow");
}

/// Any JSON, for the test above.
impl json::Shape for Value {
    const SHAPE: &'static str = "{}";
}

/// A body of which nothing ever comes.
struct Endless;

impl axum::body::HttpBody for Endless {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn an_unusable_stored_hash_is_500_and_is_told_to_the_operator_only() {
    let scene = Scene::new().await;
    let user = countersign_store::NewUser {
        id: "user-1",
        email: "ada@example.com",
        password_hash: "$2b$12$abcdefghijklmnopqrstuu",
        created_at: NumericDate::from_secs(0),
    };
    scene.service.accounts.store.insert_user(&user).await.unwrap();
    let response = scene.post("/auth/login").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let problem = body(response).await;
    assert_eq!(problem["code"], "internal_error");
    assert!(!problem.to_string().contains("user-1"), "{problem}");
}

#[tokio::test]
async fn who_may_ask_for_what_is_what_it_was() {
    let scene = Scene::new().await;
    insta::assert_snapshot!(routes(&scene.service).route_map(), @r"
    ANY     /(other method)                          public
    ANY     /(unmatched)                             public
    GET     /.well-known/jwks.json                   public
    GET     /.well-known/oauth-authorization-server  public
    GET     /.well-known/openid-configuration        public
    POST    /auth/login                              public
    POST    /auth/logout                             public
    POST    /auth/logout/all                         authenticated by jwt
    POST    /auth/logout/others                      authenticated by jwt
    POST    /auth/password                           authenticated by jwt
    POST    /auth/refresh                            public
    POST    /auth/register                           public
    POST    /auth/revoke                             public
    GET     /auth/sessions                           authenticated by jwt
    DELETE  /auth/sessions/{id}                      authenticated by jwt
    GET     /auth/status-lists/{number}              public
    GET     /healthz                                 public
    GET     /profile                                 authenticated by jwt
    ");
}

#[tokio::test]
async fn a_handler_that_panics_costs_one_answer_and_tells_nothing() {
    async fn panics() -> &'static str {
        panic!("hunter2")
    }
    let router = Router::new()
        .route("/", axum::routing::get(panics))
        .layer(middleware::from_fn(panics::answer_panics));
    let response = router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem = body(response).await;
    assert_eq!(problem["code"], "internal_error");
    assert!(!problem.to_string().contains("hunter2"), "{problem}");
}
