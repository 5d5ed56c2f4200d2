//! Sessions, by the suite that every session store has to pass.

use countersign::session::conformance;
use countersign_store::Store;

use crate::Folder;
use crate::database::{Database, on_both_engines};

on_both_engines![two_stores_on_one_database_race_as_the_contract_says];

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract_of_a_session_store() -> Result<(), conformance::Violation> {
    let folders = std::sync::Mutex::new(Vec::new());
    conformance::run(async || {
        let folder = Folder::new();
        let store = folder.open().await;
        folders.lock().unwrap().push(folder);
        store
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract_of_a_session_store() -> Result<(), conformance::Violation> {
    let server = throwaway_postgres::shared();
    conformance::run(async || Store::open(&server.database()).await.unwrap()).await
}

async fn two_stores_on_one_database_race_as_the_contract_says(database: Database) {
    conformance::race(&[database.open().await, database.open().await]).await.unwrap();
}
