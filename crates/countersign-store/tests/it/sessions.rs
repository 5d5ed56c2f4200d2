//! Sessions, by the suite that every session store has to pass.

use std::sync::atomic::{AtomicU32, Ordering};

use countersign::session::conformance;
use countersign_store::Store;

use crate::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract_of_a_session_store() -> Result<(), conformance::Violation> {
    let folder = Folder::new();
    let count = AtomicU32::new(0);
    conformance::run(async || {
        let name = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        Store::open_file(&folder.database().with_file_name(name)).await.unwrap()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_race_as_the_contract_says() -> Result<(), conformance::Violation> {
    let folder = Folder::new();
    conformance::race(&[folder.open().await, folder.open().await]).await
}
