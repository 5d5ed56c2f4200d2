//! The smallest HTTP client that will do, on one connection that stays open.

use std::net::SocketAddr;

use bench_harness::Failure;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A connection.
pub(crate) struct Client(BufReader<TcpStream>);

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// `GET` with an access token.
    pub(crate) async fn get(&mut self, path: &str, token: &str) -> Result<Answer, Failure> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"))
            .await
    }

    /// `POST` of JSON.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Answer, Failure> {
        let body = body.to_string();
        let length = body.len();
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    async fn exchange(&mut self, request: &str) -> Result<Answer, Failure> {
        self.0.write_all(request.as_bytes()).await?;
        let status = self.line().await?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or("an answer without a status")?;
        let mut length = 0;
        loop {
            let line = self.line().await?.to_ascii_lowercase();
            match line.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse()?,
                Some(("transfer-encoding", _)) => return Err("an answer of unknown length".into()),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(Answer { status, body })
    }

    async fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.0.read_line(&mut line).await? {
            0 => Err("a connection was closed".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Answer {
    /// The body of a good answer.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        if !(200..300).contains(&self.status) {
            let body = String::from_utf8_lossy(&self.body);
            return Err(format!("answered {}: {body}", self.status).into());
        }
        Ok(if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body)? })
    }
}
