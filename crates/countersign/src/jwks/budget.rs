//! How often key ids that are unknown may cause a fetch.

use std::time::Duration;

use crate::jwt::NumericDate;

/// A bucket of tokens: full at first, one token a fetch, one more after every interval.
///
/// All that is kept is when the bucket will be full again. Each token taken moves that by an interval.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    burst: u32,
    interval: Duration,
    full_at: NumericDate,
}

impl Budget {
    pub(super) fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, full_at: NumericDate::MIN }
    }

    /// How long it takes until there is one token more.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Takes a token, or says how long it is until there is one.
    pub(super) fn take(&mut self, now: NumericDate) -> Result<(), Duration> {
        let Some(others) = self.burst.checked_sub(1) else {
            return Err(self.interval);
        };
        // A clock that was set back must not leave the bucket empty for as long as that.
        let latest = now + self.interval.saturating_mul(self.burst);
        let full_at = self.full_at.max(now).min(latest);
        let until_one = full_at.since(now + self.interval.saturating_mul(others));
        if until_one > Duration::ZERO {
            return Err(until_one);
        }
        self.full_at = full_at + self.interval;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);
    const START: NumericDate = NumericDate::from_secs(1_700_000_000);

    fn after(seconds: u64) -> NumericDate {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_full_budget_gives_its_burst_at_once_and_then_one_each_interval() {
        let mut budget = Budget::new(3, INTERVAL);
        for _ in 0..3 {
            assert_eq!(budget.take(START), Ok(()));
        }
        assert_eq!(budget.take(START), Err(INTERVAL));
        assert_eq!(budget.take(after(29)), Err(Duration::from_secs(1)));
        assert_eq!(budget.take(after(30)), Ok(()));
        assert_eq!(budget.take(after(30)), Err(INTERVAL));
    }

    #[test]
    fn a_budget_that_rests_is_full_again_and_not_fuller() {
        let mut budget = Budget::new(2, INTERVAL);
        assert_eq!([budget.take(START), budget.take(START)], [Ok(()), Ok(())]);
        let late = after(100_000);
        assert_eq!([budget.take(late), budget.take(late)], [Ok(()), Ok(())]);
        assert_eq!(budget.take(late), Err(INTERVAL));
    }

    #[test]
    fn a_budget_of_nothing_gives_nothing() {
        assert_eq!(Budget::new(0, INTERVAL).take(START), Err(INTERVAL));
    }

    #[test]
    fn a_clock_that_was_set_back_empties_the_budget_for_one_interval_at_most() {
        let mut budget = Budget::new(2, INTERVAL);
        assert_eq!(budget.take(after(1_000_000)), Ok(()));
        assert_eq!(budget.take(START), Err(INTERVAL));
        assert_eq!(budget.take(after(30)), Err(INTERVAL));
    }

    proptest! {
        #[test]
        fn no_pattern_of_asking_gets_more_than_the_burst_and_one_each_interval(
            steps in prop::collection::vec(0u64..40, 1..200),
            burst in 1u32..6,
        ) {
            let mut budget = Budget::new(burst, INTERVAL);
            let (mut elapsed, mut taken) = (0, 0u64);
            for step in steps {
                elapsed += step;
                taken += u64::from(budget.take(after(elapsed)).is_ok());
                prop_assert!(taken <= u64::from(burst) + elapsed / INTERVAL.as_secs());
            }
        }
    }
}
