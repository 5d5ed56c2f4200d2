//! Who passes a guard, and in which order things happen.

use std::convert::Infallible;
use std::future::Ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::routing::{get as on_get, post as on_post};
use axum::{Json, Router};
use bytes::Bytes;
use countersign::{Authenticated, Guard, MaybeAuthenticated};
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::common::{Log, Told, User, get, send, told};

async fn hello(user: Authenticated<User>) -> String {
    format!("hello {}", user.0)
}

async fn hello_or_not(MaybeAuthenticated(user): MaybeAuthenticated<User>) -> String {
    user.map_or_else(|| "hello stranger".to_owned(), |user| format!("hello {}", user.0))
}

fn required() -> Router {
    Router::new().route("/", on_get(hello)).layer(Guard::required(Told))
}

fn optional() -> Router {
    Router::new()
        .route("/", on_get(hello_or_not))
        .route("/strict", on_get(hello))
        .layer(Guard::optional(Told))
}

#[tokio::test]
async fn who_is_recognised_reaches_the_handler() {
    let answer = send(&required(), told("/", "user ada")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "hello ada"));
}

#[tokio::test]
async fn who_presents_nothing_gets_a_bare_challenge() {
    let answer = send(&required(), get("/")).await;
    assert_eq!((answer.status, answer.challenge()), (StatusCode::UNAUTHORIZED, "Bearer"));
}

#[tokio::test]
async fn a_refused_request_never_reaches_the_handler() {
    let reached = Arc::new(AtomicBool::new(false));
    let handler = {
        let reached = Arc::clone(&reached);
        async move || reached.store(true, Ordering::SeqCst)
    };
    let app = Router::new().route("/", on_get(handler)).layer(Guard::required(Told));
    for token in ["bad", "poor", "outage", "throttled", "nonsense", "what?"] {
        let answer = send(&app, told("/", token)).await;
        assert!(!answer.status.is_success(), "{token}");
    }
    assert!(!send(&app, get("/")).await.status.is_success());
    assert!(!reached.load(Ordering::SeqCst));
}

#[tokio::test]
async fn an_optional_guard_lets_a_stranger_pass() {
    let answer = send(&optional(), get("/")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "hello stranger"));
}

#[tokio::test]
async fn an_optional_guard_recognises_who_can_be_recognised() {
    assert_eq!(send(&optional(), told("/", "user ada")).await.body, "hello ada");
}

#[tokio::test]
async fn a_bad_token_is_never_taken_for_an_anonymous_visitor() {
    for (token, status) in [("bad", 401), ("outage", 503), ("throttled", 429), ("what?", 500)] {
        assert_eq!(send(&optional(), told("/", token)).await.status.as_u16(), status, "{token}");
    }
}

#[tokio::test]
async fn a_handler_that_needs_an_identity_behind_an_optional_guard_answers_401() {
    let answer = send(&optional(), get("/strict")).await;
    assert_eq!((answer.status, answer.challenge()), (StatusCode::UNAUTHORIZED, "Bearer"));
    assert_eq!(answer.code(), "credentials_missing");
}

/// A body that notes whether anybody asked for it.
struct Watched(Arc<AtomicBool>);

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.store(true, Ordering::SeqCst);
        Poll::Ready(None)
    }
}

#[tokio::test]
async fn the_body_is_not_read_before_authentication() {
    let asked = Arc::new(AtomicBool::new(false));
    let app = Router::new().route("/", on_post(async |_: Bytes| ())).layer(Guard::required(Told));
    let post = |token: &str| {
        let body = Body::new(Watched(Arc::clone(&asked)));
        Request::post("/").header("x-token", token).body(body).expect("a request")
    };

    assert_eq!(send(&app, post("bad")).await.status, StatusCode::UNAUTHORIZED);
    assert!(!asked.load(Ordering::SeqCst));
    assert_eq!(send(&app, post("user ada")).await.status, StatusCode::OK);
    assert!(asked.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_stranger_does_not_learn_the_shape_of_a_route() {
    let app = Router::new().route("/", on_post(async |_: Json<Vec<u8>>| ())).layer(Guard::required(Told));
    let nonsense = || Request::post("/").header("content-type", "application/json");

    let stranger = nonsense().body(Body::from("?")).expect("a request");
    assert_eq!(send(&app, stranger).await.status, StatusCode::UNAUTHORIZED);
    let known = nonsense().header("x-token", "user ada").body(Body::from("?")).expect("a request");
    assert_eq!(send(&app, known).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_innermost_guard_that_recognises_somebody_has_the_word() {
    let app = Router::new()
        .route("/", on_get(hello_or_not))
        .layer(Guard::optional(Told))
        // Renames the visitor between the two guards.
        .layer(axum::middleware::map_request(async |mut request: Request<Body>| {
            if request.headers().contains_key("x-hide") {
                request.headers_mut().remove("x-token");
            } else {
                request.headers_mut().insert("x-token", "user inner".parse().expect("a header"));
            }
            request
        }))
        .layer(Guard::required(Told));

    assert_eq!(send(&app, told("/", "user outer")).await.body, "hello inner");
    let mut hidden = told("/", "user outer");
    hidden.headers_mut().insert("x-hide", "yes".parse().expect("a header"));
    assert_eq!(send(&app, hidden).await.body, "hello outer");
}

#[tokio::test]
async fn a_guard_serves_a_service_that_knows_nothing_of_axum() {
    let inner = service_fn(async |request: Request<Full<Bytes>>| {
        let user = Authenticated::<User>::from_extensions(request.extensions()).expect("guarded");
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(user.0.clone())))
    });
    Log::install();
    let service = Guard::required(Told).layer(inner);
    let request = |token: &str| Request::get("/").header("x-token", token).body(Full::<Bytes>::default());

    let passed = service.clone().oneshot(request("user ada").expect("a request")).await.expect("infallible");
    assert_eq!(passed.into_body().collect().await.expect("a body").to_bytes(), "ada");
    let refused = service.oneshot(request("bad").expect("a request")).await.expect("infallible");
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

/// A service that can be called once for each time it was polled ready, and not after it was cloned.
#[derive(Default)]
struct OnePlace {
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl Clone for OnePlace {
    fn clone(&self) -> Self {
        Self { ready: false, calls: Arc::clone(&self.calls) }
    }
}

impl Service<Request<()>> for OnePlace {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having been polled ready");
        self.calls.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Response::new(Full::default())))
    }
}

#[tokio::test]
async fn a_guard_calls_the_service_that_was_polled_ready() {
    let inner = OnePlace::default();
    let calls = Arc::clone(&inner.calls);
    let mut service = Guard::required(Told).layer(inner);
    for _ in 0..2 {
        let request = Request::get("/").header("x-token", "user ada").body(()).expect("a request");
        service.ready().await.expect("infallible").call(request).await.expect("infallible");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn a_guard_shows_what_it_is_and_nothing_else() {
    assert_eq!(
        format!("{:?} {:?}", Guard::required(Told), Guard::optional(Told)),
        "Guard::required(told) Guard::optional(told)"
    );
}
