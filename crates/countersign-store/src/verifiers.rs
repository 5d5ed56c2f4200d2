//! What each instance says of the verifiers that read its feed of revocations.

use countersign_jwt::NumericDate;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::instances::{number, stored};
use crate::store::{moment, optional_moment};
use crate::{Store, StoreError, statements};

/// A verifier that reads the feed of an instance, or has read it, as that instance has said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierReport {
    /// The instance.
    pub instance_id: String,
    /// What the verifier calls itself.
    pub name: String,
    /// How many connections under this name were open.
    pub connections: u64,
    /// Since when the oldest of them was; `None` if there was none.
    pub connected_since: Option<NumericDate>,
    /// When one was open last.
    pub seen_at: NumericDate,
    /// Up to when all revocations were written to each connection; `None` if nothing was.
    pub told_until: Option<NumericDate>,
    /// The place in the feed up to which it was written to each connection.
    pub place: Option<String>,
    /// The place from which the verifier asked to read on when it connected last: up to there it has taken everything in.
    pub resumed_from: Option<String>,
}

impl Store {
    /// Remembers what instances say of verifiers, in the place of what each of them has said of the same name before, and forgets
    /// those that were not seen since `forget_before`.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn report_verifiers(
        &self,
        verifiers: &[VerifierReport],
        forget_before: NumericDate,
    ) -> Result<(), StoreError> {
        for verifier in verifiers {
            let report = sqlx::query(statements::REPORT_VERIFIER)
                .bind(verifier.instance_id.as_str())
                .bind(verifier.name.as_str())
                .bind(stored(verifier.connections))
                .bind(verifier.connected_since.map(NumericDate::as_millis))
                .bind(verifier.seen_at.as_millis())
                .bind(verifier.told_until.map(NumericDate::as_millis))
                .bind(verifier.place.as_deref())
                .bind(verifier.resumed_from.as_deref());
            self.answer(report.execute(self.writes())).await?;
        }
        let forget = sqlx::query(statements::FORGET_VERIFIERS).bind(forget_before.as_millis());
        self.answer(forget.execute(self.writes())).await?;
        Ok(())
    }

    /// What is remembered of verifiers, by their names.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn verifiers(&self) -> Result<Vec<VerifierReport>, StoreError> {
        let rows = self.answer(sqlx::query(statements::VERIFIERS).fetch_all(self.reads())).await?;
        Ok(rows.iter().map(verifier).collect::<Result<_, _>>()?)
    }
}

fn verifier(row: &AnyRow) -> Result<VerifierReport, sqlx::Error> {
    Ok(VerifierReport {
        instance_id: row.try_get("instance_id")?,
        name: row.try_get("name")?,
        connections: number(row, "connections")?,
        connected_since: optional_moment(row, "connected_since")?,
        seen_at: moment(row, "seen_at")?,
        told_until: optional_moment(row, "told_until")?,
        place: row.try_get("place")?,
        resumed_from: row.try_get("resumed_from")?,
    })
}
