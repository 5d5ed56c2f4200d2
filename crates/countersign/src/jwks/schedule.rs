//! When to fetch, decided from values: no clock, no chance and no network in here.

use std::time::Duration;

use super::budget::Budget;
use crate::jwt::NumericDate;

/// The wait after the first failed fetch; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The wait after many failed fetches.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// The rules by which a key set is kept fresh.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// How long a set is fresh if its issuer does not say.
    pub(super) unsaid_freshness: Duration,
    /// No set counts as fresh for less, whatever its issuer says.
    pub(super) shortest_freshness: Duration,
    /// Nor for more.
    pub(super) longest_freshness: Duration,
    /// How long keys are used after the issuer last confirmed them.
    pub(super) stale_after: Duration,
    /// How many fetches unknown key ids may cause at once.
    pub(super) unknown_burst: u32,
    /// After how long they may cause one more.
    pub(super) unknown_interval: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            unsaid_freshness: Duration::from_secs(5 * 60),
            shortest_freshness: Duration::from_secs(60),
            longest_freshness: Duration::from_secs(60 * 60),
            stale_after: Duration::from_secs(24 * 60 * 60),
            unknown_burst: 3,
            unknown_interval: Duration::from_secs(30),
        }
    }
}

/// What has happened so far, and so what is to be done next.
#[derive(Debug)]
pub(super) struct Schedule {
    policy: Policy,
    budget: Budget,
    phase: Phase,
    /// When the issuer last confirmed the keys at hand.
    confirmed_at: Option<NumericDate>,
    /// When the next fetch is due, and when that was decided.
    due: NumericDate,
    decided_at: NumericDate,
    /// Failed fetches since the last good one.
    failures: u32,
    /// Fetches that have ended, well or not.
    finished: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Resting,
    /// Somebody wants a fetch, which has not begun yet.
    Asked,
    Fetching,
}

/// What the task does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Fetch,
    /// Wait, and ask again after this time or when somebody asked for a fetch.
    Rest(Duration),
}

/// What somebody is told whom the keys at hand do not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Help {
    /// Wait for the fetch of this number.
    Await(u64),
    /// The set is the newest that can be known: what it does not hold does not exist.
    Settled,
    /// It cannot be known now; ask again after this time.
    Later(Duration),
}

impl Schedule {
    /// Nothing is known, and the first fetch is due.
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            budget: Budget::new(policy.unknown_burst, policy.unknown_interval),
            policy,
            phase: Phase::Resting,
            confirmed_at: None,
            due: NumericDate::MIN,
            decided_at: NumericDate::MIN,
            failures: 0,
            finished: 0,
        }
    }

    /// There are keys from an earlier run, which the issuer confirmed at this moment. A fetch is due nevertheless.
    pub(super) fn restore(&mut self, confirmed_at: NumericDate) {
        self.confirmed_at = Some(confirmed_at);
    }

    /// Until when keys are used that were confirmed at this moment.
    pub(super) fn good_until(&self, confirmed_at: NumericDate) -> NumericDate {
        confirmed_at + self.policy.stale_after
    }

    /// When the issuer last confirmed the keys at hand.
    pub(super) fn confirmed_at(&self) -> Option<NumericDate> {
        self.confirmed_at
    }

    /// Fetches that have ended, well or not.
    pub(super) fn finished(&self) -> u64 {
        self.finished
    }

    /// Failed fetches since the last good one.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether there are keys that may still be used.
    pub(super) fn has_keys(&self, now: NumericDate) -> bool {
        self.confirmed_at.is_some_and(|at| now < self.good_until(at))
    }

    /// What the task that fetches does next; a fetch has then begun.
    pub(super) fn next(&mut self, now: NumericDate) -> Next {
        // A clock that was set back says nothing about when the fetch is due.
        let set_back = now < self.decided_at;
        if self.phase == Phase::Resting && now < self.due && !set_back {
            return Next::Rest(self.due.since(now));
        }
        self.phase = Phase::Fetching;
        Next::Fetch
    }

    /// A fetch ended well: the issuer confirmed the keys, and says how long they are fresh.
    ///
    /// The next one comes when seven to nine tenths of that are over: ahead of the end, so that nobody waits for it, and
    /// not at the same moment everywhere.
    pub(super) fn succeed(&mut self, now: NumericDate, max_age: Option<Duration>, chance: f64) {
        let policy = &self.policy;
        let fresh = max_age
            .unwrap_or(policy.unsaid_freshness)
            .max(policy.shortest_freshness)
            .min(policy.longest_freshness)
            .min(policy.stale_after);
        self.confirmed_at = Some(now);
        self.failures = 0;
        self.settle(now, fresh.mul_f64(0.7 + 0.2 * fraction(chance)));
    }

    /// A fetch failed. The next one comes after one second, two, four and so on up to a minute, less up to half of it.
    pub(super) fn fail(&mut self, now: NumericDate, chance: f64) {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.settle(now, doubled.min(LONGEST_BACKOFF).mul_f64(0.5 + 0.5 * fraction(chance)));
    }

    fn settle(&mut self, now: NumericDate, rest: Duration) {
        self.phase = Phase::Resting;
        self.finished += 1;
        self.decided_at = now;
        self.due = now + rest;
    }

    /// How long it is until a failed fetch is tried again; `None` if the last one was good or it is time.
    pub(super) fn backing_off(&self, now: NumericDate) -> Option<Duration> {
        (self.failures > 0 && now < self.due).then(|| self.due.since(now).min(LONGEST_BACKOFF))
    }

    /// Helps somebody to whom the keys at hand are of no use: there are none, or none by the id of their token.
    pub(super) fn help(&mut self, now: NumericDate) -> Help {
        match self.may_fetch(now) {
            Ok(()) => self.demand(),
            Err(_) if self.confirmed_just_now(now) => Help::Settled,
            Err(wait) => Help::Later(wait),
        }
    }

    /// Has a fetch made, whatever the rules say, unless one is under way.
    pub(super) fn demand(&mut self) -> Help {
        if self.phase == Phase::Resting {
            self.phase = Phase::Asked;
        }
        Help::Await(self.finished + 1)
    }

    fn may_fetch(&mut self, now: NumericDate) -> Result<(), Duration> {
        if self.phase != Phase::Resting {
            return Ok(());
        }
        if let Some(wait) = self.backing_off(now) {
            return Err(wait);
        }
        if self.has_keys(now) { self.budget.take(now) } else { Ok(()) }
    }

    /// Whether the issuer confirmed the keys so recently that the budget would not have allowed to ask again since.
    fn confirmed_just_now(&self, now: NumericDate) -> bool {
        self.has_keys(now) && self.confirmed_at.is_some_and(|at| now.since(at) <= self.budget.interval())
    }
}

/// A number from 0 to 1, whatever the source of chance gave.
fn fraction(chance: f64) -> f64 {
    if (0.0..=1.0).contains(&chance) { chance } else { 0.0 }
}

#[cfg(test)]
mod tests;
