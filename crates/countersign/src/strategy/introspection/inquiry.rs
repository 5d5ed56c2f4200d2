//! What is known about a token, and what is asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use http::Request;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ask::{Asking, Introspect};
use super::flights::{Flights, Key};
use super::{Introspected, NAME};
use crate::cache::Table;
use crate::decision::Step;
use crate::jwt::{Audiences, Clock, Issuers, NumericDate, SystemClock, VerifyError};
use crate::strategy::{AuthError, Denial, Outage};

/// All that leads from a token to what its issuer says about it. Clones share the answers and the questions.
pub(super) struct Inquiry<C, H> {
    endpoint: Arc<Endpoint<C, H>>,
    places: Places,
    remember_for: Duration,
    clock: Arc<dyn Clock>,
}

/// Who is asked, what is expected of the answer, and what was asked lately.
struct Endpoint<C, H> {
    asking: Asking<H>,
    issuers: Issuers,
    audiences: Audiences,
    remembered: Table<Entry<C>>,
    flights: Arc<Flights<Outcome<C>>>,
}

/// What all are told who ask about one token at the same time.
type Outcome<C> = Result<Arc<Introspected<C>>, AuthError>;

/// A token that was active.
struct Entry<C> {
    token: Key,
    introspected: Arc<Introspected<C>>,
    until: NumericDate,
}

/// How many questions may be open at once.
#[derive(Clone)]
struct Places {
    at_most: usize,
    free: Arc<Semaphore>,
}

/// The longest token that is asked about, in characters.
const MAX_TOKEN_LENGTH: usize = 4 * 1024;
/// How many active tokens are remembered.
const REMEMBERED: usize = 4 * 1024;
/// How many questions may be open at once, if not said otherwise.
const MAX_OPEN: usize = 64;
/// By how much our clock and the issuer's may be apart.
const LEEWAY: Duration = Duration::from_secs(60);

impl<C, H> Inquiry<C, H> {
    pub(super) fn new(asking: Asking<H>, issuers: Issuers, audiences: Audiences) -> Self {
        let remembered = Table::new(REMEMBERED);
        let endpoint = Endpoint { asking, issuers, audiences, remembered, flights: Arc::default() };
        Self {
            endpoint: Arc::new(endpoint),
            places: Places::new(MAX_OPEN),
            remember_for: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
        }
    }

    pub(super) fn remember_for(&mut self, at_most: Duration) {
        self.remember_for = at_most;
    }

    pub(super) fn max_open_questions(&mut self, at_most: usize) {
        self.places = Places::new(at_most);
    }

    pub(super) fn clock(&mut self, clock: impl Clock + 'static) {
        self.clock = Arc::new(clock);
    }
}

