//! Work that is done once for all who want it at the same time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tracing::Instrument;

use crate::jwt::NumericDate;

/// What a flight is about: the SHA-256 of a token.
pub(super) type Key = [u8; 32];

/// The work that is under way, by what it is about.
///
/// Each is done by a task of its own: whoever began it may leave, and it goes on for those who wait. How many there may be at once
/// is for those to say who begin them.
pub(super) struct Flights<O> {
    under_way: Mutex<HashMap<Key, Flight<O>>>,
}

struct Flight<O> {
    began: NumericDate,
    outcome: Landing<O>,
}

/// The outcome of a flight, once it has one. It never will if the task has panicked.
#[derive(Clone)]
pub(super) struct Landing<O>(watch::Receiver<Option<O>>);

impl<O> Default for Flights<O> {
    fn default() -> Self {
        Self { under_way: Mutex::default() }
    }
}

impl<O: Clone + Send + Sync + 'static> Flights<O> {
    /// The flight for `key` that began less than `joinable_for` ago, or else a new one. `begin` gives its work, or the outcome
    /// where there is one without any; meanwhile nobody else begins or joins one.
    pub(super) fn join_or_begin<W>(
        self: &Arc<Self>,
        key: Key,
        now: NumericDate,
        joinable_for: Duration,
        begin: impl FnOnce() -> Result<W, O>,
    ) -> Result<Landing<O>, O>
    where
        W: Future<Output = O> + Send + 'static,
    {
        let mut under_way = self.lock();
        if let Some(flight) = under_way.get(&key).filter(|flight| now < flight.began + joinable_for) {
            return Ok(flight.outcome.clone());
        }
        let work = begin()?;
        let (tell, outcome) = watch::channel(None);
        let outcome = Landing(outcome);
        under_way.insert(key, Flight { began: now, outcome: outcome.clone() });
        let entry = Entry { flights: Arc::clone(self), key, outcome: outcome.clone() };
        // Should the task be dropped at once, the entry takes the lock.
        drop(under_way);
        let task = async move {
            let outcome = work.await;
            // Before it is told: a failure is for those who waited, and for nobody after them.
            drop(entry);
            tell.send_replace(Some(outcome));
        };
        tokio::spawn(task.in_current_span());
        Ok(outcome)
    }
}

impl<O> Flights<O> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Flight<O>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<O: Clone> Landing<O> {
    /// Waits for the outcome; `None` if there will be none.
    pub(super) async fn outcome(mut self) -> Option<O> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

/// Takes a flight out when it has ended, however it ended.
struct Entry<O> {
    flights: Arc<Flights<O>>,
    key: Key,
    outcome: Landing<O>,
}

impl<O> Drop for Entry<O> {
    fn drop(&mut self) {
        let mut under_way = self.flights.lock();
        // A later one, which was not joined to this one for its age, stays.
        if under_way.get(&self.key).is_some_and(|flight| flight.outcome.0.same_channel(&self.outcome.0)) {
            under_way.remove(&self.key);
        }
    }
}

impl<O> fmt::Debug for Flights<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("under_way", &self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::future;

    use super::*;

    const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);
    const SECOND: Duration = Duration::from_secs(1);
    const KEY: Key = [7; 32];

    fn flying<W>(flights: &Arc<Flights<u32>>, now: NumericDate, work: W) -> Landing<u32>
    where
        W: Future<Output = u32> + Send + 'static,
    {
        let begin = || Ok::<_, u32>(work);
        flights.join_or_begin(KEY, now, SECOND, begin).unwrap_or_else(|_| unreachable!("it is begun"))
    }

    #[tokio::test]
    async fn nothing_stays_of_a_flight_that_ended_or_panicked() {
        let flights = Arc::default();
        assert_eq!(flying(&flights, NOW, future::ready(1)).outcome().await, Some(1));
        assert!(flights.lock().is_empty());
        let panics = async { panic!("on purpose") };
        assert_eq!(flying(&flights, NOW, panics).outcome().await, None);
        assert!(flights.lock().is_empty());
        assert_eq!(flying(&flights, NOW, future::ready(2)).outcome().await, Some(2));
    }

    #[tokio::test]
    async fn the_end_of_an_old_flight_leaves_the_one_that_took_its_place() {
        let flights = Arc::default();
        let (land, landed) = tokio::sync::oneshot::channel::<()>();
        let old = flying(&flights, NOW, async {
            landed.await.unwrap();
            1
        });
        let new = flying(&flights, NOW + SECOND, future::pending());
        land.send(()).unwrap();
        assert_eq!(old.outcome().await, Some(1));
        let joined = flying(&flights, NOW + SECOND, future::ready(3));
        assert!(joined.0.same_channel(&new.0));
    }

    #[test]
    fn outside_of_a_runtime_nothing_is_locked_for_ever() {
        let flights = Arc::default();
        let begun = std::panic::catch_unwind(|| flying(&flights, NOW, future::ready(1)));
        assert!(begun.is_err() && flights.lock().is_empty());
    }

    #[test]
    fn an_outcome_without_work_begins_nothing() {
        let flights = Arc::<Flights<u32>>::default();
        let known = flights.join_or_begin(KEY, NOW, SECOND, || Err::<future::Pending<u32>, _>(9));
        assert_eq!(known.err(), Some(9));
        assert!(flights.lock().is_empty());
    }
}
