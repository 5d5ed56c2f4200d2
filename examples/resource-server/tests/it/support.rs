//! Starting the API, and speaking HTTP to it.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// The API, in a process of its own, which ends with this.
pub(crate) struct Api {
    process: Child,
    pub(crate) address: String,
}

impl Api {
    pub(crate) fn start(audience: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_resource-server"))
            .args(["--port", "0", "--audience", audience])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("Listening on http://").expect("its address").to_owned();
        Self { process, address }
    }

    pub(crate) async fn get(&self, path: &str, authorization: Option<&str>) -> (StatusCode, Value) {
        let mut request = Request::get(path);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Empty::<Bytes>::new()).expect("a request");
        read(send(self.address.clone(), request).await.expect("an answer")).await
    }

    pub(crate) async fn present(&self, path: &str, token: &str) -> (StatusCode, Value) {
        self.get(path, Some(&format!("Bearer {token}"))).await
    }
}

/// `POST` of JSON.
pub(crate) async fn post(address: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post(path).header("content-type", "application/json");
    let request = request.body(Full::<Bytes>::from(body.to_string())).expect("a request");
    read(send(address.to_owned(), request).await.expect("an answer")).await
}

async fn read(answer: Response<Incoming>) -> (StatusCode, Value) {
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let value = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
    (status, value)
}

/// Sends a request on a connection of its own.
pub(crate) async fn send<B>(
    address: String,
    mut request: Request<B>,
) -> Result<Response<Incoming>, hyper::Error>
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let stream = TcpStream::connect(&address).await.expect("it listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    request.headers_mut().insert(HOST, HeaderValue::try_from(address).expect("an address"));
    sender.send_request(request).await
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
