//! The store through its public API, on real files and on a real server.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers included")]

/// Makes a test of each function for each engine.
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::Database::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::Database::postgres()).await;
            })+
        }
    };
}

mod concurrency;
mod copying;
mod instances;
mod opening;
mod outage;
mod postgres;
mod revocations;
mod sessions;
mod signing_keys;
mod users;
mod verifiers;

use std::path::PathBuf;

use countersign_jwt::NumericDate;
use countersign_store::{NewSigningKey, NewUser, Store};
use tempfile::TempDir;

/// An empty database of its own for each test.
enum Database {
    Sqlite(Folder),
    Postgres(String),
}

impl Database {
    fn sqlite() -> Self {
        Self::Sqlite(Folder::new())
    }

    fn postgres() -> Self {
        Self::Postgres(throwaway_postgres::shared().database())
    }

    /// As many as are asked for share what is in it, as processes would.
    async fn open(&self) -> Store {
        match self {
            Self::Sqlite(folder) => folder.open().await,
            Self::Postgres(url) => Store::open(url).await.unwrap(),
        }
    }

    /// Does something to it behind the back of every store.
    async fn execute(&self, statement: &'static str) {
        use sqlx::{ConnectOptions, Executor};
        match self {
            Self::Sqlite(folder) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.database());
                options.connect().await.unwrap().execute(statement).await.unwrap();
            }
            Self::Postgres(url) => {
                let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
                options.connect().await.unwrap().execute(statement).await.unwrap();
            }
        }
    }

    /// Of a file, that nothing in it is damaged.
    async fn is_sound(&self) -> bool {
        match self {
            Self::Sqlite(folder) => ask(&folder.database(), "PRAGMA integrity_check").await == "ok",
            Self::Postgres(_) => true,
        }
    }
}

/// A folder of its own for each test, removed at its end.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        // Resolved, as errors name it.
        self.0.path().canonicalize().unwrap().join("countersign.db")
    }

    async fn open(&self) -> Store {
        Store::open_file(&self.database()).await.unwrap()
    }
}

fn at(secs: i64) -> NumericDate {
    NumericDate::from_secs(1_700_000_000 + secs)
}

fn user<'a>(id: &'a str, email: &'a str) -> NewUser<'a> {
    NewUser { id, email, password_hash: "$argon2id$first", created_at: at(0) }
}

fn key(id: &str, secs: i64) -> NewSigningKey<'_> {
    NewSigningKey {
        id,
        algorithm: "ES256",
        sealed: &[0, 159, 146, 150, 255],
        public_jwk: r#"{"kty":"EC"}"#,
        created_at: at(secs),
    }
}

/// Asks the file itself, over a connection of its own.
async fn ask(path: &std::path::Path, question: &'static str) -> String {
    use sqlx::{ConnectOptions, Connection, Row};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = options.connect().await.unwrap();
    let answer = sqlx::query(question).fetch_one(&mut connection).await.unwrap().get(0);
    connection.close().await.unwrap();
    answer
}
