//! Choosing how a key set is kept fresh, and starting.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::{info, warn};

use super::disk::{Confirmed, DiskCopy};
use super::location::Location;
use super::refresher::{Orders, Refresher};
use super::schedule::{Policy, Schedule};
use super::shared::{Held, Progress, Shared};
use super::{Chance, Fetch, Inner, InvalidVerifierName, RemoteJwkSet, document};
use crate::jwt::{Algorithm, Clock, SystemClock};

/// Chooses how a [`RemoteJwkSet`] is kept fresh; what is not chosen has a sound default.
///
/// ```
/// # use countersign::jwks::{Fetch, LocationError, RemoteJwkSet, StartError};
/// # use std::time::Duration;
/// # fn start(fetch: impl Fetch) -> Result<RemoteJwkSet, Box<dyn std::error::Error>> {
/// let keys = RemoteJwkSet::from_issuer("https://login.example.com")?
///     .disk_copy("/var/lib/orders/login-keys.json")
///     .stale_after(Duration::from_secs(6 * 60 * 60))
///     .start_with(fetch)?;
/// # Ok(keys)
/// # }
/// ```
#[must_use]
pub struct RemoteJwkSetBuilder {
    orders: Orders,
    policy: Policy,
    max_wait: Duration,
    disk_copy: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    chance: Chance,
}

/// Why a remote key set did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It was started outside of a tokio runtime, which its task needs.
    #[error("a remote key set must be started within a tokio runtime")]
    NoRuntime,
    /// The HTTP client could not be made: there are no root certificates to be found, for instance.
    #[error("the HTTP client could not be made: {reason}")]
    Client {
        /// What happened.
        reason: String,
    },
}

impl RemoteJwkSetBuilder {
    pub(super) fn new(location: Location) -> Self {
        let orders = Orders {
            location,
            verifier: None,
            fetch_timeout: Duration::from_secs(5),
            max_size: 512 * 1024,
            unbound: vec![Algorithm::EdDsa, Algorithm::Ed25519],
        };
        Self {
            orders,
            policy: Policy::default(),
            max_wait: Duration::from_secs(2),
            disk_copy: None,
            clock: Arc::new(SystemClock),
            chance: Chance::system(),
        }
    }

    /// Says who asks: the key set is fetched with `?verifier=NAME` (metadata is not). A Countersign service whose `keys.verifiers`
    /// has the name lets no new key sign before this verifier has fetched it, or its time is over.
    ///
    /// # Errors
    /// [`InvalidVerifierName`].
    pub fn verifier_name(mut self, name: &str) -> Result<Self, InvalidVerifierName> {
        self.orders.verifier = Some(name.parse()?);
        Ok(self)
    }

    /// Keeps the last good set in this file too (mode 0600), for a start while the issuer is down. None by default.
    ///
    /// The folder must be one in which nobody else may write. Processes that ask the same issuer may share the file.
    pub fn disk_copy(mut self, path: impl Into<PathBuf>) -> Self {
        self.disk_copy = Some(path.into());
        self
    }

    /// How long keys are used after the issuer last confirmed them: 24 hours by default. Then the answer is 503.
    ///
    /// This is how long an outage of the issuer may last before it is noticed here, and how long a key that was
    /// withdrawn is believed by somebody who is kept from asking.
    pub fn stale_after(mut self, stale_after: Duration) -> Self {
        self.policy.stale_after = stale_after;
        self
    }

    /// The bounds within which the issuer says by `Cache-Control: max-age` how long its set is fresh: one minute to one
    /// hour by default. A withdrawn key is refused after the longest at the latest.
    pub fn freshness(mut self, bounds: RangeInclusive<Duration>) -> Self {
        (self.policy.shortest_freshness, self.policy.longest_freshness) = bounds.into_inner();
        self
    }

    /// How long a set is fresh whose issuer does not say: five minutes by default.
    pub fn unsaid_freshness(mut self, freshness: Duration) -> Self {
        self.policy.unsaid_freshness = freshness;
        self
    }

    /// How many fetches tokens with an unknown key id may cause at once, and after how long one more: 3, and 30 seconds,
    /// by default.
    pub fn unknown_key_budget(mut self, burst: u32, interval: Duration) -> Self {
        (self.policy.unknown_burst, self.policy.unknown_interval) = (burst, interval);
        self
    }

