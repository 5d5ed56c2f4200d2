//! How much of a body is read before it is known who it is.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::routing::post as on_post;
use bytes::Bytes;
use countersign::{AuthError, Authenticated, BodyGuard, Credentials, LocalStrategy};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::StreamBody;

use crate::common::{User, send};

const FORM: &str = "application/x-www-form-urlencoded";

fn app() -> Router {
    let login = LocalStrategy::new(async |credentials: Credentials, _: &Parts| {
        (credentials.password() == "secret").then(|| User(credentials.username().to_owned()))
    });
    let handler = async |user: Authenticated<User>, body: Bytes| format!("{}: {}", user.0, body.len());
    Router::new().route("/", on_post(handler)).layer(BodyGuard::new(login.body_limit(40)))
}

fn post(body: Body) -> Request<Body> {
    Request::post("/").header("content-type", FORM).body(body).expect("a request")
}

/// A body in pieces, and how many of them were asked for.
fn pieces(pieces: Vec<Result<&'static str, io::Error>>) -> (Body, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let mut pieces = pieces.into_iter();
    let stream = futures_util::stream::poll_fn(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        let piece = pieces.next();
        Poll::Ready(piece.map(|piece| piece.map(|text| Frame::data(Bytes::from_static(text.as_bytes())))))
    });
    (Body::new(StreamBody::new(stream)), asked)
}

#[tokio::test]
async fn the_handler_gets_the_body_whole() {
    let answer = send(&app(), post(Body::from("username=ada&password=secret&also=1"))).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ada: 35"));
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    let (body, _) = pieces(vec![Ok("username=ada&pass"), Ok(""), Ok("word=secret")]);
    let answer = send(&app(), post(body)).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ada: 28"));
}

/// A body that says how long it is, and notes whether anybody asked for it.
struct Announced(u64, Arc<AtomicUsize>);

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = send(&app(), post(Body::new(Announced(41, Arc::clone(&asked))))).await;
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    insta::assert_snapshot!(answer, @r#"
    413 Payload Too Large
    cache-control: no-store
    content-type: application/problem+json

    {"type":"about:blank","title":"Payload Too Large","status":413,"detail":"The body is larger than 40 bytes.","code":"body_too_large"}
    "#);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let body = "username=ada&password=secret&also=123456";
    assert_eq!(body.len(), 40);
    assert_eq!(send(&app(), post(Body::from(body))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_grows_too_large_is_read_no_further() {
    let (body, asked) =
        pieces(vec![Ok("username=ada&password=secret&also=12345"), Ok("67"), Ok("8"), Ok("9")]);
    let answer = send(&app(), post(body)).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_body_of_another_kind_is_not_read() {
    let (body, asked) = pieces(vec![Ok("username=ada&password=secret")]);
    let request = Request::post("/").header("content-type", "text/plain").body(body).expect("a request");
    let answer = send(&app(), request).await;
    insta::assert_snapshot!(answer, @r#"
    415 Unsupported Media Type
    cache-control: no-store
    content-type: application/problem+json

    {"type":"about:blank","title":"Unsupported Media Type","status":415,"detail":"A login is sent as application/json or application/x-www-form-urlencoded.","code":"media_type_unsupported"}
    "#);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let (body, _) = pieces(vec![Ok("username=ada&pass"), Err(io::Error::other("the line is cut"))]);
    let answer = send(&app(), post(body)).await;
    insta::assert_snapshot!(answer, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/problem+json

    {"type":"about:blank","title":"Bad Request","status":400,"detail":"The body broke off before its end.","code":"body_unreadable"}
    "#);
}

#[tokio::test]
async fn a_refused_login_may_be_answered_otherwise_and_stays_refused() {
    let login = LocalStrategy::new(async |_: Credentials, _: &Parts| None::<User>);
    let guard =
        BodyGuard::new(login).on_refused(|why: &AuthError, head: &Parts, mut answer: Response<Bytes>| {
            assert_eq!((why.code(), head.uri.path()), ("credentials_invalid", "/"));
            *answer.status_mut() = StatusCode::OK;
            *answer.body_mut() = Bytes::from_static(b"try again");
            answer
        });
    let app = Router::new().route("/", on_post(async || "in")).layer(guard);
    let answer = send(&app, post(Body::from("username=ada&password=wrong"))).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "try again"));
}
