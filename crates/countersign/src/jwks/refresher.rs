//! The task that fetches: one at a time, when the schedule says so.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{debug, error, info, warn};

use super::disk::{Confirmed, DiskCopy};
use super::location::{HttpUrl, Issuer, Location};
use super::schedule::Next;
use super::shared::{Held, Progress, Shared};
use super::{Chance, Fetch, RefreshError, VerifierName, document};
use crate::jwt::{Algorithm, Clock, NumericDate};

/// The task looks at its clock at least this often: that of the system may have been set, and a machine that sleeps
/// does not count the time.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Where and how to fetch.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    pub(super) location: Location,
    pub(super) verifier: Option<VerifierName>,
    pub(super) fetch_timeout: Duration,
    pub(super) max_size: usize,
    pub(super) unbound: Vec<Algorithm>,
}

pub(super) struct Refresher<F> {
    pub(super) fetch: F,
    pub(super) orders: Orders,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Chance,
    pub(super) disk_copy: Option<DiskCopy>,
    pub(super) progress: watch::Sender<Progress>,
    /// True, or gone, when the task is to end.
    pub(super) stop: watch::Receiver<bool>,
}

/// A key set as it was published.
struct Published {
    text: String,
    fresh: Option<Duration>,
}

impl<F: Fetch> Refresher<F> {
    /// Fetches whenever it is time, until told to stop.
    pub(super) async fn run(self) {
        while self.turn().await.is_some() {}
        debug!(location = %self.orders.location, "the key set is closed");
    }

    /// One fetch, or one rest; `None` when told to stop meanwhile.
    async fn turn(&self) -> Option<()> {
        let next = self.shared.schedule().next(self.clock.now());
        match next {
            Next::Rest(time) => self.unless_stopped(self.rest(time)).await,
            Next::Fetch => {
                let published = self.unless_stopped(self.fetch()).await?;
                self.settle(published).await;
                Some(())
            }
        }
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut stop = self.stop.clone();
        let stopped = async { drop(stop.wait_for(|stop| *stop).await) };
        tokio::select! {
            biased;
            () = stopped => None,
            done = work => Some(done),
        }
    }

    async fn rest(&self, time: Duration) {
        tokio::select! {
            () = sleep(time.min(LONGEST_REST)) => {}
            () = self.shared.asked() => {}
        }
    }

    async fn fetch(&self) -> Result<Published, RefreshError> {
        let limit = self.orders.fetch_timeout;
        timeout(limit, self.published()).await.unwrap_or(Err(RefreshError::TimedOut))
    }

    async fn published(&self) -> Result<Published, RefreshError> {
        let url = match &self.orders.location {
            Location::KeySet(url) => url,
            Location::Issuer(issuer) => &self.discover(issuer).await?,
        };
        let response = self.get(&url.asked_by(self.orders.verifier.as_ref())).await?;
        let text = document::text(&response, self.orders.max_size)?.to_owned();
        Ok(Published { text, fresh: document::freshness(response.headers()) })
    }

    /// The URL of the key set. It is asked for anew each time: an issuer may move its keys.
    async fn discover(&self, issuer: &Issuer) -> Result<HttpUrl, RefreshError> {
        match self.metadata(issuer, &issuer.oauth).await {
            Err(first) if first.is_absence() => {
                let second = self.metadata(issuer, &issuer.openid).await;
                second.map_err(|second| if second.is_absence() { first } else { second })
            }
            found => found,
        }
    }

    async fn metadata(&self, issuer: &Issuer, url: &HttpUrl) -> Result<HttpUrl, RefreshError> {
        let response = self.get(url).await?;
        document::key_set_url(document::text(&response, self.orders.max_size)?, issuer)
    }

    async fn get(&self, url: &HttpUrl) -> Result<Response<Bytes>, RefreshError> {
        let limit = self.orders.max_size;
        self.fetch.get(url.as_uri(), limit).await.map_err(|error| match error {
            super::FetchError::TooLarge => RefreshError::TooLarge { limit },
            other => RefreshError::Fetch(other),
        })
    }

    /// Draws the conclusions of a fetch, in this order: the keys, the schedule, those who wait, the disk.
    async fn settle(&self, published: Result<Published, RefreshError>) {
        let now = self.clock.now();
        let outcome = published.and_then(|published| {
            let held = self.hold(&published.text, now)?;
            Ok((published, held))
        });
        let chance = self.chance.fraction();
        match outcome {
            Ok((published, held)) => {
                self.shared.hold(held);
                self.shared.schedule().succeed(now, published.fresh, chance);
                self.tell(None);
                self.keep(Confirmed { key_set: published.text, at: now }).await;
            }
            Err(failure) => {
                self.shared.schedule().fail(now, chance);
                self.report(&failure, now);
                self.tell(Some(failure));
            }
        }
    }

    /// The keys of this text; those at hand if it is the same text, which remember the headers they have met.
    fn hold(&self, text: &str, now: NumericDate) -> Result<Held, RefreshError> {
        let good_until = self.shared.schedule().good_until(now);
        let held = self.shared.held();
        if let Some(held) = held.confirmed_again(text, good_until) {
            return Ok(held);
        }
        let keys = document::keys(text, &self.orders.unbound)?;
        info!(location = %self.orders.location, keys = keys.len(), "a new key set was read");
        Ok(Held::new(keys, text, good_until))
    }

    fn tell(&self, failure: Option<RefreshError>) {
        let finished = self.shared.schedule().finished();
        self.progress.send_replace(Progress { finished, failure });
    }

    fn report(&self, failure: &RefreshError, now: NumericDate) {
        let (failures, has_keys) = {
            let schedule = self.shared.schedule();
            (schedule.failures(), schedule.has_keys(now))
        };
        let (location, code) = (&self.orders.location, failure.code());
        if has_keys {
            warn!(%location, code, failures, %failure, "the key set was not refreshed; the last one is used on");
        } else {
            error!(%location, code, failures, %failure, "there is no key set; requests are answered 503");
        }
    }

    async fn keep(&self, confirmed: Confirmed) {
        let Some(copy) = self.disk_copy.clone() else { return };
        let written = tokio::task::spawn_blocking(move || copy.write(confirmed)).await;
        if let Err(error) = written.unwrap_or_else(|panic| Err(std::io::Error::other(panic))) {
            warn!(location = %self.orders.location, %error, "the key set could not be written to disk");
        }
    }
}
