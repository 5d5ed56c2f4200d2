//! What only a server can do wrong, and what its URL says.

use countersign_store::{OpenError, Store};

use super::Database;

async fn refusal(url: &str) -> OpenError {
    Store::open(url).await.map(|_| ()).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_to_open_a_database_makes_its_tables_and_the_next_finds_them() {
    let database = Database::postgres();
    let (first, second) = (database.open().await.migrated(), database.open().await.migrated());
    assert_eq!((first.from, second.from), (0, first.to));
    assert_eq!(second.to, first.to);
    assert!(first.to > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_a_newer_program_is_refused() {
    let database = Database::postgres();
    database.open().await.close().await;
    database.execute("INSERT INTO countersign_schema (version) VALUES (1000)").await;
    let Database::Postgres(url) = database else { unreachable!() };
    assert!(matches!(refusal(&url).await, OpenError::SchemaTooNew { found: 1000, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_program_are_left_alone() {
    let database = Database::postgres();
    database.execute("CREATE TABLE users (name TEXT)").await;
    let Database::Postgres(url) = &database else { unreachable!() };
    let refusal = refusal(url).await;
    assert!(matches!(&refusal, OpenError::Schema { reason, .. } if reason.contains("users")), "{refusal}");
    // Nothing of ours was left beside it.
    database.execute("CREATE TABLE countersign_schema (name TEXT)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_named() {
    let Database::Postgres(url) = Database::postgres() else { unreachable!() };
    let refusal = refusal(&url.replace("/test_", "/absent_")).await;
    assert!(matches!(refusal, OpenError::Unreachable { .. }), "{refusal}");
    assert!(refusal.to_string().contains("absent_"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_that_is_asked_for_is_not_given_up_where_the_server_has_none() {
    let Database::Postgres(url) = Database::postgres() else { unreachable!() };
    for mode in ["require", "verify-ca", "verify-full"] {
        let refusal = refusal(&format!("{url}&sslmode={mode}")).await;
        assert!(refusal.to_string().contains("server does not support TLS"), "{mode}: {refusal}");
    }
    for mode in ["disable", "prefer"] {
        assert!(Store::open(&format!("{url}&sslmode={mode}")).await.is_ok(), "{mode}");
    }
    let refusal = refusal(&format!("{url}&sslmode=sometimes")).await;
    assert!(
        matches!(&refusal, OpenError::InvalidUrl { reason } if reason.contains("sometimes")),
        "{refusal}"
    );
}
