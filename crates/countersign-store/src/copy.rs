//! Moving an installation: everything in one database, into another that is empty.

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use crate::engine::Subject;
use crate::{Store, StoreError};

/// A table whose rows are copied as they are: what is sealed stays sealed.
struct Table {
    name: &'static str,
    /// The key comes first; it is text or bytes.
    columns: &'static [(&'static str, Kind)],
}

/// The three kinds of columns that there are.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Bytes,
}

/// A value on its way.
#[derive(Clone)]
enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

use Kind::{Bytes, Integer, Text};

const USERS: Table = Table {
    name: "users",
    columns: &[
        ("id", Text),
        ("email", Text),
        ("password_hash", Text),
        ("created_at", Integer),
        ("disabled_at", Integer),
    ],
};

const SIGNING_KEYS: Table = Table {
    name: "signing_keys",
    columns: &[
        ("id", Text),
        ("algorithm", Text),
        ("sealed", Bytes),
        ("public_jwk", Text),
        ("created_at", Integer),
        ("current_since", Integer),
        ("retired_at", Integer),
        ("token_lifetime", Integer),
    ],
};

const SESSIONS: Table = Table {
    name: "sessions",
    columns: &[
        ("id", Bytes),
        ("user_id", Text),
        ("counter", Integer),
        ("created_at", Integer),
        ("refreshed_at", Integer),
        ("expires_at", Integer),
        ("idle_lifetime", Integer),
        ("ends_at", Integer),
        ("revoked_at", Integer),
        ("revocation", Text),
        ("user_agent", Text),
        ("address", Text),
        ("status_index", Integer),
    ],
};

const REVOCATIONS: Table = Table {
    name: "revocations",
    columns: &[("id", Text), ("revoked_at", Integer), ("counts_until", Integer)],
};

/// How many rows go with one statement.
const BATCH: usize = 100;

/// How many rows were copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Users.
    pub users: u64,
    /// Signing keys, each sealed as it was.
    pub signing_keys: u64,
    /// Sessions, those that have ended included.
    pub sessions: u64,
    /// Users and single tokens that are revoked.
    pub revocations: u64,
}

