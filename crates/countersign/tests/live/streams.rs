//! How each kind of stream ends.

use std::time::Duration;

use axum::body::Body;
use axum::routing::get;
use axum::{Router, response::Response};
use countersign::Guard;
use futures_util::SinkExt;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;

use crate::common::{LIFETIME, LOOK, World, goes_on, piece, timed};

#[tokio::test(start_paused = true)]
async fn server_sent_events_end_with_one_that_says_why() {
    let world = World::new();
    let mut events = world.open("/events", LIFETIME).await;
    assert_eq!(piece(&mut events).await.as_deref(), Some("data: hello\n\n"));
    world.clock.advance(LIFETIME - Duration::from_millis(1));
    assert!(goes_on(piece(&mut events)).await);

    world.clock.advance(Duration::from_millis(1));
    let (waited, last) = timed(piece(&mut events)).await;
    assert_eq!(last.as_deref(), Some("event: end\ndata: token_expired\n\n"));
    assert!(waited <= LOOK, "{waited:?}");
    assert_eq!(piece(&mut events).await, None);
    assert_eq!(world.live.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_grpc_ends_with_the_status_unauthenticated() {
    let world = World::new();
    let mut calls = world.open("/calls", LIFETIME).await;
    assert_eq!(piece(&mut calls).await.as_deref(), Some("hello"));
    world.clock.advance(LIFETIME);
    let last = calls.body_mut().frame().await.expect("a frame").expect("no error");
    let trailers = last.into_trailers().expect("trailers");
    assert_eq!(trailers["grpc-status"], "16");
    assert_eq!(
        trailers["grpc-message"],
        "token_expired: the credentials that opened the stream have expired"
    );
    assert!(calls.body_mut().frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_kind_is_cut_so_that_it_is_not_taken_for_whole() {
    let world = World::new();
    let mut download = world.open("/download", LIFETIME).await;
    assert_eq!(piece(&mut download).await.as_deref(), Some("hello"));
    world.clock.advance(LIFETIME);
    let error = download.body_mut().frame().await.expect("a frame").expect_err("an error");
    assert!(error.to_string().contains("expired"), "{error}");
    assert!(download.body_mut().frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_there_already_is_not_watched() {
    let world = World::new();
    let mut short = world.open("/short", LIFETIME).await;
    assert_eq!(world.live.open(), 0);
    world.clock.advance(LIFETIME);
    assert_eq!(piece(&mut short).await.as_deref(), Some("short"));
}

#[tokio::test(start_paused = true)]
async fn what_the_client_closes_is_forgotten() {
    let world = World::new();
    let events = world.open("/events", LIFETIME).await;
    let mut socket = world.connect("/chat", LIFETIME).await.expect("a WebSocket");
    assert_eq!(world.live.open(), 2);
    drop(events);
    assert_eq!(world.live.open(), 1);
    socket.send(Message::Close(None)).await.expect("a server that listens");
    while let Some(Ok(_)) = futures_util::StreamExt::next(&mut socket).await {}
    assert!(goes_on(std::future::pending::<()>()).await);
    assert_eq!(world.live.open(), 0);
}

async fn ask(app: Router, request: http::request::Builder) -> Response {
    app.oneshot(request.body(Body::empty()).expect("a request")).await.expect("axum answers")
}

#[tokio::test(start_paused = true)]
async fn a_live_guard_that_no_guard_stands_before_lets_nobody_pass() {
    let world = World::new();
    let app = Router::new().route("/", get("open?")).layer(world.live.clone());
    assert_eq!(ask(app, Request::get("/")).await.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(start_paused = true)]
async fn who_comes_without_credentials_has_nothing_that_could_end_and_no_lease() {
    let world = World::new();
    let optional = Guard::optional(world.strategy());
    let lease = async |_: countersign::live::Lease| "a lease";
    let events = async || Body::from_stream(futures_util::stream::pending::<Result<&str, std::io::Error>>());
    let app = Router::new().route("/lease", get(lease)).route("/events", get(events));
    let app = app.layer(world.live.clone()).layer(optional);
    let open = ask(app.clone(), Request::get("/events")).await;
    assert_eq!((open.status(), world.live.open()), (StatusCode::OK, 0));
    let refused = ask(app, Request::get("/lease")).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
}

#[tokio::test(start_paused = true)]
async fn a_lease_where_no_live_guard_stands_is_a_mistake_that_is_told() {
    let world = World::new();
    let lease = async |_: countersign::live::Lease| "a lease";
    let app = Router::new().route("/", get(lease)).layer(Guard::required(world.strategy()));
    let bearer = format!("Bearer {}", world.token(LIFETIME));
    let answer = ask(app, Request::get("/").header("authorization", bearer)).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(start_paused = true)]
async fn a_compressed_stream_is_cut_since_plain_words_would_be_none_in_it() {
    let world = World::new();
    let mut events = world.open("/compressed", LIFETIME).await;
    assert_eq!(piece(&mut events).await.as_deref(), Some("hello"));
    world.clock.advance(LIFETIME);
    assert!(events.body_mut().frame().await.expect("a frame").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_websocket_over_http_2_that_takes_no_lease_is_not_opened_either() {
    let world = World::new();
    let accepts = || axum::routing::any(async || StatusCode::OK);
    let leased = axum::routing::any(async |_: countersign::live::Lease| StatusCode::OK);
    let app = Router::new().route("/forgotten", accepts()).route("/chat", leased);
    let app = app.layer(world.live.clone()).layer(Guard::required(world.strategy()));
    for (path, method, status) in [
        ("/forgotten", "CONNECT", StatusCode::INTERNAL_SERVER_ERROR),
        ("/forgotten", "GET", StatusCode::OK),
        ("/chat", "CONNECT", StatusCode::OK),
    ] {
        let bearer = format!("Bearer {}", world.token(LIFETIME));
        let request = Request::builder().method(method).uri(path).header("authorization", bearer);
        assert_eq!(ask(app.clone(), request).await.status(), status, "{method} {path}");
    }
}
