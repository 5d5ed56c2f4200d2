//! What is remembered of a session.

use std::net::IpAddr;
use std::time::Duration;

use countersign_jwt::NumericDate;

use super::rotation::Rotation;
use super::{SessionId, SessionPolicy};

/// A session as it is stored: one row. It holds nothing that could be presented.
///
/// Moments are whole milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: String,
    /// The counter of the refresh token that is current: how often the session was refreshed.
    pub counter: u32,
    /// When the user logged in.
    pub created_at: NumericDate,
    /// Since when the counter has been what it is: the login, then the last rotation. The grace window and the idle
    /// lifetime begin here, so nothing but a rotation may move it.
    pub refreshed_at: NumericDate,
    /// When it ends, however much it is used.
    pub expires_at: NumericDate,
    /// How long it lasts without a refresh, in whole milliseconds.
    pub idle_lifetime: Duration,
    /// That it was ended before its time.
    pub revocation: Option<Revocation>,
    /// With what the user logged in, as it named itself.
    pub user_agent: Option<String>,
    /// From where it was last refreshed, or else logged in.
    pub address: Option<IpAddr>,
    /// Which place in the status lists of the issuer is its own (draft-ietf-oauth-status-list), if it has one: up to
    /// `i64::MAX`, counted through all lists.
    pub status_index: Option<u64>,
}

impl Session {
    /// The row of a session that starts at `now`.
    pub(super) fn begin(login: NewSession, policy: &SessionPolicy, now: NumericDate) -> Self {
        Self {
            id: login.id,
            user_id: login.user_id,
            counter: 0,
            created_at: now,
            refreshed_at: now,
            expires_at: now + policy.lifetime,
            idle_lifetime: policy.idle_lifetime,
            revocation: None,
            user_agent: login.user_agent,
            address: login.address,
            status_index: login.status_index,
        }
    }

    /// The moment from which it is idle if it is not refreshed before.
    #[must_use]
    pub fn idle_at(&self) -> NumericDate {
        self.refreshed_at + self.idle_lifetime
    }

    /// The moment at which it ends if it is neither refreshed nor revoked before: [`expires_at`](Self::expires_at) or
    /// [`idle_at`](Self::idle_at), whichever comes first. Its current refresh token is good until then.
    #[must_use]
    pub fn ends_at(&self) -> NumericDate {
        self.expires_at.min(self.idle_at())
    }

    /// Whether it can still be refreshed at `now`.
    #[must_use]
    pub fn is_live(&self, now: NumericDate) -> bool {
        self.revocation.is_none() && now < self.ends_at()
    }

    /// The row after a rotation of it: what a store holds once [`SessionStore::rotate`](super::SessionStore::rotate) has
    /// said yes.
    #[must_use]
    pub fn after(self, rotation: &Rotation) -> Self {
        Self {
            counter: rotation.to,
            refreshed_at: rotation.at,
            address: rotation.address.or(self.address),
            ..self
        }
    }
}

/// What a login knows of the session that it starts.
#[derive(Clone, Debug)]
pub struct NewSession {
    id: SessionId,
    user_id: String,
    user_agent: Option<String>,
    address: Option<IpAddr>,
    status_index: Option<u64>,
}

impl NewSession {
    /// The longest name of a user agent that is kept, in bytes.
    pub const MAX_USER_AGENT_BYTES: usize = 256;

    /// A session of this user, under an id that no other session ever had ([`SessionId::generate`]).
    #[must_use]
    pub fn new(id: SessionId, user_id: impl Into<String>) -> Self {
        Self { id, user_id: user_id.into(), user_agent: None, address: None, status_index: None }
    }

    /// With what the user logs in (RFC 9110 §10.1.5), so that they recognise the session in a list. Whoever logs in chooses
    /// this text: control characters are left out, and what is longer than
    /// [`MAX_USER_AGENT_BYTES`](Self::MAX_USER_AGENT_BYTES) is cut off.
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        let mut kept: String = user_agent.chars().filter(|letter| !letter.is_control()).collect();
        kept.truncate(kept.floor_char_boundary(Self::MAX_USER_AGENT_BYTES));
        self.user_agent = Some(kept);
        self
    }

    /// From where the user logs in.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Under which index its tokens stand in the status lists of the issuer. A store refuses one that another session has.
    #[must_use]
    pub fn status_index(mut self, index: u64) -> Self {
        self.status_index = Some(index);
        self
    }
}

/// That a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When, in whole milliseconds. For the record: a revoked session is revoked, whatever the clock says later.
    pub at: NumericDate,
    /// Why.
    pub reason: RevocationReason,
}

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationReason {
    /// Its user logged out: in it, or of it from elsewhere.
    LoggedOut,
    /// A refresh token of it was used again after its successor had been given out and the grace window was over: one of
    /// the two who used it has stolen it (RFC 9700 §4.14.2).
    Reused,
    /// A refresh token of it was presented that the store does not know to have been given out: the store was set back to
    /// an earlier state, and tokens that were used up since are good in it again.
    RolledBack,
    /// Its user chose another password.
    PasswordChanged,
    /// Its user was disabled or removed.
    UserDisabled,
    /// An operator ended it.
    Administrator,
    /// The reason has a code that this release does not know.
    Unknown,
}

impl RevocationReason {
    const NAMED: [Self; 6] = [
        Self::LoggedOut,
        Self::Reused,
        Self::RolledBack,
        Self::PasswordChanged,
        Self::UserDisabled,
        Self::Administrator,
    ];

    /// Its stable code: what stores keep.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::Reused => "reused",
            Self::RolledBack => "rolled_back",
            Self::PasswordChanged => "password_changed",
            Self::UserDisabled => "user_disabled",
            Self::Administrator => "administrator",
            Self::Unknown => "unknown",
        }
    }

    /// The reason with a code. What a later release has written is [`Unknown`](Self::Unknown): the session is revoked all
    /// the same.
    ///
    /// ```
    /// use countersign::session::RevocationReason;
    ///
    /// assert_eq!(RevocationReason::from_code("reused"), RevocationReason::Reused);
    /// assert_eq!(RevocationReason::from_code("of a later release"), RevocationReason::Unknown);
    /// ```
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        Self::NAMED.into_iter().find(|reason| reason.code() == code).unwrap_or(Self::Unknown)
    }
}

/// A session that has just been revoked: what those need to know who still hold access tokens of it for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The session; the `sid` of its access tokens.
    pub session_id: SessionId,
    /// Its user; the `sub` of its access tokens.
    pub user_id: String,
    /// When, and why.
    pub revocation: Revocation,
}
