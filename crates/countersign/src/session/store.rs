//! What sessions ask of whoever remembers them.

use std::future::Future;

use countersign_jwt::NumericDate;

use super::{Revocation, Rotation, Session, SessionId};

/// Remembers sessions.
///
/// Every method is one statement in SQL, and takes effect as a whole or not at all. What [`Sessions`](super::Sessions)
/// promises rests on three things:
///
/// - **Compare and set.** [`rotate`](Self::rotate) and [`revoke`](Self::revoke) look and change in one step; of several
///   callers at the same moment, one gets `true`.
/// - **No looking back.** [`load`](Self::load) sees every change that was acknowledged before it began. A replica that
///   lags behind does not do: it makes the newest refresh token look like one that was never given out.
/// - **What is acknowledged is kept**, also through a crash. After an error it is open whether the change was made.
///
/// The `conformance` module proves a store of your own.
///
/// Moments are whole milliseconds; ids and user ids are compared byte by byte.
pub trait SessionStore: Send + Sync + 'static {
    /// Stores a new session; `false`, and nothing changes, if there is one with this id or this
    /// [`status_index`](Session::status_index), live or not.
    ///
    /// # Errors
    /// [`SessionStoreError`], as every method.
    fn insert(&self, session: &Session) -> impl Future<Output = Result<bool, SessionStoreError>> + Send;

    /// The session with this id, live or not.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    fn load(&self, id: SessionId) -> impl Future<Output = Result<Option<Session>, SessionStoreError>> + Send;

    /// Makes a session [what it is after a rotation](Session::after), on condition that its counter is
    /// [`from`](Rotation::from) and it is not revoked. `false`, and nothing changes, if that is not so or there is no such session.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    fn rotate(&self, rotation: &Rotation) -> impl Future<Output = Result<bool, SessionStoreError>> + Send;

    /// Revokes a session, expired or not, on condition that it is not revoked already. `false`, and nothing changes, if it
    /// is or there is no such session.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    fn revoke(
        &self,
        id: SessionId,
        revocation: Revocation,
    ) -> impl Future<Output = Result<bool, SessionStoreError>> + Send;

    /// Revokes all sessions of a user that are not revoked already, expired or not, but for one that is to be kept. Gives
    /// those that it has revoked, in any order.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    fn revoke_all(
        &self,
        user_id: &str,
        keep: Option<SessionId>,
        revocation: Revocation,
    ) -> impl Future<Output = Result<Vec<SessionId>, SessionStoreError>> + Send;

    /// The sessions of a user that are [live](Session::is_live) at `now`, the last refreshed first, at most `limit`.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    fn list(
        &self,
        user_id: &str,
        now: NumericDate,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Session>, SessionStoreError>> + Send;

    /// Deletes sessions that [ended](Session::ends_at) or were revoked at or before `until`, at most `limit` of them, and
    /// says how many. It is called again until it says fewer than `limit`.
    ///
    /// # Errors
    /// [`SessionStoreError`].
    fn purge(
        &self,
        until: NumericDate,
        limit: u32,
    ) -> impl Future<Output = Result<u64, SessionStoreError>> + Send;
}

/// Why a store gave no answer. It is never the client's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionStoreError {
    /// It cannot be reached or used at the moment: 503 with `Retry-After`, never a refusal.
    #[error("the session store is not available: {reason}")]
    Unavailable {
        /// For the log; holds nothing that was stored or asked for.
        reason: String,
    },
    /// It refuses what it was asked, holds what it should not, or breaks its contract: an error in this program, 500.
    #[error("the session store does not work: {reason}")]
    Defect {
        /// For the log; holds nothing that was stored or asked for.
        reason: String,
    },
}

impl SessionStoreError {
    /// The stable code: `store_unavailable` or `store_defect`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "store_unavailable",
            Self::Defect { .. } => "store_defect",
        }
    }
}
