//! The rotation of signing keys: when a key is announced, signs, and is forgotten.
//!
//! A key is *next* (published, signs nothing yet), then *current* (signs), then *retired* (verifies what it has signed), then
//! gone. [`decide`] is the rule, a function of what one instance has seen; [`task`] looks into the store and takes the steps,
//! each of which the store grants to one instance alone.
//!
//! The wall clock decides when a rotation is due, and nothing else. That a key was published for long enough, or retired for
//! long enough, an instance believes only if it has watched it for that long: a clock that jumps, or differs from others', can
//! make a rotation come early or late, never unsafe. The price is that a service which is restarted all the time rotates late.

use std::time::Duration;

use countersign::jwt::NumericDate;

pub(crate) mod pickups;
pub(crate) mod task;

/// When keys change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// How long a key signs before the next one does; `None`, and keys change only when an operator says so.
    pub(crate) rotate_every: Option<Duration>,
    /// How long a key is published before it signs.
    pub(crate) announce: Duration,
    /// For how much longer it is held back while a verifier that is waited for has not fetched it.
    pub(crate) hold_back: Duration,
    /// How long a key is kept after it was retired, beyond the lifetime of its tokens.
    pub(crate) margin: Duration,
    /// The lifetime of the tokens that this instance signs.
    pub(crate) token_lifetime: Duration,
}

/// A key as one instance sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen<'a> {
    /// Its id.
    pub(crate) id: &'a str,
    /// What it is.
    pub(crate) state: State,
    /// For how long the instance has seen it as that, by a clock that does not jump, and has published it.
    pub(crate) seen_for: Duration,
    /// Whether a verifier that is waited for has not fetched it.
    pub(crate) awaited: bool,
    /// The longest lifetime of its tokens, as far as it is written down.
    pub(crate) token_lifetime: Option<Duration>,
}

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It will sign.
    Next,
    /// It signs.
    Current {
        /// Since when.
        since: NumericDate,
    },
    /// It has signed.
    Retired {
        /// Until when.
        at: NumericDate,
    },
}

/// What is to be done about a key, if the key is still what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make the next key.
    Announce,
    /// Have it sign, and retire the one that does.
    Promote {
        /// The next key.
        id: String,
    },
    /// Forget it.
    Remove {
        /// A retired key.
        id: String,
        /// When it was retired.
        retired_at: NumericDate,
    },
}

/// What is to be done now.
pub(crate) fn decide(keys: &[Seen<'_>], now: NumericDate, schedule: &Schedule) -> Vec<Step> {
    let announced = keys.iter().any(|key| key.state == State::Next);
    keys.iter()
        .filter_map(|key| match key.state {
            State::Next => {
                let promote = || Step::Promote { id: key.id.to_owned() };
                let held_back = if key.awaited { schedule.hold_back } else { Duration::ZERO };
                (key.seen_for >= schedule.announce + held_back).then(promote)
            }
            State::Current { since } => {
                let ahead = schedule.rotate_every?.saturating_sub(schedule.announce);
                (!announced && since + ahead <= now).then_some(Step::Announce)
            }
            State::Retired { at } => {
                let lifetime = key.token_lifetime.unwrap_or_default().max(schedule.token_lifetime);
                let remove = || Step::Remove { id: key.id.to_owned(), retired_at: at };
                (key.seen_for >= lifetime + schedule.margin).then(remove)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
