//! Keys that an issuer publishes: fetched ahead of time, kept through its outages, read without a lock.
//!
//! A [`RemoteJwkSet`] is a source of keys like any other:
//!
//! ```
//! use countersign::jwks::{Fetch, RemoteJwkSet};
//! use countersign::jwt::{AccessTokenClaims, Verifier};
//! use countersign::{Guard, JwtStrategy};
//!
//! # fn guard(fetch: impl Fetch) -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = "https://login.example.com";
//! let keys = RemoteJwkSet::from_issuer(issuer)?.start_with(fetch)?; // `.start()` with the feature `jwks-reqwest`
//! let verifier = Verifier::access_tokens(issuer, "https://api.example.com");
//! let guard = Guard::required(JwtStrategy::<AccessTokenClaims, _>::new(verifier, keys));
//! # let _ = guard;
//! # Ok(())
//! # }
//! ```
//!
//! One task fetches, one fetch at a time. A request whose token names a key at hand never waits and takes no lock. Only
//! where no key at hand decides (none yet, none any more, or none by that id) does it wait for the next fetch, if the
//! rules allow one: at most [two seconds](RemoteJwkSetBuilder::max_wait), and once.
//!
//! What happens when an issuer is down, slow or wrong stands as a table in the guide, `docs/guide/key-sets.md`.

mod budget;
mod builder;
mod chance;
mod disk;
mod document;
mod error;
mod fetch;
mod location;
mod refresher;
#[cfg(feature = "jwks-reqwest")]
mod reqwest;
mod schedule;
mod shared;
mod verifier_name;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::Guard;
use tokio::sync::watch;
use tokio::time::timeout;

pub use builder::{RemoteJwkSetBuilder, StartError};
pub(crate) use chance::Chance;
pub use error::RefreshError;
pub use fetch::{Fetch, FetchError};
pub(crate) use location::HttpUrl;
use location::Location;
pub use location::LocationError;
#[cfg(feature = "jwks-reqwest")]
pub use reqwest::ReqwestFetch;
use schedule::Help;
use shared::{Held, Progress, Shared};
pub use verifier_name::{InvalidVerifierName, VerifierName};

use crate::jwt::{Clock, KeySet, KeySource, KeysUnavailable, NumericDate, Renewal, RenewalFailed};

/// When to ask again, where nothing better is known.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The key set of an issuer elsewhere, kept fresh by a task in the background.
///
/// Clones share one set and its task, which ends with the last of them or by [`close`](Self::close).
#[derive(Clone)]
pub struct RemoteJwkSet {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    progress: watch::Receiver<Progress>,
    stop: watch::Sender<bool>,
    clock: Arc<dyn Clock>,
    max_wait: Duration,
    location: String,
}

/// How a [`RemoteJwkSet`] fares, for a page of health.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySetStatus {
    /// How many keys can be used; none if they are stale.
    pub keys: usize,
    /// When the issuer last confirmed them.
    pub confirmed_at: Option<NumericDate>,
    /// How many fetches have ended, well or not.
    pub fetches: u64,
    /// Why the last fetch failed, if it did.
    pub failure: Option<RefreshError>,
}

/// The keys of a [`RemoteJwkSet`] at one moment.
pub struct Snapshot(Guard<Arc<Held>>);

impl RemoteJwkSet {
    /// The set at this URL: `https`, or `http` on loopback.
    ///
    /// # Errors
    /// [`LocationError`].
    pub fn from_url(url: &str) -> Result<RemoteJwkSetBuilder, LocationError> {
        Location::key_set(url).map(RemoteJwkSetBuilder::new)
    }

    /// The set of this issuer, where its metadata says: `/.well-known/oauth-authorization-server` (RFC 8414 §3), or if there
    /// is none `/.well-known/openid-configuration` (OpenID Connect Discovery §4).
    ///
    /// `issuer` is the `iss` of its tokens. The metadata must name the very same (RFC 8414 §3.3). It is read anew with every
    /// refresh, so the issuer may move its keys.
    ///
    /// # Errors
    /// [`LocationError`].
    pub fn from_issuer(issuer: &str) -> Result<RemoteJwkSetBuilder, LocationError> {
        Location::issuer(issuer).map(RemoteJwkSetBuilder::new)
    }

    /// Fetches now, whatever the schedule and the budgets say, or joins the fetch under way: for an operator's button.
    ///
    /// # Errors
    /// [`RefreshError`]; the keys at hand stay.
    pub async fn refresh(&self) -> Result<(), RefreshError> {
        let mut progress = self.inner.progress.clone();
        let help = self.inner.shared.schedule().demand();
        self.inner.shared.ask();
        let Help::Await(number) = help else { return Ok(()) };
        let progress = progress.wait_for(|progress| progress.finished >= number).await;
        match progress {
            Ok(progress) => progress.failure.clone().map_or(Ok(()), Err),
            Err(_) => Err(RefreshError::Closed),
        }
    }

    /// How the set fares now.
    #[must_use]
    pub fn status(&self) -> KeySetStatus {
        let Progress { finished, failure } = self.inner.progress.borrow().clone();
        let keys = self.snapshot(self.inner.clock.now()).map_or(0, |keys| keys.len());
        let confirmed_at = self.inner.shared.schedule().confirmed_at();
        KeySetStatus { keys, confirmed_at, fetches: finished, failure }
    }

    /// Ends the task and waits until it has ended. The keys at hand are used on until they are stale.
    pub async fn close(&self) {
        self.inner.stop.send_replace(true);
        let mut progress = self.inner.progress.clone();
        while progress.changed().await.is_ok() {}
    }
}

impl Inner {
    /// Waits for the fetch of this number, but not for long.
    async fn wait(&self, number: u64) -> Result<(), RenewalFailed> {
        let mut progress = self.progress.clone();
        let finished = progress.wait_for(|progress| progress.finished >= number);
        let good = match timeout(self.max_wait, finished).await {
            Ok(Ok(progress)) => progress.failure.is_none(),
            Ok(Err(_)) | Err(_) => false,
        };
        if good {
            return Ok(());
        }
        let retry_after = self.shared.schedule().backing_off(self.clock.now()).unwrap_or(RETRY_AFTER);
        Err(RenewalFailed { retry_after })
    }
}

impl KeySource for RemoteJwkSet {
    type Snapshot<'a> = Snapshot;

    fn snapshot(&self, now: NumericDate) -> Result<Snapshot, KeysUnavailable> {
        let held = self.inner.shared.held();
        if now < held.good_until { Ok(Snapshot(held)) } else { Err(KeysUnavailable) }
    }

    fn renew(&self, now: NumericDate) -> Option<Renewal<'_>> {
        let help = self.inner.shared.schedule().help(now);
        match help {
            Help::Settled => None,
            Help::Later(retry_after) => {
                Some(Box::pin(std::future::ready(Err(RenewalFailed { retry_after }))))
            }
            Help::Await(number) => {
                self.inner.shared.ask();
                Some(Box::pin(self.inner.wait(number)))
            }
        }
    }
}

impl Deref for Snapshot {
    type Target = KeySet;

    fn deref(&self) -> &KeySet {
        &self.0.keys
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Snapshot").field(&self.0.keys).finish()
    }
}

impl fmt::Debug for RemoteJwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJwkSet").field("location", &self.inner.location).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

/// The snippets of the guide.
#[cfg(all(doctest, feature = "axum", feature = "jwks-reqwest"))]
#[doc = include_str!("../../../docs/guide/key-sets.md")]
struct Guide;
