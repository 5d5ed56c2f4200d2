//! A WebSocket and server-sent events that end with the token that opened them.
//!
//! `cargo run -p live-service` prints a token that is good for half a minute, and how to watch it end.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::{any, get};
use countersign::cache::TokenCache;
use countersign::jwt::{
    Algorithm, Claims, Clock, KeySet, KeySource, Signer, SigningKey, SystemClock, Verified, Verifier,
};
use countersign::live::{Lease, LiveGuard, close_websocket};
use countersign::{Authenticated, ExtractJwt, Guard, JwtStrategy};
use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::net::TcpListener;

type Token = Verified<Value>;

async fn me(token: Authenticated<Token>) -> String {
    token.subject().unwrap_or_default().to_owned()
}

/// A tick a second. It need not know of the token: the live guard ends it.
async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::unfold(tokio::time::interval(Duration::from_secs(1)), async |mut interval| {
        interval.tick().await;
        Some((Ok(Event::default().data("tick")), interval))
    }))
}

/// Says back what it hears, for as long as the lease lasts.
async fn chat(upgrade: WebSocketUpgrade, mut lease: Lease) -> Response {
    upgrade.protocols(["chat"]).on_upgrade(async move |mut socket| {
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

fn app(verifier: Verifier, keys: impl KeySource + 'static, clock: impl Clock + Clone + 'static) -> Router {
    // A page in a browser cannot set headers for a WebSocket: `new WebSocket(url, ["chat", "access_token", token])`.
    let places = ExtractJwt::first_of([ExtractJwt::bearer(), ExtractJwt::ws_subprotocol("access_token")]);
    let strategy = JwtStrategy::<Value, _>::new(verifier, keys).extract(places).clock(clock.clone());
    Router::new()
        .route("/me", get(me))
        .route("/events", get(events))
        .route("/chat", any(chat))
        .layer(LiveGuard::new().clock(clock))
        .layer(Guard::required(strategy.cache(TokenCache::new(10_000))))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example tells how to try it")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let key = SigningKey::generate(Algorithm::Es256)?;
    let keys = KeySet::from(key.verifying_key());
    let signer = Signer::new(key, "live-service", "live-service", Duration::from_secs(30));
    let token = signer.sign(&Claims::new(()).subject("ada"), SystemClock.now())?;
    let app = app(Verifier::new("live-service", "live-service"), keys, SystemClock);
    let listener = TcpListener::bind("127.0.0.1:3004").await?;
    println!("Half a minute, in another terminal or in the console of a browser:\n");
    println!("  curl -N http://127.0.0.1:3004/events -H 'Authorization: Bearer {token}'\n");
    println!("  socket = new WebSocket('ws://127.0.0.1:3004/chat', ['chat', 'access_token', '{token}'])");
    println!("  socket.onclose = end => console.log(end.code, end.reason)");
    Ok(axum::serve(listener, app).await?)
}

#[cfg(test)]
mod tests;
