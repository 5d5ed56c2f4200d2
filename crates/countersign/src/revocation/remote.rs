//! The view of a verifier in another process: fed by its issuer, over HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use countersign_jwt::{Clock, KeySource, NumericDate, SystemClock, Verifier, VerifyError};
use http::{Response, StatusCode};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::follower::{Follower, Step};
use super::sse::Events;
use super::view::WeakRevocations;
use super::wire::{Malformed, Snapshot};
use super::{Chunks, Connect, Entry, Revocations};
use crate::jwks::{
    Chance, FetchError, HttpUrl, InvalidVerifierName, LocationError, StartError, VerifierName,
};

/// The wait after the first failure; it doubles with each further one, and up to half of it is left to chance.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
/// The wait after many failures: short beside what a strict guard bears
/// ([`Staleness::fail_closed`](super::Staleness::fail_closed)), since that refuses until the issuer was reached again.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// Until the issuer has said for how long: nothing is forgotten in this time.
const UNTOLD: Duration = Duration::from_secs(24 * 60 * 60);

/// What an issuer elsewhere has revoked, kept up to date by a task in the background.
///
/// It fetches a signed snapshot, follows the feed from there on, and starts again from a snapshot whenever it may have missed
/// something. Its [`view`](Self::view) is for a [`JwtStrategy`](crate::JwtStrategy::revocation):
///
/// ```
/// use countersign::jwt::{AccessTokenClaims, KeySource, Verifier};
/// use countersign::revocation::{Connect, RemoteRevocations, Staleness};
/// use countersign::{JwtStrategy, RemoteJwkSet};
///
/// # fn strategy(keys: RemoteJwkSet, connect: impl Connect) -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = "https://login.example";
/// let revocations = RemoteRevocations::from_issuer(issuer)?.start_with(connect, keys.clone())?;
/// let verifier = Verifier::access_tokens(issuer, "https://api.example");
/// let strategy = JwtStrategy::<AccessTokenClaims, _>::new(verifier, keys)
///     .revocation(revocations.view(), Staleness::fail_closed());
/// # let _ = strategy;
/// # Ok(())
/// # }
/// ```
///
/// Clones share one view and its task, which ends with the last that uses the view.
#[derive(Clone)]
pub struct RemoteRevocations {
    view: Revocations,
    progress: watch::Receiver<FeedStatus>,
}

/// How a [`RemoteRevocations`] fares, for a page of health.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedStatus {
    /// Snapshots that were taken in since the start.
    pub snapshots: u64,
    /// Connections to the feed that have ended since the start.
    pub disconnections: u64,
    /// Why it is not connected, if it is not.
    pub failure: Option<FeedError>,
}

/// Why revocations cannot be read. Those that are known stay, and the view grows older.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// There was no answer, or the connection broke.
    #[error("the issuer {0}")]
    Fetch(#[from] FetchError),
    /// The answer has another status than 200.
    #[error("the issuer answered {0}")]
    Status(StatusCode),
    /// Nothing came for longer than the feed is ever silent.
    #[error("the issuer was silent for too long")]
    Silent,
    /// The feed was ended.
    #[error("the issuer ended the feed")]
    Ended,
    /// The feed says something that is no event.
    #[error("the issuer's feed is {0}")]
    Malformed(#[from] Malformed),
    /// The snapshot is not one that this issuer has signed.
    #[error("the snapshot is not accepted: {0}")]
    Snapshot(#[from] VerifyError),
    /// The snapshot is not text, or larger than is read.
    #[error("the snapshot is larger than is read, or no text")]
    NotASnapshot,
}

impl FeedError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "issuer_unreachable",
            Self::Status(_) => "issuer_status",
            Self::Silent => "feed_silent",
            Self::Ended => "feed_ended",
            Self::Malformed(_) => "feed_malformed",
            Self::Snapshot(_) => "snapshot_refused",
            Self::NotASnapshot => "snapshot_unreadable",
        }
    }
}

/// Chooses how revocations are read; what is not chosen has a sound default.
#[must_use]
pub struct RemoteRevocationsBuilder {
    issuer: String,
    snapshot: HttpUrl,
    feed: HttpUrl,
    verifier: Option<VerifierName>,
    silence: Duration,
    max_size: usize,
    clock: Arc<dyn Clock>,
    chance: Chance,
}

