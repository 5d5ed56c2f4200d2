//! The store through its public API, on real files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers included")]

mod concurrency;
mod opening;
mod sessions;
mod signing_keys;
mod users;

use std::path::PathBuf;

use countersign_jwt::NumericDate;
use countersign_store::{NewSigningKey, NewUser, Store};
use tempfile::TempDir;

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
