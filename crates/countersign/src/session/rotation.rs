//! What a refresh token is good for, as a function of values.

use std::net::IpAddr;
use std::time::Duration;

use countersign_jwt::NumericDate;

use super::{RefreshToken, RevocationReason, Session, SessionId};

/// Decides what a presented refresh token is good for.
///
/// | the session is | the token is | the answer |
/// |---|---|---|
/// | revoked, expired or idle | any | [`Refuse`](Decision::Refuse) |
/// | live | the current one | [`Rotate`](Decision::Rotate) |
/// | live | the one before, within the grace window | [`Replay`](Decision::Replay) |
/// | live | any other older one | [`Revoke`](Decision::Revoke): [`Reused`](RevocationReason::Reused) |
/// | live | newer than the current one | [`Revoke`](Decision::Revoke): [`RolledBack`](RevocationReason::RolledBack) |
///
/// **The window** begins with the rotation that used the token up and is over `grace` later to the millisecond: a replay
/// exactly then is reuse. Replays do not move it.
///
/// **A clock that stands before the rotation** (of another instance, or set back) is as far from it as one that stands
/// as much after it: within `grace` it is in the window, beyond it is not. A clock that is set back opens a window again
/// only if it lands that near to the rotation, and for less than twice `grace`. It never brings a revoked session back:
/// the moment of a revocation is compared with nothing.
///
/// **A token newer than the row** was given out, for its MAC is good, and the store has forgotten it: somebody has put an
/// old backup in its place. In that state a token is current that was used up long ago, and whoever kept it could use it
/// again while the right holder cannot. So the session ends; it is not called theft.
///
/// ```
/// use countersign::jwt::NumericDate;
/// use countersign::session::rotation::{Decision, decide};
/// use countersign::session::{RefreshTokenKeys, Session, SessionId};
/// use std::time::Duration;
///
/// let (id, noon) = (SessionId::from_bytes([1; 16]), NumericDate::from_secs(1_700_000_000));
/// let session = Session {
///     id,
///     user_id: "user-1".into(),
///     counter: 5,
///     created_at: noon,
///     refreshed_at: noon,
///     expires_at: noon + Duration::from_secs(3600),
///     idle_lifetime: Duration::from_secs(600),
///     revocation: None,
///     user_agent: None,
///     address: None,
///     status_index: None,
/// };
/// let keys = RefreshTokenKeys::new(&[7; 32])?;
/// let (current, before) = (keys.issue(id, 5), keys.issue(id, 4));
/// let (grace, later) = (Duration::from_secs(10), noon + Duration::from_secs(9));
/// assert!(matches!(decide(&current, &session, later, grace), Decision::Rotate(_)));
/// assert_eq!(decide(&before, &session, later, grace), Decision::Replay);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(presented: &RefreshToken, session: &Session, now: NumericDate, grace: Duration) -> Decision {
    if presented.session_id() != session.id {
        return Decision::Refuse(Refusal::Unknown);
    }
    if session.revocation.is_some() {
        return Decision::Refuse(Refusal::Revoked);
    }
    if now >= session.expires_at {
        return Decision::Refuse(Refusal::Expired);
    }
    if now >= session.idle_at() {
        return Decision::Refuse(Refusal::Idle);
    }
    let behind = session.counter.checked_sub(presented.counter());
    match behind {
        None => Decision::Revoke(RevocationReason::RolledBack),
        Some(0) => rotate(session, now),
        Some(1) if distance(now, session.refreshed_at) < grace => Decision::Replay,
        Some(_) => Decision::Revoke(RevocationReason::Reused),
    }
}

fn rotate(session: &Session, now: NumericDate) -> Decision {
    match session.counter.checked_add(1) {
        Some(to) => Decision::Rotate(Rotation {
            session_id: session.id,
            from: session.counter,
            to,
            at: now,
            ends_at: session.expires_at.min(now + session.idle_lifetime),
            address: None,
        }),
        None => Decision::Refuse(Refusal::Exhausted),
    }
}

/// How far two moments are apart, whichever comes first.
fn distance(one: NumericDate, other: NumericDate) -> Duration {
    one.since(other).max(other.since(one))
}

/// What a presented refresh token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// The next one, if this rotation is the first to be stored.
    Rotate(Rotation),
    /// The current one, once more: the same that the rotation gave out.
    Replay,
    /// Nothing, and the session ends.
    Revoke(RevocationReason),
    /// Nothing.
    Refuse(Refusal),
}

/// One step of a session, from one refresh token to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The session.
    pub session_id: SessionId,
    /// The counter that the session must have.
    pub from: u32,
    /// The counter that it is to have.
    pub to: u32,
    /// Now: what [`Session::refreshed_at`] is to be.
    pub at: NumericDate,
    /// What [`Session::ends_at`] will be afterwards, for stores that keep it in a column to find by.
    pub ends_at: NumericDate,
    /// From where it is refreshed; `None` leaves what is stored.
    pub address: Option<IpAddr>,
}

/// Why a refresh token is good for nothing. All are RFC 6749 §5.2 `invalid_grant`: the client has to log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such session: it ended long ago and was cleared away, or the store was set back to before it.
    #[error("the session is not known")]
    Unknown,
    /// It was revoked.
    #[error("the session has been revoked")]
    Revoked,
    /// It has reached its absolute lifetime.
    #[error("the session has expired")]
    Expired,
    /// It has not been refreshed for longer than its idle lifetime.
    #[error("the session has not been used for too long")]
    Idle,
    /// It has been refreshed 2^32 - 1 times, and the counter has no next.
    #[error("the session cannot be refreshed any more")]
    Exhausted,
}

impl Refusal {
    /// The stable code of this refusal, for clients.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "session_unknown",
            Self::Revoked => "session_revoked",
            Self::Expired => "session_expired",
            Self::Idle => "session_idle",
            Self::Exhausted => "session_exhausted",
        }
    }
}
