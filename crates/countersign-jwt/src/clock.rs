//! Time as an argument: who needs "now" is given a [`Clock`] or the moment itself.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::NumericDate;

/// Tells the present moment.
///
/// ```
/// use countersign_jwt::{Clock, ManualClock, NumericDate};
/// use std::time::Duration;
///
/// let clock = ManualClock::new(NumericDate::from_secs(1_700_000_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), NumericDate::from_secs(1_700_000_060));
/// ```
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> NumericDate;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the operating system for the time"
    )]
    fn now(&self) -> NumericDate {
        let now = SystemTime::now();
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => NumericDate::from_secs(0) + since,
            Err(before) => NumericDate::from_secs(0) - before.duration(),
        }
    }
}

/// A clock that stands still until it is told otherwise, for tests. Whole milliseconds.
#[derive(Debug)]
pub struct ManualClock {
    millis: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: NumericDate) -> Self {
        Self { millis: AtomicI64::new(now.as_millis()) }
    }

    /// Moves the clock to `now`, forwards or backwards.
    pub fn set(&self, now: NumericDate) {
        self.millis.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Moves the clock forwards.
    pub fn advance(&self, step: Duration) {
        let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        let advance = |now: i64| Some(now.saturating_add(step));
        let _ = self.millis.fetch_update(Ordering::SeqCst, Ordering::SeqCst, advance);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> NumericDate {
        NumericDate::from_millis(self.millis.load(Ordering::SeqCst))
    }
}

impl<T: Clock + ?Sized> Clock for &T {
    fn now(&self) -> NumericDate {
        (**self).now()
    }
}

impl<T: Clock + ?Sized> Clock for std::sync::Arc<T> {
    fn now(&self) -> NumericDate {
        (**self).now()
    }
}
