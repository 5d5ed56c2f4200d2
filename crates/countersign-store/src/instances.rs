//! What each running service says of itself, for whoever wants to see all of them.

use countersign_jwt::NumericDate;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::store::{moment, optional_moment};
use crate::{Store, StoreError, statements};

/// A running service, as it has said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Another one for each start.
    pub id: String,
    /// When it was started.
    pub started_at: NumericDate,
    /// When it said this.
    pub reported_at: NumericDate,
    /// Up to when it knew of every revocation; `None` if it did not know.
    pub complete_until: Option<NumericDate>,
    /// How many revocations it remembered.
    pub revocations: u64,
    /// The signing keys that it held; `None` where keys are not stored.
    pub keys: Option<InstanceKeys>,
    /// How many read its feed of revocations without saying who they are.
    pub unnamed_readers: u64,
}

/// The signing keys of an instance, as it has said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceKeys {
    /// The id of the one that it signed with.
    pub signing: String,
    /// The id of the next one, if it published one.
    pub next: Option<String>,
    /// When it last knew that these are the keys in the store; `None` if it has not been told since its start.
    pub read_at: Option<NumericDate>,
}

impl Store {
    /// Remembers what an instance says of itself, in the place of what it said before, and forgets those that have said
    /// nothing since `forget_before`.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn report_instance(
        &self,
        instance: &Instance,
        forget_before: NumericDate,
    ) -> Result<(), StoreError> {
        let report = sqlx::query(statements::REPORT_INSTANCE)
            .bind(instance.id.as_str())
            .bind(instance.started_at.as_millis())
            .bind(instance.reported_at.as_millis())
            .bind(instance.complete_until.map(NumericDate::as_millis))
            .bind(stored(instance.revocations))
            .bind(instance.keys.as_ref().map(|keys| keys.signing.as_str()))
            .bind(instance.keys.as_ref().and_then(|keys| keys.next.as_deref()))
            .bind(instance.keys.as_ref().and_then(|keys| keys.read_at).map(NumericDate::as_millis))
            .bind(stored(instance.unnamed_readers));
        self.answer(report.execute(self.writes())).await?;
        let forget = sqlx::query(statements::FORGET_INSTANCES).bind(forget_before.as_millis());
        self.answer(forget.execute(self.writes())).await?;
        Ok(())
    }

    /// The instances that are remembered, in the order in which they were started.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn instances(&self) -> Result<Vec<Instance>, StoreError> {
        let rows = self.answer(sqlx::query(statements::INSTANCES).fetch_all(self.reads())).await?;
        Ok(rows.iter().map(instance).collect::<Result<_, _>>()?)
    }
}

fn instance(row: &AnyRow) -> Result<Instance, sqlx::Error> {
    let (next, read_at) = (row.try_get("next_key")?, optional_moment(row, "keys_read_at")?);
    let signing: Option<String> = row.try_get("signing_key")?;
    Ok(Instance {
        id: row.try_get("id")?,
        started_at: moment(row, "started_at")?,
        reported_at: moment(row, "reported_at")?,
        complete_until: optional_moment(row, "complete_until")?,
        revocations: number(row, "revocations")?,
        keys: signing.map(|signing| InstanceKeys { signing, next, read_at }),
        unnamed_readers: number(row, "unnamed_readers")?,
    })
}

pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads what was written from a number that is not negative.
pub(crate) fn number(row: &AnyRow, column: &str) -> Result<u64, sqlx::Error> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or_default())
}
