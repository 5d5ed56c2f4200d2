//! A database of either engine, filled without the store.

use bench_harness::Failure;
use countersign::jwt::{Clock, SystemClock};
use countersign::session::SessionId;
use countersign_store::Store;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tempfile::TempDir;
use throwaway_postgres::Server;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) struct Database {
    pub(crate) engine: Engine,
    url: String,
    /// Removed when the database is dropped.
    _folder: TempDir,
}

/// As a browser calls itself.
const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

impl Database {
    pub(crate) fn new(engine: Engine, server: &Server) -> Result<Self, Failure> {
        sqlx::any::install_default_drivers();
        let folder = tempfile::tempdir()?;
        let url = match engine {
            Engine::Sqlite => format!("sqlite:{}", folder.path().join("countersign.db").display()),
            Engine::Postgres => server.database(),
        };
        Ok(Self { engine, url, _folder: folder })
    }

    /// One more instance.
    pub(crate) async fn open(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.url).await?)
    }

    /// Adds sessions until there are so many: three for each user, as if all had just logged in.
    pub(crate) async fn fill(&self, from: u64, to: u64) -> Result<(), Failure> {
        let now = SystemClock.now().as_millis();
        let (before, id, user, after) = match self.engine {
            Engine::Sqlite => (
                format!(
                    "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {to})"
                ),
                "randomblob(16)",
                "printf('%036d', i / 3)",
                "FROM n".to_owned(),
            ),
            Engine::Postgres => (
                String::new(),
                "uuid_send(gen_random_uuid())",
                "lpad((i / 3)::text, 36, '0')",
                format!("FROM generate_series({from}::bigint, {to} - 1) AS i"),
            ),
        };
        let sql = format!(
            "{before} INSERT INTO sessions (id, user_id, counter, created_at, refreshed_at, expires_at, idle_lifetime, \
             ends_at, user_agent, address) SELECT {id}, {user}, 0, {now}, {now}, {now} + 7776000000, 1209600000, \
             {now} + 1209600000 + i, '{USER_AGENT}', '192.0.2.1' {after}"
        );
        self.execute(sql).await
    }

    /// Some of the sessions that were never refreshed, by chance.
    pub(crate) async fn some_sessions(&self, count: usize) -> Result<Vec<SessionId>, Failure> {
        let sql = format!("SELECT id FROM sessions WHERE counter = 0 ORDER BY random() LIMIT {count}");
        let mut connection = AnyConnection::connect(&self.url).await?;
        let ids: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await?;
        ids.into_iter()
            .map(|id| Ok(SessionId::from_bytes(id.try_into().map_err(|_| "an id has sixteen bytes")?)))
            .collect()
    }

    pub(crate) async fn rows(&self) -> Result<i64, Failure> {
        self.number("SELECT COUNT(*) FROM sessions").await
    }

    /// What the sessions and their indexes take on the disk; of SQLite, the whole file.
    pub(crate) async fn bytes(&self) -> Result<i64, Failure> {
        self.number(match self.engine {
            Engine::Sqlite => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            Engine::Postgres => "SELECT pg_total_relation_size('sessions')",
        })
        .await
    }

    /// Leaves nothing to be done in the background while others are measured.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        let sql = match self.engine {
            Engine::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
            Engine::Postgres => "VACUUM ANALYZE sessions",
        };
        self.execute(sql.to_owned()).await
    }

    pub(crate) async fn text(&self, question: &'static str) -> Result<String, Failure> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        Ok(sqlx::query_scalar(question).fetch_one(&mut connection).await?)
    }

    async fn number(&self, question: &'static str) -> Result<i64, Failure> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        Ok(sqlx::query_scalar(question).fetch_one(&mut connection).await?)
    }

    async fn execute(&self, sql: String) -> Result<(), Failure> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }
}
