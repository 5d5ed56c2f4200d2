//! The handle that everything goes through.

use std::future::Future;

use sqlx::any::AnyRow;
use sqlx::{Any, AnyPool, Row, Transaction};

use countersign_jwt::NumericDate;

use crate::engine::{self, Engine, Subject};
use crate::migrations::Migrated;
use crate::statements;

/// An open database. Clones are cheap and share its connections.
///
/// Reads run side by side; writes to a SQLite file take turns, in the order in which they were asked for.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
    reads: AnyPool,
    writes: AnyPool,
    migrated: Migrated,
}

/// Why the database gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached or used at the moment: say 503, never that something does not exist.
    #[error("the database is not available: {reason}")]
    Unavailable {
        /// What the database or the operating system says; holds no value that was stored or asked for.
        reason: String,
    },
    /// It was asked in a way that it does not understand, or holds what it should not: an error in this program.
    #[error("the database refused a statement: {reason}")]
    Defect {
        /// What the database says; holds no value that was stored or asked for.
        reason: String,
    },
}

impl Store {
    pub(crate) fn new(engine: Engine, (reads, writes): (AnyPool, AnyPool), migrated: Migrated) -> Self {
        Self { engine, reads, writes, migrated }
    }

    /// What opening it did to its tables.
    #[must_use]
    pub fn migrated(&self) -> Migrated {
        self.migrated
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// As every method: [`StoreError::Unavailable`] when it gives none.
    pub async fn health(&self) -> Result<(), StoreError> {
        self.answer(sqlx::query(statements::PING).fetch_optional(&self.reads)).await?;
        Ok(())
    }

    /// Waits for what is under way and closes every connection. On SQLite the last to leave moves the write-ahead log into
    /// the file. Later calls, on any clone, fail with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }

    /// Waits for what was asked, but not for ever.
    pub(crate) async fn answer<T>(
        &self,
        asked: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let answered = tokio::time::timeout(self.engine.patience(), asked).await;
        Ok(answered.unwrap_or_else(|_| Err(engine::no_answer()))?)
    }

    /// For statements that change nothing.
    pub(crate) fn reads(&self) -> &AnyPool {
        &self.reads
    }

    /// For single statements that change something.
    pub(crate) fn writes(&self) -> &AnyPool {
        &self.writes
    }

    /// The statement by which processes tell each other; `None` where they cannot.
    pub(crate) fn announcement(&self) -> Option<&'static str> {
        self.engine.announcement()
    }

    /// The same of the signing keys.
    pub(crate) fn signing_keys_announcement(&self) -> Option<&'static str> {
        self.engine.signing_keys_announcement()
    }

    /// Where to connect to in order to listen.
    pub(crate) fn postgres_url(&self) -> Option<String> {
        let url = || self.reads.connect_options().database_url.to_string();
        self.announcement().map(|_| url())
    }

    /// For several statements that belong together, of which one changes something.
    pub(crate) async fn begin_write(
        &self,
        subject: Subject,
    ) -> Result<Transaction<'static, Any>, sqlx::Error> {
        self.engine.begin_write(&self.writes, subject).await
    }

    /// For many statements that change nothing and see one moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        self.engine.begin_snapshot(&self.reads).await
    }
}

/// Reads a moment from a column of milliseconds.
pub(crate) fn moment(row: &AnyRow, column: &str) -> Result<NumericDate, sqlx::Error> {
    row.try_get(column).map(NumericDate::from_millis)
}

/// Reads a moment that may not have come.
pub(crate) fn optional_moment(row: &AnyRow, column: &str) -> Result<Option<NumericDate>, sqlx::Error> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(NumericDate::from_millis))
}
