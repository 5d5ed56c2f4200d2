//! The sessions: one row each, changed by single statements whose row count says who won.

use std::time::Duration;

use countersign::session::{
    Revocation, RevocationReason, Rotation, Session, SessionId, SessionStore, SessionStoreError,
};
use countersign_jwt::NumericDate;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::store::{moment, optional_moment};
use crate::{Store, StoreError, statements};

impl SessionStore for Store {
    async fn insert(&self, session: &Session) -> Result<bool, SessionStoreError> {
        let inserted = self
            .answer(
                sqlx::query(statements::INSERT_SESSION)
                    .bind(session.id.as_bytes().as_slice())
                    .bind(session.user_id.as_str())
                    .bind(i64::from(session.counter))
                    .bind(session.created_at.as_millis())
                    .bind(session.refreshed_at.as_millis())
                    .bind(session.expires_at.as_millis())
                    .bind(milliseconds(session.idle_lifetime))
                    .bind(session.ends_at().as_millis())
                    .bind(session.revocation.map(|its| its.at.as_millis()))
                    .bind(session.revocation.map(|its| its.reason.code()))
                    .bind(session.user_agent.as_deref())
                    .bind(session.address.map(|address| address.to_string()))
                    .bind(session.status_index.and_then(|index| i64::try_from(index).ok()))
                    .execute(self.writes()),
            )
            .await?;
        Ok(inserted.rows_affected() > 0)
    }

    async fn load(&self, id: SessionId) -> Result<Option<Session>, SessionStoreError> {
        let row = self
            .answer(
                sqlx::query(statements::SESSION_BY_ID)
                    .bind(id.as_bytes().as_slice())
                    .fetch_optional(self.reads()),
            )
            .await?;
        Ok(row.as_ref().map(session).transpose().map_err(StoreError::from)?)
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<bool, SessionStoreError> {
        let updated = self
            .answer(
                sqlx::query(statements::ROTATE_SESSION)
                    .bind(rotation.session_id.as_bytes().as_slice())
                    .bind(i64::from(rotation.from))
                    .bind(i64::from(rotation.to))
                    .bind(rotation.at.as_millis())
                    .bind(rotation.ends_at.as_millis())
                    .bind(rotation.address.map(|address| address.to_string()))
                    .execute(self.writes()),
            )
            .await?;
        Ok(updated.rows_affected() > 0)
    }

    async fn revoke(&self, id: SessionId, revocation: Revocation) -> Result<bool, SessionStoreError> {
        let updated = self
            .answer(
                sqlx::query(statements::REVOKE_SESSION)
                    .bind(id.as_bytes().as_slice())
                    .bind(revocation.at.as_millis())
                    .bind(revocation.reason.code())
                    .execute(self.writes()),
            )
            .await?;
        let revoked = updated.rows_affected() > 0;
        if revoked {
            self.announce_sessions(&[id], revocation.at).await;
        }
        Ok(revoked)
    }

    async fn revoke_all(
        &self,
        user_id: &str,
        keep: Option<SessionId>,
        revocation: Revocation,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        // No id is empty, so an empty one spares nobody.
        let keep = keep.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
        let rows = self
            .answer(
                sqlx::query(statements::REVOKE_SESSIONS_OF_USER)
                    .bind(user_id)
                    .bind(keep)
                    .bind(revocation.at.as_millis())
                    .bind(revocation.reason.code())
                    .fetch_all(self.writes()),
            )
            .await?;
        let revoked: Vec<_> =
            rows.iter().map(session_id).collect::<Result<_, _>>().map_err(StoreError::from)?;
        self.announce_sessions(&revoked, revocation.at).await;
        Ok(revoked)
    }

    async fn list(
        &self,
        user_id: &str,
        now: NumericDate,
        limit: u32,
    ) -> Result<Vec<Session>, SessionStoreError> {
        let rows = self
            .answer(
                sqlx::query(statements::LIVE_SESSIONS_OF_USER)
                    .bind(user_id)
                    .bind(now.as_millis())
                    .bind(i64::from(limit))
                    .fetch_all(self.reads()),
            )
            .await?;
        Ok(rows.iter().map(session).collect::<Result<_, _>>().map_err(StoreError::from)?)
    }

    async fn purge(&self, until: NumericDate, limit: u32) -> Result<u64, SessionStoreError> {
        let deleted = self
            .answer(
                sqlx::query(statements::PURGE_SESSIONS)
                    .bind(until.as_millis())
                    .bind(i64::from(limit))
                    .execute(self.writes()),
            )
            .await?;
        Ok(deleted.rows_affected())
    }
}

fn session(row: &AnyRow) -> Result<Session, sqlx::Error> {
    let idle: i64 = row.try_get("idle_lifetime")?;
    let revoked_at = optional_moment(row, "revoked_at")?;
    let reason: Option<String> = row.try_get("revocation")?;
    let reason = reason.as_deref().map_or(RevocationReason::Unknown, RevocationReason::from_code);
    let address: Option<String> = row.try_get("address")?;
    Ok(Session {
        id: session_id(row)?,
        user_id: row.try_get("user_id")?,
        counter: u32::try_from(row.try_get::<i64, _>("counter")?).map_err(not_ours)?,
        created_at: moment(row, "created_at")?,
        refreshed_at: moment(row, "refreshed_at")?,
        expires_at: moment(row, "expires_at")?,
        idle_lifetime: Duration::from_millis(u64::try_from(idle).map_err(not_ours)?),
        revocation: revoked_at.map(|at| Revocation { at, reason }),
        user_agent: row.try_get("user_agent")?,
        address: address.map(|text| text.parse()).transpose().map_err(not_ours)?,
        status_index: row.try_get::<Option<i64>, _>("status_index")?.map(index).transpose()?,
    })
}

pub(crate) fn session_id(row: &AnyRow) -> Result<SessionId, sqlx::Error> {
    let bytes: Vec<u8> = row.try_get("id")?;
    let bytes = bytes.try_into().map_err(|_| not_ours("not the length of a session's id"))?;
    Ok(SessionId::from_bytes(bytes))
}

fn index(column: i64) -> Result<u64, sqlx::Error> {
    u64::try_from(column).map_err(not_ours)
}

/// The index in the status lists in a row that has one.
pub(crate) fn status_index(row: &AnyRow) -> Result<u64, sqlx::Error> {
    index(row.try_get("status_index")?)
}

/// A column holds what nobody here has written.
pub(crate) fn not_ours(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl From<StoreError> for SessionStoreError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { reason } => Self::Unavailable { reason },
            StoreError::Defect { reason } => Self::Defect { reason },
        }
    }
}
