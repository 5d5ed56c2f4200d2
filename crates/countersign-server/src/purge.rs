//! Clearing away what is over.

use std::{fmt::Display, sync::Arc, time::Duration};

use countersign::jwt::{Clock, NumericDate};
use tokio::{task::AbortHandle, time::sleep};

/// How long between two rounds, on average.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How many rows one statement deletes: few enough that nobody waits for it.
pub(crate) const BATCH: u32 = 500;

/// Clears away in the background until it is dropped.
#[derive(Debug)]
pub(crate) struct PurgeTask(AbortHandle);

impl PurgeTask {
    /// Clears away, now and then, what is over: `batch` deletes at most [`BATCH`] rows that are at a moment, and says how many.
    /// The log calls them `what`.
    pub(crate) fn start<F, E: Display + Send>(
        what: &'static str,
        batch: impl Fn(NumericDate) -> F + Send + Sync + 'static,
        clock: Arc<dyn Clock>,
    ) -> Self
    where
        F: Future<Output = Result<u64, E>> + Send,
    {
        let rounds = async move {
            sleep(first_pause(chance())).await;
            loop {
                match purge(&batch, clock.now()).await {
                    Ok(0) => {}
                    Ok(cleared) => tracing::info!(cleared, "cleared away {what}"),
                    Err(error) => tracing::warn!(%error, "{what} were not cleared away"),
                }
                sleep(pause(chance())).await;
            }
        };
        Self(tokio::spawn(rounds).abort_handle())
    }
}

impl Drop for PurgeTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How long after the start the first round comes: at any moment of an interval, so that services which start together
/// do not clear together, and one that is often restarted clears at all. `chance` is between 0 and 1.
fn first_pause(chance: f64) -> Duration {
    INTERVAL.mul_f64(chance.clamp(0.0, 1.0))
}

/// How long until the next round: an interval, more or less a quarter.
fn pause(chance: f64) -> Duration {
    INTERVAL.mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

/// One round: everything that is over, a batch at a time. Says how much that was.
async fn purge<F, E>(batch: &(impl Fn(NumericDate) -> F + Sync), now: NumericDate) -> Result<u64, E>
where
    F: Future<Output = Result<u64, E>>,
{
    let mut cleared = 0;
    loop {
        let deleted = batch(now).await?;
        cleared += deleted;
        if deleted < u64::from(BATCH) {
            return Ok(cleared);
        }
    }
}

/// A fraction that nobody can foresee. Without randomness rounds are not spread; that is no reason to have none.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use countersign::{
        Sessions,
        session::{MemoryStore, NewSession, RefreshTokenKeys, SessionId, SessionPolicy},
    };

    use super::*;

    #[test]
    fn rounds_are_spread_over_the_interval_and_around_it() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        assert_eq!([0.0, 0.5, 1.0].map(first_pause), [minutes(0), minutes(30), minutes(60)]);
        assert_eq!([0.0, 0.5, 1.0].map(pause), [minutes(45), minutes(60), minutes(75)]);
        assert_eq!((first_pause(-1.0), pause(7.0)), (minutes(0), minutes(75)));
    }

    #[tokio::test]
    async fn a_round_clears_away_what_has_been_over_long_enough_and_nothing_else() {
        let keys = RefreshTokenKeys::new(&[7; 32]).unwrap();
        let policy = SessionPolicy::default().lifetime(Duration::from_secs(60));
        let sessions = Sessions::new(MemoryStore::new(), keys, policy);
        let begun = NumericDate::from_secs(1_700_000_000);
        let start = async |count: u32, at: NumericDate| {
            for _ in 0..count {
                let login = NewSession::new(SessionId::generate().unwrap(), "user-1");
                let _ = sessions.start(login, at).await.unwrap();
            }
        };
        start(2 * BATCH, begun).await;
        start(3, begun + Duration::from_secs(1)).await;
        let (keep, lifetime) = (Duration::from_secs(600), Duration::from_secs(60));
        let over = begun + lifetime + keep;
        let batch = |now| sessions.purge(keep, BATCH, now);
        assert_eq!(purge(&batch, over - Duration::from_millis(1)).await, Ok(0));
        assert_eq!(purge(&batch, over).await, Ok(u64::from(2 * BATCH)));
        assert_eq!(purge(&batch, over).await, Ok(0));
        assert_eq!(purge(&batch, over + Duration::from_secs(1)).await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_clears_again_and_again_until_it_is_dropped() {
        let keys = RefreshTokenKeys::new(&[7; 32]).unwrap();
        let store = MemoryStore::new();
        let sessions = Sessions::new(store.clone(), keys, SessionPolicy::default());
        let clock: Arc<dyn Clock> =
            Arc::new(countersign::jwt::ManualClock::new(NumericDate::from_secs(1_700_000_000)));
        let purged = sessions.clone();
        let batch = move |now| {
            let sessions = purged.clone();
            async move { sessions.purge(Duration::ZERO, BATCH, now).await }
        };
        let task = PurgeTask::start("sessions", batch, Arc::clone(&clock));
        let old = async || {
            let login = NewSession::new(SessionId::generate().unwrap(), "user-1");
            let _ = sessions.start(login, NumericDate::from_secs(0)).await.unwrap();
        };
        let an_interval = async || {
            tokio::task::yield_now().await;
            tokio::time::advance(pause(1.0)).await;
            tokio::task::yield_now().await;
        };
        let held = || format!("{store:?}").contains("sessions: 1 ");
        for _ in 0..2 {
            old().await;
            assert!(held());
            an_interval().await;
            assert!(!held());
        }
        drop(task);
        old().await;
        an_interval().await;
        assert!(held());
    }
}
