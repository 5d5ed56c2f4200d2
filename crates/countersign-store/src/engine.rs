//! What differs between SQLite and PostgreSQL. Nobody else learns of it.

use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyPool, ConnectOptions, Connection, Executor, Transaction};

use crate::StoreError;

/// The database behind a [`Store`](crate::Store).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// What a transaction wants to be alone with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Schema,
    SigningKeys,
}

impl Subject {
    /// Any numbers will do, as long as they differ and never change.
    fn postgres_lock(self) -> &'static str {
        match self {
            Self::Schema => "SELECT pg_advisory_xact_lock(7305808869235650421)",
            Self::SigningKeys => "SELECT pg_advisory_xact_lock(7305808869235650422)",
        }
    }
}

/// How long a caller waits for a connection to the file, or for another process to finish writing it, before the
/// database counts as unavailable.
const SQLITE_PATIENCE: Duration = Duration::from_secs(10);
/// The same for a connection to the server, which may be restarting; then for the statement.
const POSTGRES_PATIENCE: Duration = Duration::from_secs(5);

const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 10;

/// No statement and no lock holds a connection for long, whoever is slow. A server whose default isolation is stricter
/// would refuse the loser of a race, who is to be told that he lost.
const POSTGRES_SETTINGS: &str = "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; \
                                 SET default_transaction_isolation = 'read committed'";

/// Safe to repeat on every connection. FULL and not NORMAL: a commit that was acknowledged survives a loss of power.
pub(crate) const SQLITE_SETTINGS: &str =
    "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";

/// Where it is announced that the signing keys have changed.
pub(crate) const SIGNING_KEYS_CHANNEL: &str = "countersign_signing_keys";
/// Where revocations are announced.
pub(crate) const REVOCATIONS_CHANNEL: &str = "countersign_revocations";

/// Must run before the first connection is opened.
pub(crate) fn install_drivers() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(sqlx::any::install_default_drivers);
}

impl Engine {
    /// Starts a transaction of several statements of which one changes something, alone with `subject` until its end.
    ///
    /// On SQLite it is alone with everything, and has to say so at once: a transaction that began to read cannot wait for
    /// the lock later, and fails with "database is locked".
    pub(crate) async fn begin_write(
        self,
        writes: &AnyPool,
        subject: Subject,
    ) -> Result<Transaction<'static, Any>, sqlx::Error> {
        match self {
            Self::Sqlite => writes.begin_with("BEGIN IMMEDIATE").await,
            Self::Postgres => {
                let mut transaction = writes.begin().await?;
                if subject == Subject::Schema {
                    // What concerns whole tables may take as long as they are large.
                    transaction.execute("SET LOCAL statement_timeout = 0").await?;
                }
                transaction.execute(subject.postgres_lock()).await?;
                Ok(transaction)
            }
        }
    }

    /// Starts a transaction that reads everything as it is at one moment, while others go on writing.
    pub(crate) async fn begin_snapshot(
        self,
        reads: &AnyPool,
    ) -> Result<Transaction<'static, Any>, sqlx::Error> {
        match self {
            Self::Sqlite => reads.begin().await,
            Self::Postgres => reads.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
        }
    }

    /// Within what an answer comes, or the database counts as unavailable: getting a connection and then waiting for
    /// others. Nothing but this bounds the wait for a machine that has vanished from the network.
    pub(crate) fn patience(self) -> Duration {
        match self {
            Self::Sqlite => 2 * SQLITE_PATIENCE,
            Self::Postgres => 2 * POSTGRES_PATIENCE,
        }
    }

    /// Tells all who listen what is bound to it, in the moment of the commit; `None` where nobody can.
    pub(crate) fn announcement(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_notify('countersign_revocations', $1)"),
        }
    }

    /// Tells all who listen that the signing keys have changed; `None` where nobody can.
    pub(crate) fn signing_keys_announcement(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_notify('countersign_signing_keys', '')"),
        }
    }

    /// The type of a column of bytes.
    pub(crate) fn blob(self) -> &'static str {
        match self {
            Self::Sqlite => "BLOB",
            Self::Postgres => "BYTEA",
        }
    }

    /// The connections: many for reading, and those for writing.
    ///
    /// SQLite has one writer at a time. Its writers queue here, in order, for one connection; left to SQLite's own lock
    /// they would wait by trying again, and the unlucky would run out of patience.
    pub(crate) async fn connect(self, options: AnyConnectOptions) -> Result<(AnyPool, AnyPool), sqlx::Error> {
        match self {
            Self::Sqlite => {
                let common = settled(SQLITE_SETTINGS)
                    .acquire_timeout(SQLITE_PATIENCE)
                    .test_before_acquire(false)
                    .idle_timeout(None)
                    .max_lifetime(None);
                let writes = common.clone().max_connections(1).connect_with(options.clone()).await?;
                let reads = common.max_connections(READERS).connect_with(options).await?;
                Ok((reads, writes))
            }
            Self::Postgres => {
                // A pool would try again until its patience is over, and then know no reason.
                let connected = tokio::time::timeout(POSTGRES_PATIENCE, options.connect()).await;
                connected.map_err(|_| no_answer())??.close().await?;
                let pool = settled(POSTGRES_SETTINGS)
                    .acquire_timeout(POSTGRES_PATIENCE)
                    .max_connections(POSTGRES_CONNECTIONS)
                    .connect_with(options)
                    .await?;
                Ok((pool.clone(), pool))
            }
        }
    }
}

