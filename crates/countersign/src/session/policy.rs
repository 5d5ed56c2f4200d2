//! How long things last.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// No session needs longer, and a date this far from now is still a number of milliseconds.
const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long sessions last, and for how long a refresh may be repeated. Whole milliseconds; anything finer is cut off.
///
/// ```
/// use countersign::session::SessionPolicy;
/// use std::time::Duration;
///
/// let policy = SessionPolicy::default().idle_lifetime(Duration::from_secs(30 * 60)).grace(Duration::ZERO);
/// # let _ = policy;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    pub(super) grace: Duration,
    pub(super) lifetime: Duration,
    pub(super) idle_lifetime: Duration,
}

impl Default for SessionPolicy {
    /// A grace of 10 seconds; sessions end after 90 days, and after 14 without a refresh.
    fn default() -> Self {
        Self { grace: Duration::from_secs(10), lifetime: 90 * DAY, idle_lifetime: 14 * DAY }
    }
}

impl SessionPolicy {
    /// For how long after a rotation the token before it still gets the same successor. Zero is strict: whoever loses the
    /// answer, or a race against themselves, has to log in again.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace: clamp(grace), ..self }
    }

    /// How long a session lasts at most, however much it is used. Holds for sessions that start from now on.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime: clamp(lifetime), ..self }
    }

    /// How long a session lasts without a refresh. Holds for sessions that start from now on. Longer than the lifetime of an
    /// access token, or no refresh is ever in time.
    #[must_use]
    pub fn idle_lifetime(self, idle_lifetime: Duration) -> Self {
        Self { idle_lifetime: clamp(idle_lifetime), ..self }
    }
}

fn clamp(duration: Duration) -> Duration {
    let whole = Duration::new(duration.as_secs(), duration.subsec_millis() * 1_000_000);
    whole.min(A_CENTURY)
}
