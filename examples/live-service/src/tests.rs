//! The service by the real clock, and under attack.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri};
use countersign::jwt::{NumericDate, Unverified};
use countersign_testkit::TestIssuer;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::*;

/// When a stream had to end, and when it did.
type Ends = (NumericDate, NumericDate);

#[tokio::test]
async fn an_attack_on_what_can_be_called_and_on_what_can_be_opened_finds_nothing() {
    let issuer = TestIssuer::new();
    let battery = issuer.battery(&issuer.token("ada"));
    for path in ["/me", "/events"] {
        let app = app(issuer.verifier(), issuer.keys(), issuer.clock());
        let report = battery.attack(app, Method::GET, Uri::from_static(path)).await;
        report.assert_all_refused();
        report.assert_codes();
    }
}

/// The service on this machine, and a signer whose tokens are good for this long.
async fn started(lifetime: Duration) -> (SocketAddr, Signer) {
    let key = SigningKey::generate(Algorithm::Es256).expect("a key");
    let keys = KeySet::from(key.verifying_key());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = app(Verifier::new("live", "live"), keys, SystemClock);
    tokio::spawn(axum::serve(listener, app).into_future());
    (address, Signer::new(key, "live", "live", lifetime))
}

fn expires_at(token: &str) -> NumericDate {
    #[derive(serde::Deserialize)]
    struct Expiry {
        exp: NumericDate,
    }
    let unverified = Unverified::decode(token).expect("a token");
    unverified.claims::<Expiry>().expect("an expiry").exp
}

async fn watch_events(address: SocketAddr, token: String) -> Ends {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    let request = Request::get("/events").header("host", "live.test");
    let request = request.header("authorization", format!("Bearer {token}")).body(Empty::<Bytes>::new());
    let response = sender.send_request(request.expect("a request")).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let events = response.into_body().collect().await.expect("a stream that ends well").to_bytes();
    let ended = SystemClock.now();
    assert!(events.ends_with(b"event: end\ndata: token_expired\n\n"), "{events:?}");
    (expires_at(&token), ended)
}

async fn watch_socket(address: SocketAddr, token: String) -> Ends {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let mut request = format!("ws://{address}/chat").into_client_request().expect("a request");
    let offered = HeaderValue::try_from(format!("chat, access_token, {token}")).expect("ASCII");
    request.headers_mut().insert("sec-websocket-protocol", offered);
    let (mut socket, answer) = tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket");
    assert_eq!(answer.headers()["sec-websocket-protocol"], "chat", "never the token");
    let Some(Ok(Message::Close(Some(frame)))) = socket.next().await else { unreachable!("a Close frame") };
    let ended = SystemClock.now();
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (3000, "token_expired"));
    (expires_at(&token), ended)
}

/// The longest time for which this process did nothing at all, measured until it is asked for: a machine that is busy with
/// other things, or asleep, makes everything late.
struct Standstill {
    longest: Arc<Mutex<Duration>>,
}

impl Standstill {
    const BEAT: Duration = Duration::from_millis(20);

    fn measure() -> Self {
        let longest = Arc::<Mutex<Duration>>::default();
        let noted = Arc::clone(&longest);
        tokio::spawn(async move {
            let mut beats = tokio::time::interval(Self::BEAT);
            let mut last = SystemClock.now();
            loop {
                beats.tick().await;
                let now = SystemClock.now();
                let still = now.since(last).saturating_sub(Self::BEAT);
                let mut longest = noted.lock().expect("not poisoned");
                *longest = still.max(*longest);
                last = now;
            }
        });
        Self { longest }
    }

    fn longest(&self) -> Duration {
        *self.longest.lock().expect("not poisoned")
    }
}

#[tokio::test]
async fn streams_end_within_a_second_of_their_token_by_the_real_clock() {
    let standstill = Standstill::measure();
    let mut streams = JoinSet::new();
    for tenths in 0..20 {
        let (address, signer) = started(Duration::from_millis(1_000 + 100 * tenths)).await;
        for _ in 0..5 {
            let token = || signer.sign(&Claims::new(()).subject("ada"), SystemClock.now()).expect("a token");
            streams.spawn(watch_events(address, token()));
            streams.spawn(watch_socket(address, token()));
        }
    }
    let ends = streams.join_all().await;
    let patience = Duration::from_secs(1) + standstill.longest();
    for (due, ended) in ends {
        assert!(ended >= due, "{ended} is before {due}");
        assert!(ended.since(due) <= patience, "{ended} is too long after {due}");
    }
}
