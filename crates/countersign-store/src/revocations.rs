//! What was revoked lately: users and single tokens, and what is asked of all kinds.

use countersign::revocation::{Entry, Target};
use countersign::session::SessionId;
use countersign_jwt::NumericDate;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::sessions::{not_ours, session_id, status_index};
use crate::store::moment;
use crate::{Store, StoreError, statements};

/// A user or a single token that is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Who or what, and as of when.
    pub entry: Entry,
    /// Until when a token that it concerns may be good.
    pub counts_until: NumericDate,
}

impl Store {
    /// Revokes a user's tokens of up to this moment, until none of them can be good any more. Of several moments the last
    /// counts: `false` if one as late was known. Their sessions are not touched.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn revoke_user(
        &self,
        user_id: &str,
        at: NumericDate,
        counts_until: NumericDate,
    ) -> Result<bool, StoreError> {
        self.revoke_target(Entry::user(user_id, at), counts_until).await
    }

    /// Revokes one token, which is good until then. `false` if it was revoked as late or later.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn revoke_token(
        &self,
        token_id: &str,
        at: NumericDate,
        counts_until: NumericDate,
    ) -> Result<bool, StoreError> {
        self.revoke_target(Entry::token(token_id, at), counts_until).await
    }

    async fn revoke_target(&self, entry: Entry, counts_until: NumericDate) -> Result<bool, StoreError> {
        let updated = sqlx::query(statements::REVOKE_TARGET)
            .bind(stored_id(&entry.target))
            .bind(entry.at.as_millis())
            .bind(counts_until.as_millis());
        let is_news = self.answer(updated.execute(self.writes())).await?.rows_affected() > 0;
        if is_news {
            self.announce_target(&Revoked { entry, counts_until }).await;
        }
        Ok(is_news)
    }

    /// The sessions that say that they were revoked after this moment, and when: those that were acknowledged before the call.
    ///
    /// The moments are by the clocks of those who revoked. Who asks again and again goes back by more than clocks differ and
    /// a commit takes.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn sessions_revoked_since(
        &self,
        moment_before: NumericDate,
    ) -> Result<Vec<(SessionId, NumericDate)>, StoreError> {
        let asked = sqlx::query(statements::SESSIONS_REVOKED_SINCE).bind(moment_before.as_millis());
        let rows = self.answer(asked.fetch_all(self.reads())).await?;
        let revoked = |row| Ok((session_id(row)?, moment(row, "revoked_at")?));
        Ok(rows.iter().map(revoked).collect::<Result<_, sqlx::Error>>()?)
    }

    /// The places in the status lists of sessions that say that they were revoked after this moment, in any order.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn status_indexes_revoked_since(
        &self,
        moment_before: NumericDate,
    ) -> Result<Vec<u64>, StoreError> {
        let asked = sqlx::query(statements::STATUS_INDEXES_REVOKED_SINCE).bind(moment_before.as_millis());
        let rows = self.answer(asked.fetch_all(self.reads())).await?;
        Ok(rows.iter().map(status_index).collect::<Result<_, _>>()?)
    }

    /// The highest place in the status lists that a session has, live or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn highest_status_index(&self) -> Result<Option<u64>, StoreError> {
        let asked = sqlx::query(statements::HIGHEST_STATUS_INDEX);
        let row = self.answer(asked.fetch_optional(self.reads())).await?;
        Ok(row.as_ref().map(status_index).transpose()?)
    }

    /// The users and single tokens that were revoked after this moment, as [sessions are](Self::sessions_revoked_since), and may
    /// concern a token that is good at `now`; all that may, for `None`.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn revoked_since(
        &self,
        moment_before: Option<NumericDate>,
        now: NumericDate,
    ) -> Result<Vec<Revoked>, StoreError> {
        let asked = sqlx::query(statements::REVOKED_SINCE)
            .bind(moment_before.map_or(i64::MIN, NumericDate::as_millis))
            .bind(now.as_millis());
        let rows = self.answer(asked.fetch_all(self.reads())).await?;
        Ok(rows.iter().map(revoked).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Deletes what concerns no token that is good after `until`, at most `limit` users and tokens, and says how many. It is
    /// called again until it says fewer than `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn purge_revocations(&self, until: NumericDate, limit: u32) -> Result<u64, StoreError> {
        let purge = sqlx::query(statements::PURGE_REVOCATIONS).bind(until.as_millis()).bind(i64::from(limit));
        Ok(self.answer(purge.execute(self.writes())).await?.rows_affected())
    }
}

/// A letter for what it is the id of, and the id.
fn stored_id(target: &Target) -> String {
    match target {
        Target::Session(id) => format!("s{id}"),
        Target::User(id) => format!("u{id}"),
        Target::Token(id) => format!("t{id}"),
    }
}

fn revoked(row: &AnyRow) -> Result<Revoked, sqlx::Error> {
    let id: String = row.try_get("id")?;
    let target = target(&id).ok_or_else(|| not_ours("the id of nothing that can be revoked"))?;
    let entry = Entry { target, at: moment(row, "revoked_at")? };
    Ok(Revoked { entry, counts_until: moment(row, "counts_until")? })
}

/// What a stored id means.
fn target(stored: &str) -> Option<Target> {
    match stored.split_at_checked(1)? {
        ("u", id) => Some(Target::User(id.into())),
        ("t", id) => Some(Target::Token(id.into())),
        _ => None,
    }
}
