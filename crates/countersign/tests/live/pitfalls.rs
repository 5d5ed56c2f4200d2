//! What goes wrong elsewhere with streams, each by its name.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::StatusCode;
use tokio_tungstenite::tungstenite::Message;

use crate::common::{LIFETIME, LOOK, World, closed, connect, goes_on, timed};

#[tokio::test(start_paused = true)]
async fn the_guard_of_the_other_routes_guards_the_websocket_too() {
    let world = World::new();
    let late = world.token(Duration::from_secs(1));
    world.clock.advance(LIFETIME);
    for bad in ["x", "x.y.z", &late] {
        let refused = connect(world.app(), "/chat", bad).await;
        assert_eq!(refused.err(), Some(StatusCode::UNAUTHORIZED), "{bad}");
    }
    assert!(world.connect("/chat", LIFETIME).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_websocket_does_not_outlive_its_token() {
    let world = World::new();
    let mut socket = world.connect("/chat", LIFETIME).await.expect("a WebSocket");
    socket.send(Message::text("hello")).await.expect("a server that listens");
    world.clock.advance(LIFETIME - Duration::from_millis(1));
    assert!(goes_on(closed(&mut socket)).await);

    world.clock.advance(Duration::from_millis(1));
    let (waited, end) = timed(closed(&mut socket)).await;
    assert_eq!(end, (3000, "token_expired".to_owned()));
    assert!(waited <= LOOK, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn the_websocket_does_not_outlive_its_token_by_being_busy() {
    let world = World::new();
    // The server sends on and on, and waits for a client that does not read.
    let socket = world.connect("/deaf", LIFETIME).await.expect("a WebSocket");
    assert!(goes_on(std::future::pending::<()>()).await);
    assert_eq!(world.live.open(), 1);
    world.clock.advance(LIFETIME);
    assert!(goes_on(std::future::pending::<()>()).await);
    assert_eq!(world.live.open(), 0);
    let unread = socket.take_while(|message| std::future::ready(message.is_ok())).take(1000).count().await;
    assert!(unread < 1000, "the server goes on");
}

#[tokio::test(start_paused = true)]
async fn a_websocket_that_takes_no_lease_is_not_opened() {
    let world = World::new();
    let refused = world.connect("/forgotten", LIFETIME).await;
    assert_eq!(refused.err(), Some(StatusCode::INTERNAL_SERVER_ERROR));
}

#[tokio::test(start_paused = true)]
async fn the_websocket_does_not_outlive_the_revocation_of_its_token() {
    let (world, revoked) = World::revocable();
    let mut socket = world.connect("/chat", LIFETIME).await.expect("a WebSocket");
    assert!(goes_on(closed(&mut socket)).await);
    revoked.store(true, Ordering::Relaxed);
    let (waited, end) = timed(closed(&mut socket)).await;
    assert_eq!(end, (3000, "token_revoked".to_owned()));
    assert!(waited <= LOOK, "{waited:?}");
}