/// Why nothing was copied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// There is something in the target, which would be mixed up with what comes.
    #[error("the target is not empty: the number of rows in its table {table} is {rows}")]
    TargetNotEmpty {
        /// The first table that has rows.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// In the end the target did not hold what the source does; it was left as it was.
    #[error(
        "the number of rows in the table {table} is {source_rows} in the source and would be {target_rows} in the target"
    )]
    Miscounted {
        /// The table.
        table: &'static str,
        /// Its rows in the source.
        source_rows: u64,
        /// Its rows in the target.
        target_rows: u64,
    },
    /// The source gave no answer.
    #[error("the source: {0}")]
    Source(#[source] StoreError),
    /// The target gave no answer; it was left as it was.
    #[error("the target: {0}")]
    Target(#[source] StoreError),
}

impl Store {
    /// Copies everything into an empty store, as it is at one moment, all of it or nothing. Signing keys stay sealed: what
    /// opens them here has to open them there.
    ///
    /// What is written here meanwhile is not copied, so whoever moves stops the service first.
    ///
    /// # Errors
    /// [`CopyError`]; the target is as it was.
    pub async fn copy_to(&self, target: &Self) -> Result<Copied, CopyError> {
        let mut from = self.begin_snapshot().await.map_err(source)?;
        let mut to = target.begin_write(Subject::Schema).await.map_err(CopyError::target)?;
        for table in [&USERS, &SIGNING_KEYS, &SESSIONS, &REVOCATIONS] {
            let rows = table.count(&mut to).await.map_err(CopyError::target)?;
            if rows > 0 {
                return Err(CopyError::TargetNotEmpty { table: table.name, rows });
            }
        }
        let copied = Copied {
            users: USERS.copy(&mut from, &mut to).await?,
            signing_keys: SIGNING_KEYS.copy(&mut from, &mut to).await?,
            sessions: SESSIONS.copy(&mut from, &mut to).await?,
            revocations: REVOCATIONS.copy(&mut from, &mut to).await?,
        };
        to.commit().await.map_err(CopyError::target)?;
        Ok(copied)
    }
}

impl CopyError {
    fn target(error: sqlx::Error) -> Self {
        Self::Target(error.into())
    }
}

fn source(error: sqlx::Error) -> CopyError {
    CopyError::Source(error.into())
}

impl Table {
    async fn copy(
        &self,
        from: &mut Transaction<'static, Any>,
        to: &mut Transaction<'static, Any>,
    ) -> Result<u64, CopyError> {
        let mut last: Option<Value> = None;
        loop {
            let rows = self.page(from, last.as_ref()).await.map_err(source)?;
            let Some(row) = rows.last() else { break };
            last = row.first().cloned();
            self.insert(to, &rows).await.map_err(CopyError::target)?;
        }
        let source_rows = self.count(from).await.map_err(source)?;
        let target_rows = self.count(to).await.map_err(CopyError::target)?;
        if source_rows == target_rows {
            return Ok(target_rows);
        }
        Err(CopyError::Miscounted { table: self.name, source_rows, target_rows })
    }

    async fn count(&self, database: &mut Transaction<'static, Any>) -> Result<u64, sqlx::Error> {
        let sql = format!("SELECT COUNT(*) FROM {}", self.name);
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut **database).await?;
        Ok(rows.unsigned_abs())
    }

    /// The next rows, in the order of the key.
    async fn page(
        &self,
        from: &mut Transaction<'static, Any>,
        last: Option<&Value>,
    ) -> Result<Vec<Vec<Value>>, sqlx::Error> {
        let (name, columns) = (self.name, self.names().join(", "));
        let after = if last.is_some() { "WHERE id > $1 " } else { "" };
        let sql = format!("SELECT {columns} FROM {name} {after}ORDER BY id LIMIT {BATCH}");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        if let Some(last) = last {
            query = bind(query, last.clone());
        }
        let rows = query.fetch_all(&mut **from).await?;
        rows.iter().map(|row| self.read(row)).collect()
    }

    fn read(&self, row: &AnyRow) -> Result<Vec<Value>, sqlx::Error> {
        let value = |(name, kind): &(&str, Kind)| {
            Ok(match kind {
                Text => Value::Text(row.try_get(*name)?),
                Integer => Value::Integer(row.try_get(*name)?),
                Bytes => Value::Bytes(row.try_get(*name)?),
            })
        };
        self.columns.iter().map(value).collect()
    }

    async fn insert(
        &self,
        to: &mut Transaction<'static, Any>,
        rows: &[Vec<Value>],
    ) -> Result<(), sqlx::Error> {
        let width = self.columns.len();
        let row = |number: usize| {
            let placeholders: Vec<String> =
                (1..=width).map(|column| format!("${}", number * width + column)).collect();
            format!("({})", placeholders.join(", "))
        };
        let placeholders: Vec<String> = (0..rows.len()).map(row).collect();
        let (name, columns, values) = (self.name, self.names().join(", "), placeholders.join(", "));
        let sql = format!("INSERT INTO {name} ({columns}) VALUES {values}");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in rows.iter().flatten() {
            query = bind(query, value.clone());
        }
        query.execute(&mut **to).await?;
        Ok(())
    }

    fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(name, _)| *name).collect()
    }
}

type Query<'q> = sqlx::query::Query<'q, Any, sqlx::any::AnyArguments>;

fn bind(query: Query<'_>, value: Value) -> Query<'_> {
    match value {
        Value::Text(value) => query.bind(value),
        Value::Integer(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_column_of_every_table_is_copied() {
        let store = Store::open(&throwaway_postgres::shared().database()).await.unwrap();
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT CAST(table_name || '.' || column_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name \
             NOT IN ('countersign_schema', 'instances', 'key_pickups', 'verifiers') ORDER BY 1",
        )
        .fetch_all(store.reads())
        .await
        .unwrap();
        let mut copied: Vec<String> = [USERS, SIGNING_KEYS, SESSIONS, REVOCATIONS]
            .iter()
            .flat_map(|table| table.names().into_iter().map(|column| format!("{}.{column}", table.name)))
            .collect();
        copied.sort_unstable();
        assert_eq!(copied, found);
    }
}
