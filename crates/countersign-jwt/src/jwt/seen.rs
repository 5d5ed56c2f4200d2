//! What a check saw and what it expected, in words. None of it is put together unless somebody asks why.

use std::fmt::Display;
use std::time::Duration;

use crate::{KeySet, NumericDate, VerifyingKey};

/// What a check is about to decide on, in words.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(super) saw: String,
    pub(super) expected: Option<String>,
}

impl Seen {
    pub(crate) fn new(saw: impl Into<String>) -> Self {
        Self { saw: saw.into(), expected: None }
    }

    /// A value, or that there is none.
    pub(crate) fn value(value: Option<&str>) -> Self {
        Self::new(value.unwrap_or(NONE))
    }

    /// A date and how far it is from `now`, or that there is none.
    pub(super) fn date(date: Option<NumericDate>, now: NumericDate) -> Self {
        let Some(date) = date else { return Self::new(NONE) };
        let distance = match date >= now {
            true => format!("{} from now", seconds(date.since(now))),
            false => format!("{} ago", seconds(now.since(date))),
        };
        Self::new(format!("{date}, that is {}, {distance}", date.rfc3339()))
    }

    /// Says with what it is compared: no secret.
    pub(crate) fn expecting(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }
}

/// Why a check is not made that the verifier was not told to make.
pub(crate) const NOT_ASKED: &str = "not asked for";

const NONE: &str = "none";

/// The first few of `names`, and how many more there are.
pub(crate) fn list<N: Display>(names: impl IntoIterator<Item = N>, joint: &str) -> String {
    const MOST: usize = 16;
    let mut names = names.into_iter();
    let mut shown: Vec<_> = names.by_ref().take(MOST).map(|name| name.to_string()).collect();
    match (shown.is_empty(), names.count()) {
        (true, _) => return NONE.to_owned(),
        (false, 0) => {}
        (false, more) => shown.push(format!("{more} more")),
    }
    shown.join(joint)
}

/// The keys of a set by their ids and algorithms.
pub(crate) fn list_keys(keys: &KeySet, joint: &str) -> String {
    list(keys.iter().map(key_name), joint)
}

/// A key by its id and algorithm.
pub(crate) fn key_name(key: &VerifyingKey) -> String {
    format!("{} ({})", key.key_id().unwrap_or("a key without id"), key.algorithm())
}

/// A number and what is counted.
pub(crate) fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// That a date must not be over, or not for long.
pub(super) fn not_past(leeway: Duration) -> String {
    match leeway {
        Duration::ZERO => "later than now".to_owned(),
        leeway => format!("less than {} ago", seconds(leeway)),
    }
}

/// That a date must have come, or be near.
pub(super) fn not_ahead(leeway: Duration) -> String {
    match leeway {
        Duration::ZERO => "not later than now".to_owned(),
        leeway => format!("at most {} from now", seconds(leeway)),
    }
}

/// Whole seconds.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_first_sixteen_and_counts_the_rest() {
        assert_eq!(list([] as [u8; 0], ", "), "none");
        assert_eq!(list(["a", "b"], " or "), "a or b");
        assert_eq!(list(10..=25, " "), "10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25");
        assert_eq!(list(10..=99, " "), "10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 74 more");
    }

    #[test]
    fn without_a_leeway_it_is_now_that_counts() {
        let minute = Duration::from_secs(60);
        assert_eq!([not_past(Duration::ZERO), not_past(minute)], ["later than now", "less than 60 s ago"]);
        assert_eq!(
            [not_ahead(Duration::ZERO), not_ahead(minute)],
            ["not later than now", "at most 60 s from now"]
        );
    }

    #[test]
    fn one_is_counted_otherwise_than_none_and_several() {
        let parts = |number| count(number, "part", "parts");
        assert_eq!([parts(0), parts(1), parts(2)], ["0 parts", "1 part", "2 parts"]);
    }
}