/// A pool each of whose connections begins with these settings.
fn settled(settings: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new().after_connect(move |connection, _| {
        Box::pin(async move { connection.execute(settings).await.map(drop) })
    })
}

/// Somebody was asked, and said nothing for longer than our patience.
pub(crate) fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "it does not answer"))
}

/// What kind of failure the database reported, for those that have an answer of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Held by others for longer than our patience.
    Busy,
    /// Cannot be written: permissions, or a disk mounted for reading.
    ReadOnly,
    /// The file cannot be opened.
    CannotOpen,
    /// The file is of another kind.
    NotADatabase,
    /// The file was a database.
    Corrupted,
    /// Unreachable for another reason: no connection, no disk space, no memory, shutting down.
    Unreachable,
    /// Anything else: a statement that is wrong, or a constraint that should have held.
    Defect,
}

impl Failure {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => match error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
                Some(_) => Self::of_sqlite(error.code().as_deref()),
                None => Self::of_postgres(error.code().as_deref()),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unreachable,
            _ => Self::Defect,
        }
    }

    /// By the primary result code, the low byte of the extended one: <https://www.sqlite.org/rescode.html>.
    fn of_sqlite(code: Option<&str>) -> Self {
        let code: Option<u32> = code.and_then(|code| code.parse().ok());
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Self::Busy,
            Some(8) => Self::ReadOnly,
            Some(11) => Self::Corrupted,
            Some(14) => Self::CannotOpen,
            Some(26) => Self::NotADatabase,
            Some(7 | 9 | 10 | 13 | 15) => Self::Unreachable,
            _ => Self::Defect,
        }
    }

    /// By the class of the SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn of_postgres(code: Option<&str>) -> Self {
        match code {
            Some("55P03") => Self::Busy,
            // In the middle of a failover: this was the primary, and is none any more.
            Some("25006") => Self::Unreachable,
            _ => match code.and_then(|code| code.get(..2)) {
                Some("40") => Self::Busy,
                Some("08" | "28" | "3D" | "53" | "57" | "58") => Self::Unreachable,
                _ => Self::Defect,
            },
        }
    }
}

