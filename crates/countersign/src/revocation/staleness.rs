//! How old a view may be.

use std::fmt;
use std::time::Duration;

/// For how long without news a guard goes by its view of what was revoked. After that the answer is 503: whether the token is
/// good is not known.
///
/// ```
/// use std::time::Duration;
/// use countersign::revocation::Staleness;
///
/// // For payments: nobody passes while revocations may have been missed.
/// let strict = Staleness::fail_closed();
/// // For reading the news: an outage of the issuer is noticed after five minutes.
/// let lenient = Staleness::fail_open_for(Duration::from_secs(5 * 60));
/// # let _ = (strict, lenient);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staleness {
    limit: Duration,
    unconfirmed: Unconfirmed,
}

/// What a view is worth that nobody has confirmed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unconfirmed {
    /// As much as one that was confirmed when it was made.
    Trusted,
    /// Nothing.
    Refused,
}

impl Staleness {
    /// How old a view may be that is to be fresh: a few heartbeats of a feed, or rounds of a poll.
    pub const FRESH: Duration = Duration::from_secs(10);

    /// The view must be [fresh](Self::FRESH), and somebody must have confirmed it since the start.
    #[must_use]
    pub const fn fail_closed() -> Self {
        Self { limit: Self::FRESH, unconfirmed: Unconfirmed::Refused }
    }

    /// The view must not be older than this; before its first confirmation it counts from the start of the process, so that a
    /// verifier which starts during an outage serves meanwhile.
    ///
    /// A token that was revoked passes for at most this long, and never beyond its `exp`.
    #[must_use]
    pub const fn fail_open_for(limit: Duration) -> Self {
        Self { limit, unconfirmed: Unconfirmed::Trusted }
    }

    /// Whether a view may be gone by whose last confirmation is this old, or which was made this long ago without one.
    pub(super) fn allows(self, age: Age) -> bool {
        match age {
            Age::Confirmed(age) => age <= self.limit,
            Age::Unconfirmed(age) => self.unconfirmed == Unconfirmed::Trusted && age <= self.limit,
        }
    }
}

impl fmt::Display for Staleness {
    /// What is asked of a view.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit.as_secs_f64();
        match self.unconfirmed {
            Unconfirmed::Trusted => write!(f, "may be {limit} s old"),
            Unconfirmed::Refused => write!(f, "must be confirmed and may be {limit} s old"),
        }
    }
}

/// How old a view is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Since the moment up to which it is complete.
    Confirmed(Duration),
    /// Since it was made, for nobody has confirmed it.
    Unconfirmed(Duration),
}

impl fmt::Display for Age {
    /// What is so of a view, in full seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confirmed(age) => write!(f, "is {} s old", age.as_secs()),
            Self::Unconfirmed(age) => write!(f, "was made {} s ago and never confirmed", age.as_secs()),
        }
    }
}