impl RemoteRevocations {
    /// What this issuer revokes, where the Countersign service tells it: at `/auth/revocations` behind its name.
    ///
    /// # Errors
    /// [`LocationError`].
    pub fn from_issuer(issuer: &str) -> Result<RemoteRevocationsBuilder, LocationError> {
        Self::from_url(&format!("{}/auth/revocations", issuer.trim_end_matches('/')), issuer)
    }

    /// What `issuer`, the `iss` of its tokens, revokes, as told at this URL; the feed is at `feed` behind it.
    ///
    /// # Errors
    /// [`LocationError`].
    pub fn from_url(url: &str, issuer: &str) -> Result<RemoteRevocationsBuilder, LocationError> {
        Ok(RemoteRevocationsBuilder {
            issuer: issuer.to_owned(),
            snapshot: HttpUrl::parse(url)?,
            feed: HttpUrl::parse(&format!("{url}/feed"))?,
            verifier: None,
            silence: Duration::from_secs(7),
            max_size: 32 * 1024 * 1024,
            clock: Arc::new(SystemClock),
            chance: Chance::system(),
        })
    }

    /// What was revoked, as far as it is known here.
    #[must_use]
    pub fn view(&self) -> &Revocations {
        &self.view
    }

    /// How it fares now.
    #[must_use]
    pub fn status(&self) -> FeedStatus {
        self.progress.borrow().clone()
    }
}

impl RemoteRevocationsBuilder {
    /// Says who reads: the feed is asked for with `?verifier=NAME`. `countersign revocation status` then tells how old the view of
    /// this verifier is, as far as its issuer can know.
    ///
    /// # Errors
    /// [`InvalidVerifierName`].
    pub fn verifier_name(mut self, name: &str) -> Result<Self, InvalidVerifierName> {
        self.verifier = Some(name.parse()?);
        Ok(self)
    }

    /// How long the feed may be silent before it counts as broken: 7 seconds by default. The service says something every
    /// 2 seconds.
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// How many bytes of a snapshot are read: 32 MiB by default.
    pub fn max_size(mut self, max_size: usize) -> Self {
        self.max_size = max_size;
        self
    }

    /// Goes by this clock: the one of the strategy that uses the view.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Spreads attempts by this source of chance, which gives numbers from 0 to 1: for tests that foresee it.
    pub fn chance(mut self, chance: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.chance = Chance::from(chance);
        self
    }

    /// Starts to read with this client. Snapshots are verified with `keys`, the ones of the issuer's tokens.
    ///
    /// It does not wait for the issuer: until its first answer is there, the view is unconfirmed.
    ///
    /// # Errors
    /// [`StartError::NoRuntime`].
    pub fn start_with(
        self,
        connect: impl Connect,
        keys: impl KeySource + 'static,
    ) -> Result<RemoteRevocations, StartError> {
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let view = Revocations::fed(UNTOLD, self.clock.now());
        let (progress, progressed) = watch::channel(FeedStatus::default());
        let mut unused = view.unused();
        let mut task = Task {
            verifier: Snapshot::verifier(&self.issuer, self.max_size),
            orders: self,
            connect,
            keys,
            view: view.downgrade(),
            follower: Follower::default(),
            failures: 0,
            resyncs: 0,
            progress,
        };
        runtime.spawn(async move {
            tokio::select! {
                biased;
                _ = unused.changed() => {}
                () = task.run() => {}
            }
        });
        Ok(RemoteRevocations { view, progress: progressed })
    }
}

/// The task that reads.
struct Task<C, K> {
    orders: RemoteRevocationsBuilder,
    verifier: Verifier,
    connect: C,
    keys: K,
    view: WeakRevocations,
    follower: Follower,
    /// Since the last confirmation.
    failures: u32,
    /// Since the last confirmation.
    resyncs: u32,
    progress: watch::Sender<FeedStatus>,
}

impl<C: Connect, K: KeySource> Task<C, K> {
    async fn run(&mut self) {
        loop {
            let Err(failure) = self.follow().await else { continue };
            let (issuer, code) = (&self.orders.issuer, failure.code());
            tracing::warn!(issuer, code, failures = self.failures, %failure, "revocations are not read");
            self.progress.send_modify(|status| {
                status.disconnections += 1;
                status.failure = Some(failure);
            });
            let doubled = backoff(self.failures);
            self.failures = self.failures.saturating_add(1);
            let chance = self.orders.chance.fraction().clamp(0.0, 1.0);
            sleep(doubled.mul_f64(0.5 + 0.5 * chance)).await;
        }
    }

