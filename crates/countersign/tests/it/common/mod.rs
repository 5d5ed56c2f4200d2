//! A strategy that does as it is told, answers that can be snapshotted, and a log that can be read.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::sync::Once;

use axum::Router;
use axum::body::Body;
use countersign::{AuthError, Authentication, Denial, Outage, Rejection, Strategy};
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// A kind of identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User(pub(crate) String);

/// Does what the header `x-token` says: `user <name>` is that user, other words are ways to fail, none is nothing.
pub(crate) struct Told;

impl Strategy for Told {
    type Identity = User;

    fn name(&self) -> &'static str {
        "told"
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<User>, AuthError> {
        // Comes back once, as a strategy does that asks something else.
        tokio::task::yield_now().await;
        let token = head.headers.get("x-token").ok_or(AuthError::NoCredentials)?;
        let token = token.to_str().expect("tests send ASCII");
        if let Some(name) = token.strip_prefix("user ") {
            return Ok(Authentication::new(self.name(), User(name.to_owned())));
        }
        Err(match token {
            "bad" => {
                Denial::new("token_bad", "it is bad through and through").detail("The token is bad.").into()
            }
            "poor" => Denial::insufficient_scope("has read, needs write").scope("orders:write").into(),
            "outage" => Outage::new("keys_unavailable", "the issuer does not answer").into(),
            "throttled" => {
                let delay = std::time::Duration::from_millis(1500);
                Rejection::too_many_requests("attempts_too_many", "Too many attempts.", delay).into()
            }
            "nonsense" => Rejection::bad_request("request_bad", "The request makes no sense.").into(),
            _ => AuthError::bug("an unknown word"),
        })
    }
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

/// A request whose `x-token` tells [`Told`] what to do.
pub(crate) fn told(path: &str, token: &str) -> Request<Body> {
    Request::get(path).header("x-token", token).body(Body::empty()).expect("a request")
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The stable code in the body.
    pub(crate) fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_str(&self.body).expect("a problem");
        problem["code"].as_str().expect("a code").to_owned()
    }

    /// The one challenge of this answer.
    pub(crate) fn challenge(&self) -> &str {
        let mut challenges = self.headers.get_all("www-authenticate").iter();
        let challenge = challenges.next().expect("a challenge");
        assert!(challenges.next().is_none(), "more than one challenge");
        challenge.to_str().expect("a challenge is ASCII")
    }
}

impl fmt::Display for Answer {
    /// As on the wire, without what axum adds of itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)?;
        let mut lines: Vec<_> = self.headers.iter().filter(|(name, _)| *name != "content-length").collect();
        lines.sort_by_key(|(name, _)| name.as_str());
        for (name, value) in lines {
            writeln!(f, "{name}: {}", value.to_str().expect("ASCII"))?;
        }
        write!(f, "\n{}", self.body)
    }
}

/// Sends one request to an application.
pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    Log::install();
    let response = app.clone().oneshot(request).await.expect("axum answers");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("text");
    Answer { status: head.status, headers: head.headers, body }
}

/// All that is logged on this thread while it lives, at every level, as JSON lines.
///
/// One subscriber serves all tests and gives each thread its own lines. A subscriber for each test would miss events:
/// whether an event is of interest is decided once for all threads, by whichever comes first.
pub(crate) struct Log;

thread_local! {
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

impl Log {
    /// Begins to write down what this thread logs.
    pub(crate) fn start() -> Self {
        Self::install();
        LINES.set(Some(Vec::new()));
        Self
    }

    /// Must come before the first event of the process.
    pub(crate) fn install() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let subscriber =
                tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE).without_time();
            subscriber.with_writer(|| ThreadLines).init();
        });
    }

    pub(crate) fn read(&self) -> String {
        let lines = LINES.with_borrow(|lines| lines.clone().expect("started on this thread"));
        String::from_utf8(lines).expect("text")
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

struct ThreadLines;

impl io::Write for ThreadLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.extend_from_slice(line)));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
