//! The smallest client that will do: it writes a request and reads what comes.

use bench_harness::Failure;
use countersign::jwt::{Clock, NumericDate, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;

use crate::server::{Kind, PATIENCE, Server};

/// What every last word of a stream holds.
const LAST: &[u8] = b"token_expired";

/// A stream that is open, and when it has to end.
pub(crate) struct Opened {
    connection: DuplexStream,
    due: NumericDate,
}

impl Opened {
    /// Opens a stream, and waits until it is.
    pub(crate) async fn open(server: &Server, due: NumericDate) -> Result<Self, Failure> {
        let (mut connection, theirs) = tokio::io::duplex(1024);
        server.serve(theirs);
        let token = server.token(due, SystemClock.now())?;
        let (path, upgrade) = match server.kind {
            Kind::Events => ("/events", ""),
            Kind::WebSocket => (
                "/socket",
                "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            ),
        };
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{upgrade}Authorization: Bearer {token}\r\n\r\n");
        connection.write_all(request.as_bytes()).await?;
        let opened = match server.kind {
            Kind::Events => &b"hello"[..],
            Kind::WebSocket => b" 101 ",
        };
        timeout(PATIENCE, read_to(&mut connection, opened)).await??;
        Ok(Self { connection, due })
    }

    /// Waits for the end: when it had to come, and when it came.
    pub(crate) async fn ended(mut self) -> Result<(NumericDate, NumericDate), Failure> {
        read_to(&mut self.connection, LAST).await?;
        Ok((self.due, SystemClock.now()))
    }
}

/// Reads until this has come.
async fn read_to(connection: &mut DuplexStream, wanted: &[u8]) -> Result<(), Failure> {
    let mut read = Vec::new();
    while !read.windows(wanted.len()).any(|window| window == wanted) {
        let mut piece = [0; 256];
        match connection.read(&mut piece).await? {
            0 => return Err("a stream ended without a word".into()),
            length => read.extend_from_slice(&piece[..length]),
        }
    }
    Ok(())
}
