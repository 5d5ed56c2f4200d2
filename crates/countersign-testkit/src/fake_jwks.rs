//! The key set of an issuer elsewhere, with faults to order.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use countersign::jwks::{Fetch, FetchError};
use countersign_jwt::KeySet;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode, Uri};
use tokio::sync::watch;

/// The key set of an issuer elsewhere, for a [`RemoteJwkSet`](countersign::RemoteJwkSet) to fetch: it answers as the
/// test tells it to, without a network.
///
/// ```
/// use countersign::{Guard, JwtStrategy, RemoteJwkSet};
/// use countersign_testkit::{FakeJwks, Fault, TestIssuer};
/// use serde_json::Value;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let issuer = TestIssuer::new();
/// let fake = FakeJwks::new(&issuer.keys());
/// let keys = RemoteJwkSet::from_url(FakeJwks::URL)?.clock(issuer.clock()).start_with(fake.clone())?;
/// let guard = Guard::required(JwtStrategy::<Value, _>::new(issuer.verifier(), keys.clone()).clock(issuer.clock()));
/// # let _ = guard;
///
/// keys.refresh().await?;
/// assert_eq!(keys.status().keys, 2);
///
/// // The issuer goes down, and its keys stay.
/// fake.fail(Fault::Down);
/// assert_eq!(keys.refresh().await.unwrap_err().code(), "issuer_unreachable");
/// assert_eq!(keys.status().keys, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Clones are one and the same. A test can wait for a fetch to begin ([`fetched`](Self::fetched)), so that it need not
/// sleep.
#[derive(Clone, Debug)]
pub struct FakeJwks {
    state: watch::Sender<State>,
    asked: watch::Sender<Vec<String>>,
}

/// What is wrong with a [`FakeJwks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nobody answers the connection.
    Down,
    /// The answer does not come until the fault is gone.
    Slow,
    /// Everything is answered with this status and no body.
    Status(StatusCode),
    /// Everything is answered with a redirect to another place.
    Redirect,
    /// The key set is a page of HTML.
    Garbage,
    /// The key set has no keys.
    Empty,
    /// The key set is one byte larger than what is asked for, and is sent all the same.
    TooLarge,
}

#[derive(Clone, Debug)]
struct State {
    documents: BTreeMap<String, String>,
    cache_control: Option<HeaderValue>,
    fault: Option<Fault>,
}

impl FakeJwks {
    /// Where the key set is, whatever query stands behind it. Everywhere else there is nothing (404) unless [`document`](Self::document) puts something.
    pub const URL: &'static str = "https://issuer.test/.well-known/jwks.json";

    /// Publishes these keys, which are in good health.
    #[must_use]
    pub fn new(keys: &KeySet) -> Self {
        let state = State { documents: BTreeMap::new(), cache_control: None, fault: None };
        let fake = Self { state: watch::Sender::new(state), asked: watch::Sender::new(Vec::new()) };
        fake.publish(keys);
        fake
    }

    /// Publishes these keys from now on, and no others.
    ///
    /// # Panics
    /// Never: keys can be written as JSON.
    #[expect(clippy::expect_used, reason = "keys can be written as JSON")]
    pub fn publish(&self, keys: &KeySet) {
        let text = serde_json::to_string(&keys.to_jwk_set()).expect("keys can be written as JSON");
        self.document(Self::URL, text);
    }

    /// Puts this text at this URL, that of the key set or another: the metadata of the issuer, for instance.
    pub fn document(&self, url: &str, text: impl Into<String>) {
        let text = text.into();
        self.state.send_modify(|state| {
            state.documents.insert(url.to_owned(), text);
        });
    }

    /// Says from now on for how long its answers are fresh; it does not say so at first.
    pub fn max_age(&self, max_age: Duration) {
        let value = HeaderValue::from_str(&format!("max-age={}", max_age.as_secs())).ok();
        self.state.send_modify(|state| state.cache_control = value);
    }

    /// Has this fault from now on, and no other.
    pub fn fail(&self, fault: Fault) {
        self.state.send_modify(|state| state.fault = Some(fault));
    }

    /// Is in good health again; answers that were held back are given.
    pub fn recover(&self) {
        self.state.send_modify(|state| state.fault = None);
    }

    /// The URLs that were asked for, in this order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// How often the key set was asked for.
    #[must_use]
    pub fn fetches(&self) -> usize {
        fetches(&self.asked.borrow())
    }

    /// Waits until the key set was asked for this often in all, whether it was answered or not.
    pub async fn fetched(&self, times: usize) {
        // There is always a sender: `self`.
        let _ = self.asked.subscribe().wait_for(|asked| fetches(asked) >= times).await;
    }
}

fn fetches(asked: &[String]) -> usize {
    asked.iter().filter(|url| place(url) == FakeJwks::URL).count()
}

/// A URL without its query.
fn place(url: &str) -> &str {
    url.split_once('?').map_or(url, |(place, _)| place)
}

impl Fetch for FakeJwks {
    async fn get(&self, url: &Uri, limit: usize) -> Result<Response<Bytes>, FetchError> {
        self.asked.send_modify(|asked| asked.push(url.to_string()));
        let mut states = self.state.subscribe();
        let answering = states.wait_for(|state| state.fault != Some(Fault::Slow)).await;
        let Ok(state) = answering.map(|state| state.clone()) else {
            return Err(FetchError::Unreachable { reason: "the test is over".to_owned() });
        };
        state.answer(&url.to_string(), limit)
    }
}

impl State {
    fn answer(self, url: &str, limit: usize) -> Result<Response<Bytes>, FetchError> {
        let unreachable = FetchError::Unreachable { reason: "connection refused".to_owned() };
        let faulty = match self.fault {
            Some(Fault::Down | Fault::Slow) => return Err(unreachable),
            Some(Fault::Status(status)) => return Ok(empty(status)),
            Some(Fault::Redirect) => {
                let mut response = empty(StatusCode::FOUND);
                response
                    .headers_mut()
                    .insert(LOCATION, HeaderValue::from_static("https://elsewhere.test/jwks.json"));
                return Ok(response);
            }
            _ if place(url) != FakeJwks::URL => None,
            Some(Fault::Garbage) => Some("<!doctype html><title>Welcome</title>".to_owned()),
            Some(Fault::Empty) => Some(r#"{"keys":[]}"#.to_owned()),
            Some(Fault::TooLarge) => Some(" ".repeat(limit + 1)),
            None => None,
        };
        let Some(text) = faulty.as_ref().or_else(|| self.documents.get(place(url))) else {
            return Ok(empty(StatusCode::NOT_FOUND));
        };
        let mut response = Response::new(Bytes::from(text.clone()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(value) = self.cache_control {
            response.headers_mut().insert(CACHE_CONTROL, value);
        }
        Ok(response)
    }
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