impl<C, H> Inquiry<C, H>
where
    C: DeserializeOwned + Send + Sync + 'static,
    H: Introspect,
{
    /// What the issuer says about this token, or said lately, if it is active and for us.
    pub(super) async fn about(&self, token: &str) -> Result<Arc<Introspected<C>>, AuthError> {
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(VerifyError::TooLong { limit: MAX_TOKEN_LENGTH }.into());
        }
        let (key, now) = (key(token), self.clock.now());
        if let Some(known) = self.recall(key, now) {
            return Ok(known);
        }
        let begin = || self.begin(token, key, now);
        match self.endpoint.flights.join_or_begin(key, now, self.remember_for, begin) {
            Ok(flight) => flight.outcome().await.unwrap_or_else(|| {
                Err(AuthError::bug("the question about the token ended without an outcome: it panicked"))
            }),
            Err(outcome) => outcome,
        }
    }

    /// What was said about it, if that still counts.
    fn recall(&self, key: Key, now: NumericDate) -> Option<Arc<Introspected<C>>> {
        let is_it = |entry: &Entry<C>| entry.token == key && now < entry.until;
        self.endpoint.remembered.find(hash(key), is_it, |entry| Arc::clone(&entry.introspected))
    }

    /// A new question, if it is needed and there is a place for it.
    fn begin(
        &self,
        token: &str,
        key: Key,
        now: NumericDate,
    ) -> Result<impl Future<Output = Outcome<C>> + use<C, H>, Outcome<C>> {
        // An answer that has come since it was looked for.
        if let Some(known) = self.recall(key, now) {
            return Err(Ok(known));
        }
        let place = self.places.take().map_err(Err)?;
        let (inquiry, question) = (self.clone(), self.endpoint.asking.question(token));
        Ok(async move {
            let _place = place;
            inquiry.ask(question, key, now).await
        })
    }

    /// Asks, and remembers an answer that is good. It counts from the moment of the question: what is revoked while the answer
    /// is under way must not pass for longer than what is revoked afterwards.
    async fn ask(&self, question: Request<Bytes>, key: Key, asked_at: NumericDate) -> Outcome<C> {
        let asked = || Step::new(NAME, "asked the introspection endpoint");
        let introspected = match self.endpoint.asking.ask(question).await {
            Ok(Some(introspected)) => Arc::new(introspected),
            Ok(None) => return Err(inactive().after([asked()])),
            Err(error) => return Err(error.after([asked()])),
        };
        // The answer may have taken its time.
        let now = self.clock.now();
        self.check(&introspected, now).map_err(|error| AuthError::from(error).after([asked()]))?;
        let longest = asked_at + self.remember_for;
        let until = introspected.expires_at().map_or(longest, |expires_at| expires_at.min(longest));
        if now < until {
            let entry = Entry { token: key, introspected: Arc::clone(&introspected), until };
            self.endpoint.remembered.put(hash(key), entry, |entry| entry.until <= now);
        }
        Ok(introspected)
    }

    /// Whether the answer is about a token for us, and for now.
    fn check(&self, introspected: &Introspected<C>, now: NumericDate) -> Result<(), VerifyError> {
        self.endpoint.issuers.accept(introspected.issuer())?;
        self.endpoint.audiences.accept(introspected.audience())?;
        if introspected.expires_at().is_some_and(|expires_at| now >= expires_at + LEEWAY) {
            return Err(VerifyError::Expired);
        }
        if introspected.not_before().is_some_and(|not_before| not_before > now + LEEWAY) {
            return Err(VerifyError::NotYetValid);
        }
        Ok(())
    }
}

impl Places {
    fn new(at_most: usize) -> Self {
        let at_most = at_most.clamp(1, Semaphore::MAX_PERMITS);
        Self { at_most, free: Arc::new(Semaphore::new(at_most)) }
    }

    fn take(&self) -> Result<OwnedSemaphorePermit, AuthError> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| {
            let reason = format!("as many questions about tokens are open as may be ({})", self.at_most);
            Outage::new("introspection_busy", reason).retry_after(Duration::from_secs(1)).into()
        })
    }
}

fn inactive() -> AuthError {
    Denial::new("token_inactive", "the issuer says that the token is not active")
        .detail("The token is not active.")
        .into()
}

/// The SHA-256 of a token.
fn key(token: &str) -> Key {
    let mut key = Key::default();
    let sha256 = digest::digest(&digest::SHA256, token.as_bytes());
    // Both have 32 bytes.
    key.iter_mut().zip(sha256.as_ref()).for_each(|(byte, its)| *byte = *its);
    key
}

/// Where in the table a key leads: its first 8 bytes are as good a hash as any.
fn hash(key: Key) -> u64 {
    key.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

impl<C, H> Clone for Inquiry<C, H> {
    fn clone(&self) -> Self {
        Self {
            endpoint: Arc::clone(&self.endpoint),
            places: self.places.clone(),
            remember_for: self.remember_for,
            clock: Arc::clone(&self.clock),
        }
    }
}

impl<C, H> fmt::Debug for Inquiry<C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquiry")
            .field("endpoint", &self.endpoint.asking)
            .field("max_open_questions", &self.places.at_most)
            .field("remember_for", &self.remember_for)
            .finish_non_exhaustive()
    }
}
