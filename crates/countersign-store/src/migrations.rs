//! The tables, brought up to date when a store is opened.

use sqlx::{AnyPool, AssertSqlSafe, Executor};

use crate::engine::{Engine, Subject};

/// In order; the version of a schema is how many of them it has seen. What was released is never edited: a change is
/// one more file.
const ALL: &[&str] = &[
    include_str!("../migrations/0001_users_and_signing_keys.sql"),
    include_str!("../migrations/0002_sessions.sql"),
    include_str!("../migrations/0003_key_rotation.sql"),
    include_str!("../migrations/0004_key_pickups.sql"),
    include_str!("../migrations/0005_instances.sql"),
    include_str!("../migrations/0006_revocations.sql"),
    include_str!("../migrations/0007_status_index.sql"),
    include_str!("../migrations/0008_verifiers.sql"),
];

/// What opening a database did to its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The version that was found; 0 is a database without tables.
    pub from: i64,
    /// The version that it has now: the same where there was nothing to do.
    pub to: i64,
}

/// Why the tables are not up to date.
#[derive(Debug)]
pub(crate) enum MigrationError {
    /// A newer program was here before.
    TooNew {
        found: i64,
        known: i64,
    },
    Database(sqlx::Error),
}

impl From<sqlx::Error> for MigrationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Applies what is missing, all of it or nothing. Whoever starts at the same moment waits, and then finds it done: the
/// transaction holds the lock from before the version is read.
pub(crate) async fn run(engine: Engine, writes: &AnyPool) -> Result<Migrated, MigrationError> {
    let known = version_of(ALL.len());
    let mut transaction = engine.begin_write(writes, Subject::Schema).await?;
    transaction
        .execute("CREATE TABLE IF NOT EXISTS countersign_schema (version BIGINT NOT NULL PRIMARY KEY)")
        .await?;
    // Changes nothing, and is refused where nothing may be changed: better now than at the first registration. Beginning
    // to write is no proof of it, for SQLite grants that to a reader.
    transaction.execute("UPDATE countersign_schema SET version = version WHERE version < 0").await?;
    let found: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM countersign_schema")
        .fetch_one(&mut *transaction)
        .await?;
    if found > known {
        return Err(MigrationError::TooNew { found, known });
    }
    for (index, text) in ALL.iter().enumerate() {
        let version = version_of(index + 1);
        if version <= found {
            continue;
        }
        let script = text.replace("{BLOB}", engine.blob());
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO countersign_schema (version) VALUES ($1)")
            .bind(version)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(Migrated { from: found, to: known })
}

fn version_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
