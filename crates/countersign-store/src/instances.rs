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
            .bind(i64::try_from(instance.revocations).unwrap_or(i64::MAX));
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
    Ok(Instance {
        id: row.try_get("id")?,
        started_at: moment(row, "started_at")?,
        reported_at: moment(row, "reported_at")?,
        complete_until: optional_moment(row, "complete_until")?,
        // Written from a number that is not negative.
        revocations: u64::try_from(row.try_get::<i64, _>("revocations")?).unwrap_or_default(),
    })
}
