//! What an issuer elsewhere revokes, with faults to order.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use countersign::jwks::FetchError;
use countersign::revocation::{Chunks, Connect, Entry, Feed, Message, Reader, Revocations, Snapshot};
use countersign_jwt::{Clock, Signer, SigningKey};
use http::{Response, StatusCode, Uri};
use tokio::sync::watch;

/// How often the feed says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// What an issuer elsewhere revokes, for a [`RemoteRevocations`](countersign::revocation::RemoteRevocations) to read: it answers
/// as the test tells it to, without a network.
///
/// ```
/// use countersign::revocation::{Entry, RemoteRevocations};
/// use countersign_testkit::{FakeRevocations, TestIssuer};
/// use countersign::jwt::Clock;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let issuer = TestIssuer::new();
/// let fake = FakeRevocations::new(issuer.name(), issuer.signing_key(), issuer.clock());
/// fake.revoke(Entry::user("ada", issuer.clock().now()));
///
/// let builder = RemoteRevocations::from_url(FakeRevocations::URL, issuer.name())?.clock(issuer.clock());
/// let revocations = builder.start_with(fake.clone(), issuer.keys())?;
/// fake.connected(1).await;
/// assert_eq!(revocations.view().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Clones are one and the same.
#[derive(Clone)]
pub struct FakeRevocations {
    shared: Arc<Shared>,
}

struct Shared {
    source: Mutex<Source>,
    signer: Signer,
    clock: Arc<dyn Clock>,
    health: watch::Sender<Health>,
    snapshots: watch::Sender<usize>,
    connections: watch::Sender<usize>,
}

/// What is wrong, and how often it was started anew.
#[derive(Clone, Copy, Default)]
struct Health {
    fault: Option<FeedFault>,
    restarts: usize,
}

/// The process that revokes, which may be started anew.
struct Source {
    view: Revocations,
    feed: Feed,
}

/// What is wrong with a [`FakeRevocations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedFault {
    /// Nobody answers, and connections that are open break.
    Down,
    /// Connections stay open, and nothing comes any more.
    Silent,
    /// What comes is a page of HTML.
    Garbage,
    /// Everything is answered with this status.
    Status(StatusCode),
    /// Entries are left out, and heartbeats come.
    Gap,
}

impl FakeRevocations {
    /// Where its snapshot is; its feed is behind that.
    pub const URL: &'static str = "https://issuer.test/auth/revocations";

    /// Nothing is revoked yet, by this issuer, which signs with this key.
    #[must_use]
    pub fn new(issuer: &str, key: &SigningKey, clock: impl Clock + 'static) -> Self {
        let shared = Shared {
            source: Mutex::new(Source::start(0)),
            signer: Snapshot::signer(key.clone(), issuer),
            clock: Arc::new(clock),
            health: watch::Sender::new(Health::default()),
            snapshots: watch::Sender::new(0),
            connections: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Revokes.
    pub fn revoke(&self, entry: Entry) {
        let now = self.shared.clock.now();
        self.with(|source| drop(source.view.merge([entry], now)));
    }

    /// Starts anew, with another feed and all that was revoked: who was connected has to connect again.
    pub fn restart(&self) {
        let now = self.shared.clock.now();
        self.with(|source| {
            let entries = source.view.entries(now);
            self.shared.health.send_modify(|health| health.restarts += 1);
            *source = Source::start(self.shared.health.borrow().restarts);
            source.view.merge(entries, now);
        });
    }

    /// Has this fault from now on, and no other.
    pub fn fail(&self, fault: FeedFault) {
        self.shared.health.send_modify(|health| health.fault = Some(fault));
    }

    /// Is in good health again.
    pub fn recover(&self) {
        self.shared.health.send_modify(|health| health.fault = None);
    }

    /// How many snapshots were given.
    #[must_use]
    pub fn snapshots(&self) -> usize {
        *self.shared.snapshots.borrow()
    }

    /// Waits until the feed was connected to this often in all.
    pub async fn connected(&self, times: usize) {
        // There is always a sender: `self`.
        let _ = self.shared.connections.subscribe().wait_for(|connections| *connections >= times).await;
    }

    fn with<T>(&self, act: impl FnOnce(&mut Source) -> T) -> T {
        act(&mut self.shared.source.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Source {
    fn start(starts: usize) -> Self {
        let view = Revocations::in_process(Duration::from_secs(16 * 60));
        let feed = Feed::new(&view, format!("start-{starts}"));
        Self { view, feed }
    }
}

impl Connect for FakeRevocations {
    type Body = FakeBody;

    async fn get(&self, url: &Uri, last_event_id: Option<&str>) -> Result<Response<FakeBody>, FetchError> {
        let shared = &self.shared;
        let health = shared.health.subscribe();
        let Health { fault: state, restarts } = *health.borrow();
        let answer = |pieces: Vec<Bytes>, reader| FakeBody {
            pieces: pieces.into(),
            reader,
            health: health.clone(),
            restarts,
        };
        match state {
            Some(FeedFault::Down) => return Err(refused()),
            Some(FeedFault::Status(status)) => {
                let mut response = Response::new(answer(Vec::new(), None));
                *response.status_mut() = status;
                return Ok(response);
            }
            _ => {}
        }
        if url.path().ends_with("/feed") {
            let cursor = last_event_id.and_then(|id| id.parse().ok());
            let reader =
                self.with(|source| source.feed.read(cursor.as_ref(), HEARTBEAT, Arc::clone(&shared.clock)));
            shared.connections.send_modify(|connections| *connections += 1);
            return Ok(Response::new(answer(Vec::new(), Some(reader))));
        }
        shared.snapshots.send_modify(|snapshots| *snapshots += 1);
        let now = shared.clock.now();
        let snapshot = match state {
            Some(FeedFault::Garbage) => "<!doctype html>".to_owned(),
            _ => self.with(|source| source.feed.snapshot(now)).sign(&shared.signer, now).unwrap_or_default(),
        };
        Ok(Response::new(answer(vec![Bytes::from(snapshot)], None)))
    }
}

fn refused() -> FetchError {
    FetchError::Unreachable { reason: "connection refused".to_owned() }
}

/// What a [`FakeRevocations`] answers.
pub struct FakeBody {
    pieces: VecDeque<Bytes>,
    reader: Option<Reader>,
    health: watch::Receiver<Health>,
    restarts: usize,
}

impl Chunks for FakeBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            let Health { fault, restarts } = *self.health.borrow_and_update();
            if fault == Some(FeedFault::Down) || restarts != self.restarts {
                return Err(refused());
            }
            if let Some(piece) = self.pieces.pop_front() {
                return Ok(Some(piece));
            }
            let Some(reader) = &mut self.reader else { return Ok(None) };
            match fault {
                Some(FeedFault::Garbage) => return Ok(Some(Bytes::from_static(b"<!doctype html>\n"))),
                Some(FeedFault::Silent) => drop(self.health.changed().await),
                _ => tokio::select! {
                    biased;
                    _ = self.health.changed() => {}
                    event = reader.next() => {
                        let left_out = fault == Some(FeedFault::Gap) && matches!(event.message, Message::Revoked(_));
                        self.pieces.extend((!left_out).then(|| Bytes::from(event.to_string())));
                    }
                },
            }
        }
    }
}

impl fmt::Debug for FakeRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeRevocations")
            .field("fault", &self.shared.health.borrow().fault)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FakeBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeBody").finish_non_exhaustive()
    }
}
