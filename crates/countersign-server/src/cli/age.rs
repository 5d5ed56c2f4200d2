//! How old is what somebody knows.

use std::fmt;

use countersign::jwt::NumericDate;

/// The time since somebody last knew everything, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age(Option<u64>);

impl Age {
    /// Of what was known then; `None` if it never was.
    pub(super) fn of(known_at: Option<NumericDate>, now: NumericDate) -> Self {
        Self(known_at.map(|at| now.since(at).as_secs()))
    }

    pub(super) fn seconds(self) -> Option<u64> {
        self.0
    }
}

impl fmt::Display for Age {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(seconds) => write!(formatter, "{seconds}s"),
            None => formatter.write_str("unknown"),
        }
    }
}
