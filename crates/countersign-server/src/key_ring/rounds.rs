//! Looks into the store, one after the other: at their time, and sooner when somebody asks.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use countersign::jwt::RenewalFailed;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout, timeout_at},
};

/// How far two looks are apart at least, however many ask: made-up key ids cost the store ten questions a second and no more.
const SOONEST: Duration = Duration::from_millis(100);

/// How long somebody waits for a look.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts the looks, so that those who ask get one that began after they asked.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    begun: AtomicU64,
    done: watch::Sender<Done>,
    asked: Notify,
}

/// The last look that came to its end.
#[derive(Debug, Default, Clone, Copy)]
struct Done {
    number: u64,
    answered: bool,
    /// When the last one with an answer had begun.
    answered_at: Option<Instant>,
}

impl Rounds {
    /// Asks for a look that begins from now on, and waits for its end.
    ///
    /// # Errors
    /// When the store gave no answer, or none in time.
    pub(crate) async fn next(&self) -> Result<(), RenewalFailed> {
        let failed = RenewalFailed { retry_after: Duration::from_secs(1) };
        let mut done = self.done.subscribe();
        let begun = self.begun.load(Ordering::Acquire);
        self.ask();
        let ended = timeout(PATIENCE, done.wait_for(|done| done.number > begun)).await;
        match ended {
            Ok(Ok(done)) if done.answered => Ok(()),
            _ => Err(failed),
        }
    }

    /// Asks for a look, and does not wait for it.
    pub(crate) fn ask(&self) {
        self.asked.notify_one();
    }

    /// How long ago the last look began that got an answer.
    pub(crate) fn answered_ago(&self) -> Option<Duration> {
        self.done.borrow().answered_at.map(|at| at.elapsed())
    }

    /// A look begins.
    pub(crate) fn begin(&self) -> Instant {
        self.begun.fetch_add(1, Ordering::AcqRel);
        Instant::now()
    }

    /// The look that began then has come to its end, with an answer or without.
    pub(crate) fn end(&self, begun: Instant, answered: bool) {
        let number = self.begun.load(Ordering::Acquire);
        self.done.send_modify(|done| {
            let answered_at = if answered { Some(begun) } else { done.answered_at };
            *done = Done { number, answered, answered_at };
        });
    }

    /// Waits until the look after the one that began at `begun` is due: after `interval`, or when somebody asks.
    pub(crate) async fn due(&self, begun: Instant, interval: Duration) {
        let asked = async {
            sleep_until(begun + SOONEST).await;
            self.asked.notified().await;
        };
        // Either will do.
        drop(timeout_at(begun + interval, asked).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_gets_a_look_that_began_afterwards() {
        let rounds = Rounds::default();
        let before = rounds.begin();
        let (asked, ()) = tokio::join!(rounds.next(), async {
            tokio::task::yield_now().await;
            // Began before the question, and so may have missed what is asked for.
            rounds.end(before, false);
            tokio::task::yield_now().await;
            let begun = rounds.begin();
            rounds.end(begun, true);
            assert_eq!(begun, Instant::now());
        });
        assert_eq!(asked, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_answer_it_is_not_known_what_is_in_the_store() {
        let rounds = Rounds::default();
        let (asked, ()) = tokio::join!(rounds.next(), async {
            let begun = rounds.begin();
            rounds.end(begun, false);
        });
        assert!(asked.is_err());
        // Nobody looks at all.
        let since = Instant::now();
        assert!(rounds.next().await.is_err());
        assert_eq!(since.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_is_as_old_as_the_beginning_of_the_last_look_that_was_answered() {
        let rounds = Rounds::default();
        assert_eq!(rounds.answered_ago(), None);
        let second = Duration::from_secs(1);
        let begun = rounds.begin();
        tokio::time::advance(second).await;
        rounds.end(begun, true);
        assert_eq!(rounds.answered_ago(), Some(second));
        let begun = rounds.begin();
        tokio::time::advance(second).await;
        rounds.end(begun, false);
        assert_eq!(rounds.answered_ago(), Some(2 * second));
    }

    #[tokio::test(start_paused = true)]
    async fn looks_are_an_interval_apart_and_sooner_when_somebody_asks_but_never_too_soon() {
        let rounds = Rounds::default();
        let interval = Duration::from_secs(5);
        let begun = rounds.begin();
        rounds.due(begun, interval).await;
        assert_eq!(begun.elapsed(), interval);

        let begun = rounds.begin();
        rounds.asked.notify_one();
        rounds.asked.notify_one();
        rounds.due(begun, interval).await;
        assert_eq!(begun.elapsed(), SOONEST);
        // All who had asked until then got this one.
        let begun = rounds.begin();
        rounds.due(begun, interval).await;
        assert_eq!(begun.elapsed(), interval);
    }
}
