//! Leases as axum's handlers take them, and the end of its WebSockets.

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;

use super::Lease;
use crate::passage::Passage;

impl<S: Send + Sync> FromRequestParts<S> for Lease {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Response> {
        let extensions = &head.extensions;
        Self::from_extensions(extensions).map_err(|error| error.refuse(extensions.get::<Passage>()))
    }
}

#[cfg(feature = "ws")]
pub use websocket::close_websocket;

#[cfg(feature = "ws")]
mod websocket {
    use std::time::Duration;

    use axum::extract::ws::{CloseFrame, Message, WebSocket};
    use tokio::time::timeout;

    use crate::live::End;

    /// How long a client has to take the Close frame and to answer it.
    const GRACE: Duration = Duration::from_secs(1);

    /// Closes a WebSocket whose lease has ended: with [`End::close_code`] and the [code](End::code) as the reason.
    ///
    /// The client has a second to answer (RFC 6455 §7.1.1); what it sends meanwhile is not read by anybody. Then the
    /// connection is dropped.
    ///
    /// ```
    /// use axum::extract::ws::{WebSocket, WebSocketUpgrade};
    /// use axum::response::Response;
    /// use countersign::live::{Lease, close_websocket};
    ///
    /// async fn chat(upgrade: WebSocketUpgrade, mut lease: Lease) -> Response {
    ///     upgrade.protocols(["chat"]).on_upgrade(async move |mut socket| {
    ///         if let Err(end) = lease.run(echo(&mut socket)).await {
    ///             close_websocket(socket, end).await;
    ///         }
    ///     })
    /// }
    ///
    /// async fn echo(socket: &mut WebSocket) {
    ///     while let Some(Ok(message)) = socket.recv().await {
    ///         if socket.send(message).await.is_err() {
    ///             return;
    ///         }
    ///     }
    /// }
    /// # let _: axum::Router = axum::Router::new().route("/chat", axum::routing::any(chat));
    /// ```
    pub async fn close_websocket(mut socket: WebSocket, end: End) {
        let frame = CloseFrame { code: end.close_code(), reason: end.code().into() };
        let handshake = async {
            let mut open = socket.send(Message::Close(Some(frame))).await.is_ok();
            while open {
                open = matches!(socket.recv().await, Some(Ok(_)));
            }
        };
        // Who does not answer in time is not waited for.
        let _ = timeout(GRACE, handshake).await;
    }
}
