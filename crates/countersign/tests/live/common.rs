//! Streams of every kind behind a guard, a client for them, and time that is moved.
//!
//! What ends when is decided by the manual clock. The task that ends things waits by tokio's, which is paused: it moves on by
//! itself when everybody waits, so a test that waits for an end has it at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use countersign::jwt::{Algorithm, Claims, Clock, ManualClock, Signer, SigningKey, Verified};
use countersign::live::{Lease, LiveGuard, close_websocket};
use countersign::{Guard, JwtStrategy};
use countersign_testkit::TestIssuer;
use futures_util::{Stream, StreamExt, stream};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as ClientMessage;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tower::ServiceExt;

pub(crate) const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How late an end may come: how often the clock is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

pub(crate) type Token = Verified<Value>;

/// An issuer, and what ends its streams.
pub(crate) struct World {
    pub(crate) issuer: TestIssuer,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) live: LiveGuard,
}

impl World {
    pub(crate) fn new() -> Self {
        let secret = SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).expect("a key");
        let issuer = TestIssuer::with_key(secret);
        let clock = issuer.clock();
        Self { live: LiveGuard::new().clock(Arc::clone(&clock)), issuer, clock }
    }

    /// A world in which everybody's token is revoked once the switch is set.
    pub(crate) fn revocable() -> (Self, Arc<AtomicBool>) {
        let revoked = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&revoked);
        let check = move |token: &Token| asked.load(Ordering::Relaxed) && token.subject() == Some("ada");
        (Self::new().with(|live| live.revoked(check)), revoked)
    }

    /// The same with other rules.
    pub(crate) fn with(self, rules: impl FnOnce(LiveGuard) -> LiveGuard) -> Self {
        Self { live: rules(self.live), ..self }
    }

    /// A token that expires this long from now.
    pub(crate) fn token(&self, lifetime: Duration) -> String {
        let (issuer, audience) = (self.issuer.name(), self.issuer.audience());
        let signer = Signer::new(self.issuer.signing_key().clone(), issuer, audience, lifetime);
        signer.sign(&Claims::new(()).subject("ada"), self.clock.now()).expect("a token")
    }

    pub(crate) fn strategy(&self) -> JwtStrategy<Value, countersign::jwt::KeySet> {
        JwtStrategy::new(self.issuer.verifier(), self.issuer.keys()).clock(Arc::clone(&self.clock))
    }

    pub(crate) fn app(&self) -> Router {
        routes().layer(self.live.clone()).layer(Guard::required(self.strategy()))
    }

    /// Opens what stands at this path.
    pub(crate) async fn open(&self, path: &str, lifetime: Duration) -> Response {
        let bearer = format!("Bearer {}", self.token(lifetime));
        let request = Request::get(path).header("authorization", bearer).body(Body::empty());
        let response = self.app().oneshot(request.expect("a request")).await.expect("axum answers");
        assert_eq!(response.status(), StatusCode::OK);
        response
    }

    /// Opens the WebSocket at this path; what the server answers if it does not agree.
    pub(crate) async fn connect(&self, path: &str, lifetime: Duration) -> Result<Socket, StatusCode> {
        connect(self.app(), path, &self.token(lifetime)).await
    }
}

pub(crate) type Socket = WebSocketStream<DuplexStream>;

pub(crate) async fn connect(app: Router, path: &str, token: &str) -> Result<Socket, StatusCode> {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    use tokio_tungstenite::tungstenite::{Error, http::HeaderValue};

    let (ours, theirs) = tokio::io::duplex(4 * 1024);
    let server = hyper::server::conn::http1::Builder::new();
    let connection = server.serve_connection(TokioIo::new(theirs), TowerToHyperService::new(app));
    tokio::spawn(connection.with_upgrades());

    let mut request = format!("ws://api.test{path}").into_client_request().expect("a request");
    let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("ASCII");
    request.headers_mut().insert("authorization", bearer);
    let small = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(0);
    match tokio_tungstenite::client_async_with_config(request, ours, Some(small)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status()),
        Err(error) => unreachable!("the handshake failed: {error}"),
    }
}

/// The close code and reason with which the server ends the socket.
pub(crate) async fn closed(socket: &mut Socket) -> (u16, String) {
    loop {
        match socket.next().await.expect("a Close frame").expect("a good frame") {
            ClientMessage::Close(frame) => {
                let frame = frame.expect("with a code");
                return (frame.code.into(), frame.reason.as_str().to_owned());
            }
            message => assert!(message.is_text(), "{message:?}"),
        }
    }
}

/// Everything that can be open.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/events", get(events))
        .route("/calls", get(async || ([(CONTENT_TYPE, "application/grpc+proto")], endless())))
        .route("/download", get(async || endless()))
        .route(
            "/compressed",
            get(async || ([(CONTENT_TYPE, "text/event-stream"), (CONTENT_ENCODING, "gzip")], endless())),
        )
        .route("/short", get("short"))
        .route("/chat", any(chat))
        .route("/deaf", any(deaf))
        .route("/forgotten", any(forgotten))
}

/// One event, and then none for ever.
async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::iter([Ok(Event::default().data("hello"))]).chain(stream::pending()))
}

/// One piece, and then none for ever.
fn endless() -> Response {
    let piece = stream::iter([Ok::<_, Infallible>("hello")]).chain(stream::pending());
    Body::from_stream(piece).into_response()
}

/// Says back what it hears.
async fn chat(upgrade: WebSocketUpgrade, mut lease: Lease) -> Response {
    upgrade.read_buffer_size(1024).write_buffer_size(0).on_upgrade(async move |mut socket| {
        if let Err(end) = lease.run(echo(&mut socket)).await {
            close_websocket(socket, end).await;
        }
    })
}

async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Talks without listening, to whoever does not read.
async fn deaf(upgrade: WebSocketUpgrade, mut lease: Lease) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        let talk = async { while socket.send(Message::text("x".repeat(1000))).await.is_ok() {} };
        if let Err(end) = lease.run(talk).await {
            close_websocket(socket, end).await;
        }
    })
}

/// Upgrades, and takes no lease.
async fn forgotten(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| echo(&mut socket).await)
}

/// The next piece of a body, as text; `None` at its end.
pub(crate) async fn piece(response: &mut Response) -> Option<String> {
    let frame = response.body_mut().frame().await?.expect("a body that goes on");
    let data = frame.into_data().expect("data");
    Some(String::from_utf8(data.to_vec()).expect("text"))
}

/// How much of tokio's time passes until this is done.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let start = tokio::time::Instant::now();
    let done = work.await;
    (start.elapsed(), done)
}

/// Whether this is still not done when nothing more happens.
pub(crate) async fn goes_on<T>(work: impl Future<Output = T>) -> bool {
    tokio::time::timeout(10 * LOOK, work).await.is_err()
}
