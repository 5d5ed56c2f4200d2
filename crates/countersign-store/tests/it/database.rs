//! A new database for each test, on either engine.

use countersign_store::Store;

use crate::{Folder, ask};

/// Has each of these tests, which take a [`Database`], run on SQLite and on PostgreSQL.
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::database::Database::sqlite()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::database::Database::postgres()).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;

/// An empty database.
pub(crate) struct Database {
    url: String,
    /// What a SQLite file stands in.
    folder: Option<Folder>,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = Folder::new();
        Self { url: format!("sqlite:{}", folder.database().display()), folder: Some(folder) }
    }

    pub(crate) fn postgres() -> Self {
        Self { url: throwaway_postgres::shared().database(), folder: None }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A store on it, as one process would have it: each has connections of its own.
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// That SQLite finds its file sound. PostgreSQL has no such question.
    pub(crate) async fn assert_sound(&self) {
        if let Some(folder) = &self.folder {
            assert_eq!(ask(&folder.database(), "PRAGMA integrity_check").await, "ok");
        }
    }
}
