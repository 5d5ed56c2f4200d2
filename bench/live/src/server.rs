//! What is served: streams of one kind, with a live guard or without.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::{any, get};
use bench_harness::Failure;
use countersign::jwt::{Algorithm, Claims, KeySet, NumericDate, Signer, SigningKey, Verified, Verifier};
use countersign::live::{Lease, LiveGuard, close_websocket};
use countersign::{Guard, JwtStrategy};
use futures_util::{Stream, StreamExt, stream};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::io::DuplexStream;

/// What kind of stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Events,
    WebSocket,
}

/// What may end it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Watched {
    /// Nothing: what a stream costs by itself.
    Not,
    Expiry,
    /// Expiry, or a check that looks at the subject of every token twice a second.
    Revocation,
}

/// An application and whoever signs tokens for it.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    app: Router,
    key: SigningKey,
}

impl Server {
    pub(crate) fn new(kind: Kind, watched: Watched) -> Result<Self, Failure> {
        let key = SigningKey::from_secret(Algorithm::Hs256, &[7; 32])?;
        let keys = KeySet::from(key.verifying_key());
        let guard = Guard::required(JwtStrategy::<Value, _>::new(Verifier::new("bench", "bench"), keys));
        let routes = Router::new().route("/events", get(events));
        let app = match watched {
            Watched::Not => routes.route("/socket", any(unwatched)).layer(guard),
            _ => routes.route("/socket", any(socket)).layer(live(watched)).layer(guard),
        };
        Ok(Self { kind, app, key })
    }

    /// A token that expires then.
    pub(crate) fn token(&self, due: NumericDate, now: NumericDate) -> Result<String, Failure> {
        // A signer writes `iat` in whole seconds and reckons from there.
        let now = NumericDate::from_secs(now.as_secs());
        let signer = Signer::new(self.key.clone(), "bench", "bench", due.since(now));
        Ok(signer.sign(&Claims::new(()).subject("ada"), now)?)
    }

    /// Serves one connection.
    pub(crate) fn serve(&self, connection: DuplexStream) {
        let service = TowerToHyperService::new(self.app.clone());
        let mut server = http1::Builder::new();
        let connection = server.max_buf_size(8 * 1024).serve_connection(TokioIo::new(connection), service);
        tokio::spawn(connection.with_upgrades());
    }
}

fn live(watched: Watched) -> LiveGuard {
    match watched {
        Watched::Revocation => {
            LiveGuard::new().revoked(|token: &Verified<Value>| token.subject() == Some("eve"))
        }
        _ => LiveGuard::new(),
    }
}

async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::iter([Ok(Event::default().data("hello"))]).chain(stream::pending()))
}

async fn socket(upgrade: WebSocketUpgrade, mut lease: Lease) -> Response {
    small(upgrade).on_upgrade(async move |mut socket| {
        if let Err(end) = lease.run(echo(&mut socket)).await {
            close_websocket(socket, end).await;
        }
    })
}

async fn unwatched(upgrade: WebSocketUpgrade) -> Response {
    small(upgrade).on_upgrade(async |mut socket| echo(&mut socket).await)
}

/// Ten thousand of the usual buffers, 128 KiB each, would be all that is seen.
fn small(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.read_buffer_size(1024).write_buffer_size(0)
}

async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Long enough for a server that is at work, and no longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
