//! Starting, refreshing, listing and ending sessions.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_jwt::NumericDate;

use super::rotation::{Decision, Refusal, decide};
use super::{
    InvalidRefreshToken, NewSession, RefreshToken, RefreshTokenKeys, Revocation, RevocationReason, Revoked,
    Rotation, Session, SessionId, SessionPolicy, SessionStore, SessionStoreError,
};

/// How often a refresh decides anew after losing a race. A token can lose one rotation and one revocation, no more: what
/// it meets then is final.
const ATTEMPTS: usize = 4;

/// Starts, refreshes, lists and ends sessions in a store.
///
/// Each operation is a decision and at most one change that is conditional on what was decided from, so any number of
/// instances may work on one store. Clones share everything.
pub struct Sessions<S> {
    store: S,
    keys: Arc<RefreshTokenKeys>,
    policy: SessionPolicy,
    on_revoked: Arc<dyn Fn(&Revoked) + Send + Sync>,
}

/// A refresh token for a client, and the session that it belongs to.
#[derive(Clone, Debug)]
#[must_use]
pub struct Grant {
    /// For the client. It replaces the one that was presented, also when it is given a second time.
    pub token: RefreshToken,
    /// The session as it is now.
    pub session: Session,
    /// What it was given for.
    pub occasion: Occasion,
}

/// What a refresh token was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A login.
    Login,
    /// A refresh token that was used for the first time.
    Rotation,
    /// A refresh token that was used again within the grace window.
    Replay,
}

/// Who ends a single session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoker<'a> {
    /// The user with this id, and only if the session is theirs.
    User(&'a str),
    /// An operator.
    Administrator,
}

impl<S: SessionStore> Sessions<S> {
    /// Sessions in this store, their refresh tokens proven with these keys.
    #[must_use]
    pub fn new(store: S, keys: RefreshTokenKeys, policy: SessionPolicy) -> Self {
        Self { store, keys: Arc::new(keys), policy, on_revoked: Arc::new(|_| {}) }
    }

    /// Is told of each session that these `Sessions` have revoked, once, after the store has acknowledged it: the place to
    /// feed a view of revoked sessions from. It must not block.
    ///
    /// It is not told of what other instances revoke, nor when the store has revoked a session and the acknowledgement
    /// was lost: a view that must not miss any also reads the store.
    #[must_use]
    pub fn on_revoked(mut self, told: impl Fn(&Revoked) + Send + Sync + 'static) -> Self {
        self.on_revoked = Arc::new(told);
        self
    }

    /// Starts a session for a user who has just proved who they are.
    ///
    /// # Errors
    /// [`StartError::IdTaken`] or [`StartError::Store`].
    pub async fn start(&self, login: NewSession, now: NumericDate) -> Result<Grant, StartError> {
        let session = Session::begin(login, &self.policy, whole_millisecond(now));
        match self.store.insert(&session).await? {
            true => Ok(self.grant(session, Occasion::Login)),
            false => Err(StartError::IdTaken),
        }
    }

    /// Exchanges a refresh token for its successor (RFC 6749 §6), by the rule of [`decide`]. Issue an access token for the
    /// user of the session only with the [`Grant`].
    ///
    /// `address` is from where the request came, to be shown in the list of sessions; it decides nothing.
    ///
    /// # Errors
    /// [`RefreshError`]. After [`RefreshError::Store`] the client still has its token and may try again; if the change was
    /// made and the acknowledgement lost, it gets the same successor within the grace window.
    pub async fn refresh(
        &self,
        token: &str,
        address: Option<IpAddr>,
        now: NumericDate,
    ) -> Result<Grant, RefreshError> {
        let presented = self.keys.authenticate(token)?;
        let now = whole_millisecond(now);
        let refused = |refusal| RefreshError::Refused { session_id: presented.session_id(), refusal };
        for _ in 0..ATTEMPTS {
            let Some(session) = self.store.load(presented.session_id()).await? else {
                return Err(refused(Refusal::Unknown));
            };
            match decide(&presented, &session, now, self.policy.grace) {
                Decision::Rotate(rotation) => {
                    let rotation = Rotation { address, ..rotation };
                    if self.store.rotate(&rotation).await? {
                        return Ok(self.grant(session.after(&rotation), Occasion::Rotation));
                    }
                }
                Decision::Replay => return Ok(self.grant(session, Occasion::Replay)),
                Decision::Revoke(reason) => {
                    if let Some(revoked) = self.end(session, reason, now).await? {
                        return Err(RefreshError::Ended(revoked));
                    }
                }
                Decision::Refuse(refusal) => return Err(refused(refusal)),
            }
        }
        let reason = "it refuses changes of a session that it shows as unchanged".to_owned();
        Err(SessionStoreError::Defect { reason }.into())
    }