    /// How long a request waits for keys where those at hand do not decide: 2 seconds by default. Then the answer is
    /// 503, and the fetch goes on.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// How long a fetch may take, metadata included: 5 seconds by default.
    pub fn fetch_timeout(mut self, fetch_timeout: Duration) -> Self {
        self.orders.fetch_timeout = fetch_timeout;
        self
    }

    /// How many bytes of an answer are read: 512 KiB by default. A larger answer is refused.
    pub fn max_size(mut self, max_size: usize) -> Self {
        self.orders.max_size = max_size;
        self
    }

    /// What keys are bound to that do not say (`alg`): each to those of `algorithms` that it fits. By default an RSA key
    /// is for RS256, and others are for what their curve says; see [`KeySet::from_json_for`].
    ///
    /// [`KeySet::from_json_for`]: crate::jwt::KeySet::from_json_for
    pub fn bind_keys_without_alg(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.orders.unbound = algorithms.into_iter().collect();
        self
    }

    /// Goes by this clock: the one of the [`JwtStrategy`](crate::JwtStrategy) that uses the keys.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Spreads fetches by this source of chance, which gives numbers from 0 to 1: for tests that foresee it.
    pub fn chance(mut self, chance: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.chance = Chance::from(chance);
        self
    }

    /// Reads the copy on disk, if there is one, and starts to fetch, by HTTP/1.1 with reqwest and rustls.
    ///
    /// The root certificates are those of the operating system; on Linux the variables `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name others.
    ///
    /// # Errors
    /// [`StartError`].
    #[cfg(feature = "jwks-reqwest")]
    pub fn start(self) -> Result<RemoteJwkSet, StartError> {
        let fetch = match super::ReqwestFetch::new() {
            // A machine without root certificates can still ask an issuer on itself.
            Err(_) if self.orders.location.is_plain() => super::ReqwestFetch::without_roots()?,
            made => made?,
        };
        self.start_with(fetch)
    }

    /// Reads the copy on disk, if there is one, and starts to fetch with this client.
    ///
    /// It does not wait for the issuer: until its first answer is there, requests wait for it, or find the keys of the
    /// copy.
    ///
    /// # Errors
    /// [`StartError::NoRuntime`].
    pub fn start_with(self, fetch: impl Fetch) -> Result<RemoteJwkSet, StartError> {
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let disk_copy = self
            .disk_copy
            .as_ref()
            .map(|path| DiskCopy::new(path.clone(), self.orders.location.to_string(), self.orders.max_size));
        let mut schedule = Schedule::new(self.policy.clone());
        let held = self.restore(disk_copy.as_ref(), &mut schedule).unwrap_or_else(Held::nothing);
        let shared = Arc::new(Shared::new(held, schedule));
        let (progress, progressed) = watch::channel(Progress::default());
        let (stop, stopped) = watch::channel(false);
        let location = self.orders.location.to_string();
        let refresher = Refresher {
            fetch,
            orders: self.orders,
            shared: Arc::clone(&shared),
            clock: Arc::clone(&self.clock),
            chance: self.chance,
            disk_copy,
            progress,
            stop: stopped,
        };
        runtime.spawn(refresher.run());
        let inner = Inner {
            shared,
            progress: progressed,
            stop,
            clock: self.clock,
            max_wait: self.max_wait,
            location,
        };
        Ok(RemoteJwkSet { inner: Arc::new(inner) })
    }

    /// The keys of the copy on disk, if they can be used.
    fn restore(&self, copy: Option<&DiskCopy>, schedule: &mut Schedule) -> Option<Held> {
        let location = &self.orders.location;
        let Confirmed { key_set, at } = match copy?.read(self.clock.now(), self.policy.stale_after) {
            Ok(confirmed) => confirmed?,
            Err(reason) => {
                warn!(%location, %reason, "the copy of the key set on disk is not used");
                return None;
            }
        };
        let keys = document::keys(&key_set, &self.orders.unbound)
            .inspect_err(|reason| warn!(%location, %reason, "the copy of the key set on disk is not used"))
            .ok()?;
        info!(%location, keys = keys.len(), confirmed_at = at.as_secs(), "the key set was read from disk");
        schedule.restore(at);
        Some(Held::new(keys, &key_set, schedule.good_until(at)))
    }
}

impl fmt::Debug for RemoteJwkSetBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJwkSetBuilder")
            .field("orders", &self.orders)
            .field("policy", &self.policy)
            .field("max_wait", &self.max_wait)
            .field("disk_copy", &self.disk_copy)
            .finish_non_exhaustive()
    }
}