    /// Reads until the snapshot is needed (again), or something goes wrong.
    async fn follow(&mut self) -> Result<(), FeedError> {
        if self.follower.place().is_none() {
            self.take_snapshot().await?;
        }
        let place = self.follower.place().map(ToString::to_string);
        let url = self.orders.feed.asked_by(self.orders.verifier.as_ref());
        let opening = self.connect.get(url.as_uri(), place.as_deref());
        let mut body = good(timeout(self.orders.silence, opening).await.map_err(|_| FeedError::Silent)??)?;
        let mut events = Events::default();
        loop {
            let chunk = timeout(self.orders.silence, body.chunk()).await.map_err(|_| FeedError::Silent)??;
            for event in events.push(&chunk.ok_or(FeedError::Ended)?)? {
                match self.follower.receive(event) {
                    Step::Merge(entry) => self.merge([entry]),
                    Step::Confirm(as_of) => {
                        self.confirm(as_of);
                        self.succeed();
                    }
                    Step::Nothing => {}
                    Step::Resync(entry) => {
                        self.merge(entry);
                        return self.pause_before_resync().await;
                    }
                }
            }
        }
    }

    /// A feed that is always somewhere else must not be asked for snapshots without pause: all but the first wait.
    async fn pause_before_resync(&mut self) -> Result<(), FeedError> {
        if self.resyncs > 0 {
            sleep(backoff(self.resyncs)).await;
        }
        self.resyncs = self.resyncs.saturating_add(1);
        Ok(())
    }

    async fn take_snapshot(&mut self) -> Result<(), FeedError> {
        let reading = self.read_snapshot();
        let token = timeout(self.orders.silence, reading).await.map_err(|_| FeedError::Silent)??;
        let now = self.orders.clock.now();
        let keys_may_be_newer =
            |error: &VerifyError| matches!(error, VerifyError::UnknownKey | VerifyError::KeysUnavailable);
        let snapshot = match Snapshot::verify(&token, &self.verifier, &self.keys, now) {
            Err(error) if keys_may_be_newer(&error) => {
                let renewal = self.keys.renew(now).ok_or(error)?;
                renewal.await.map_err(|_| VerifyError::KeysUnavailable)?;
                Snapshot::verify(&token, &self.verifier, &self.keys, self.orders.clock.now())?
            }
            verdict => verdict?,
        };
        if let Some(view) = self.view.upgrade() {
            view.remember_for(snapshot.remembered);
        }
        self.merge(snapshot.entries);
        if let Some(as_of) = snapshot.as_of {
            self.confirm(as_of);
        }
        self.follower.start_at(snapshot.cursor);
        self.progress.send_modify(|status| status.snapshots += 1);
        Ok(())
    }

    async fn read_snapshot(&self) -> Result<String, FeedError> {
        let mut body = good(self.connect.get(self.orders.snapshot.as_uri(), None).await?)?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = body.chunk().await? {
            if chunk.len() > self.orders.max_size - bytes.len() {
                return Err(FeedError::NotASnapshot);
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes.into()).map_err(|_| FeedError::NotASnapshot)
    }

    fn merge(&self, entries: impl IntoIterator<Item = Entry>) {
        if let Some(view) = self.view.upgrade() {
            view.merge(entries, self.orders.clock.now());
        }
    }

    fn confirm(&self, as_of: NumericDate) {
        if let Some(view) = self.view.upgrade() {
            view.confirm(as_of, self.orders.clock.now());
        }
    }

    fn succeed(&mut self) {
        (self.failures, self.resyncs) = (0, 0);
        self.progress.send_if_modified(|status| status.failure.take().is_some());
    }
}

fn backoff(times: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << times.min(16)).min(LONGEST_BACKOFF)
}

fn good<B>(response: Response<B>) -> Result<B, FeedError> {
    match response.status() {
        StatusCode::OK => Ok(response.into_body()),
        status => Err(FeedError::Status(status)),
    }
}

impl fmt::Debug for RemoteRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteRevocations").field("view", &self.view).finish_non_exhaustive()
    }
}

impl fmt::Debug for RemoteRevocationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteRevocationsBuilder")
            .field("issuer", &self.issuer)
            .field("silence", &self.silence)
            .finish_non_exhaustive()
    }
}