    /// Ends the session of a refresh token: any that was ever given out for it, so that nobody keeps a session alive by
    /// having rotated it meanwhile. `None` if it was over already: logging out twice is no error.
    ///
    /// # Errors
    /// [`LogOutError::Invalid`] without asking the store, which most callers answer like success (RFC 7009 §2.2), or
    /// [`LogOutError::Store`]: then the session may still be live, and the client has to be told so.
    pub async fn log_out(&self, token: &str, now: NumericDate) -> Result<Option<Revoked>, LogOutError> {
        let presented = self.keys.authenticate(token)?;
        let Some(session) = self.store.load(presented.session_id()).await? else { return Ok(None) };
        Ok(self.end(session, RevocationReason::LoggedOut, whole_millisecond(now)).await?)
    }

    /// Ends all sessions of a user but the current one, and gives those that it has ended.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    pub async fn log_out_others(
        &self,
        user_id: &str,
        current: SessionId,
        now: NumericDate,
    ) -> Result<Vec<Revoked>, SessionStoreError> {
        self.revoke_user(user_id, Some(current), RevocationReason::LoggedOut, now).await
    }

    /// Ends all sessions of a user, and gives those that it has ended.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    pub async fn log_out_all(
        &self,
        user_id: &str,
        now: NumericDate,
    ) -> Result<Vec<Revoked>, SessionStoreError> {
        self.revoke_user(user_id, None, RevocationReason::LoggedOut, now).await
    }

    /// The live sessions of a user, the last refreshed first, at most `limit`.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    pub async fn list(
        &self,
        user_id: &str,
        limit: u32,
        now: NumericDate,
    ) -> Result<Vec<Session>, SessionStoreError> {
        self.store.list(user_id, whole_millisecond(now), limit).await
    }

    /// Ends one session. `None` if there is no such session, it is over already, or it is not the revoker's: whoever asks
    /// for another's session learns nothing about it.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    pub async fn revoke(
        &self,
        id: SessionId,
        by: Revoker<'_>,
        now: NumericDate,
    ) -> Result<Option<Revoked>, SessionStoreError> {
        let Some(session) = self.store.load(id).await? else { return Ok(None) };
        let reason = match by {
            Revoker::User(user_id) if user_id != session.user_id => return Ok(None),
            Revoker::User(_) => RevocationReason::LoggedOut,
            Revoker::Administrator => RevocationReason::Administrator,
        };
        self.end(session, reason, whole_millisecond(now)).await
    }

    /// Ends all sessions of a user, or all but one, for a reason: when the password was changed
    /// ([`PasswordChanged`](RevocationReason::PasswordChanged), keeping the session in which it was), or the user disabled.
    /// Gives those that it has ended.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    pub async fn revoke_user(
        &self,
        user_id: &str,
        keep: Option<SessionId>,
        reason: RevocationReason,
        now: NumericDate,
    ) -> Result<Vec<Revoked>, SessionStoreError> {
        let revocation = Revocation { at: whole_millisecond(now), reason };
        let ids = self.store.revoke_all(user_id, keep, revocation).await?;
        let told = |session_id| {
            let revoked = Revoked { session_id, user_id: user_id.to_owned(), revocation };
            (self.on_revoked)(&revoked);
            revoked
        };
        Ok(ids.into_iter().map(told).collect())
    }

    /// Clears away at most `limit` sessions that have been over for `keep` or longer, and says how many: call it again
    /// until it says fewer than `limit`. Keep them for an access token's lifetime at least, so that the store still knows
    /// of each revoked session that has access tokens.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    pub async fn purge(
        &self,
        keep: Duration,
        limit: u32,
        now: NumericDate,
    ) -> Result<u64, SessionStoreError> {
        self.store.purge(whole_millisecond(now - keep), limit).await
    }

    /// Revokes a session and tells of it; `None` if somebody else did it before, or it is gone.
    async fn end(
        &self,
        session: Session,
        reason: RevocationReason,
        now: NumericDate,
    ) -> Result<Option<Revoked>, SessionStoreError> {
        let revocation = Revocation { at: now, reason };
        if !self.store.revoke(session.id, revocation).await? {
            return Ok(None);
        }
        let revoked = Revoked { session_id: session.id, user_id: session.user_id, revocation };
        (self.on_revoked)(&revoked);
        Ok(Some(revoked))
    }

    fn grant(&self, session: Session, occasion: Occasion) -> Grant {
        Grant { token: self.keys.issue(session.id, session.counter), session, occasion }
    }
}