/// What the database says, without sqlx's own words before it.
pub(crate) fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let reason = reason(&error);
        match Failure::of(&error) {
            Failure::Defect => Self::Defect { reason },
            _ => Self::Unavailable { reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::Store;

    async fn increment(store: &Store) -> Result<(), sqlx::Error> {
        let mut transaction = store.begin_write(Subject::SigningKeys).await?;
        let count: i64 = sqlx::query("SELECT value FROM counter").fetch_one(&mut *transaction).await?.get(0);
        sqlx::query("UPDATE counter SET value = $1").bind(count + 1).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn transactions_that_read_and_then_write_wait_for_each_other_across_processes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let mut stores = Vec::new();
        // A store stands for a process: each has a write connection of its own.
        for _ in 0..16 {
            stores.push(Store::open_file(&path).await.unwrap());
        }
        let setup = "CREATE TABLE counter (value BIGINT NOT NULL); INSERT INTO counter VALUES (0);";
        stores[0].writes().execute(setup).await.unwrap();

        let tasks: Vec<_> = stores
            .iter()
            .cloned()
            .map(|store| tokio::spawn(async move { increment(&store).await }))
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }

        let count: i64 =
            sqlx::query("SELECT value FROM counter").fetch_one(stores[0].reads()).await.unwrap().get(0);
        assert_eq!(count, 16);
    }

    #[tokio::test]
    async fn every_connection_to_sqlite_synchronises_waits_and_minds_foreign_keys() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_file(&folder.path().join("test.db")).await.unwrap();
        for pool in [store.reads(), store.writes()] {
            for (pragma, expected) in [("synchronous", 2), ("busy_timeout", 10_000), ("foreign_keys", 1)] {
                let sql = sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"));
                let actual: i64 = sqlx::query(sql).fetch_one(pool).await.unwrap().get(0);
                assert_eq!(actual, expected, "{pragma}");
            }
            let mode: String = sqlx::query("PRAGMA journal_mode").fetch_one(pool).await.unwrap().get(0);
            assert_eq!(mode, "wal");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_connection_to_postgres_bounds_its_waits_whatever_the_server_is_set_to() {
        let url = throwaway_postgres::shared().database();
        let admin = Store::open(&url).await.unwrap();
        admin
            .writes()
            .execute(
                "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || \
                 ' SET default_transaction_isolation = serializable'; END $$",
            )
            .await
            .unwrap();
        let store = Store::open(&url).await.unwrap();
        for (setting, expected) in [
            ("statement_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "1min"),
            ("transaction_isolation", "read committed"),
        ] {
            let sql = sqlx::AssertSqlSafe(format!("SHOW {setting}"));
            let actual: String = sqlx::query(sql).fetch_one(store.reads()).await.unwrap().get(0);
            assert_eq!(actual, expected, "{setting}");
        }
    }

    #[test]
    fn failures_are_told_apart_by_their_codes() {
        for (code, failure) in [
            ("5", Failure::Busy),
            ("517", Failure::Busy),
            ("261", Failure::Busy),
            ("8", Failure::ReadOnly),
            ("1544", Failure::ReadOnly),
            ("11", Failure::Corrupted),
            ("267", Failure::Corrupted),
            ("14", Failure::CannotOpen),
            ("26", Failure::NotADatabase),
            ("13", Failure::Unreachable),
            ("4874", Failure::Unreachable),
            ("1", Failure::Defect),
            ("2067", Failure::Defect),
            ("1555", Failure::Defect),
        ] {
            assert_eq!(Failure::of_sqlite(Some(code)), failure, "{code}");
        }
        for (code, failure) in [
            ("40001", Failure::Busy),
            ("55P03", Failure::Busy),
            ("55000", Failure::Defect),
            ("25006", Failure::Unreachable),
            ("57014", Failure::Unreachable),
            ("08006", Failure::Unreachable),
            ("28P01", Failure::Unreachable),
            ("53300", Failure::Unreachable),
            ("57P01", Failure::Unreachable),
            ("23505", Failure::Defect),
            ("42601", Failure::Defect),
        ] {
            assert_eq!(Failure::of_postgres(Some(code)), failure, "{code}");
        }
    }
}