/// Stores keep milliseconds: a moment is cut to what comes back from them before anything is decided with it.
fn whole_millisecond(moment: NumericDate) -> NumericDate {
    NumericDate::from_millis(moment.as_millis())
}

impl<S: Clone> Clone for Sessions<S> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            keys: Arc::clone(&self.keys),
            policy: self.policy,
            on_revoked: Arc::clone(&self.on_revoked),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Sessions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("store", &self.store)
            .field("keys", &self.keys)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Why no session was started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another session has this id, which was then not drawn at random, or this status index: draw again.
    #[error("the id or the status index of the session is taken")]
    IdTaken,
    /// The store gave no answer. The session may have been stored; nobody has a token for it.
    #[error(transparent)]
    Store(#[from] SessionStoreError),
}

impl StartError {
    /// The stable code: `session_id_taken`, or one of [`SessionStoreError::code`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::IdTaken => "session_id_taken",
            Self::Store(error) => error.code(),
        }
    }
}

/// Why a refresh token got no successor.
///
/// All but [`Store`](Self::Store) are RFC 6749 §5.2 `invalid_grant`: the client has to log in again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// It is no refresh token of ours. The store was not asked.
    #[error(transparent)]
    Invalid(#[from] InvalidRefreshToken),
    /// It is one, and good for nothing any more.
    #[error("{refusal}")]
    Refused {
        /// The session that it names: for the log.
        session_id: SessionId,
        /// Why it is good for nothing.
        refusal: Refusal,
    },
    /// Presenting it has just ended its session: [`Reused`](RevocationReason::Reused) or
    /// [`RolledBack`](RevocationReason::RolledBack). Worth a line in the log of security events.
    #[error("the refresh token was not the one to be used now, and its session has been ended")]
    Ended(Revoked),
    /// The store gave no answer; this says nothing about the token.
    #[error(transparent)]
    Store(#[from] SessionStoreError),
}

impl RefreshError {
    /// The stable code: one of [`InvalidRefreshToken::code`], [`Refusal::code`] or [`SessionStoreError::code`], or
    /// `refresh_token_reused`, `session_rolled_back`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::Refused { refusal, .. } => refusal.code(),
            Self::Ended(revoked) if revoked.revocation.reason == RevocationReason::RolledBack => {
                "session_rolled_back"
            }
            Self::Ended(_) => "refresh_token_reused",
            Self::Store(error) => error.code(),
        }
    }

    /// The session of the token, if it was one of ours: for the log.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match self {
            Self::Refused { session_id, .. } => Some(*session_id),
            Self::Ended(revoked) => Some(revoked.session_id),
            Self::Invalid(_) | Self::Store(_) => None,
        }
    }
}

/// Why a logout did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogOutError {
    /// What was presented is no refresh token of ours. The store was not asked.
    #[error(transparent)]
    Invalid(#[from] InvalidRefreshToken),
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] SessionStoreError),
}

impl LogOutError {
    /// The stable code: one of [`InvalidRefreshToken::code`] or [`SessionStoreError::code`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::Store(error) => error.code(),
        }
    }
}
