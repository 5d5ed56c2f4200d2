//! Sessions, by the suite that every session store has to pass, and by stories that chance makes up.

use std::net::Ipv6Addr;
use std::time::Duration;

use countersign::session::{Revocation, RevocationReason, Session, SessionId, SessionStore, conformance};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::{Database, at};

on_both_engines! {
    the_contract_of_a_session_store_is_kept,
    two_stores_on_one_database_race_as_the_contract_says,
    stories_that_chance_makes_up_go_as_the_model_says,
    what_is_unusual_in_a_session_comes_back_as_it_went,
}

const EMPTY: &str = "DELETE FROM sessions";

async fn the_contract_of_a_session_store_is_kept(database: Database) {
    let store = database.open().await;
    let outcome = conformance::run(async || {
        database.execute(EMPTY).await;
        store.clone()
    });
    outcome.await.unwrap();
}

async fn two_stores_on_one_database_race_as_the_contract_says(database: Database) {
    conformance::race(&[database.open().await, database.open().await]).await.unwrap();
}

async fn stories_that_chance_makes_up_go_as_the_model_says(database: Database) {
    let store = database.open().await;
    let stories = (
        prop::collection::vec(any::<u32>(), 1..60),
        prop_oneof![3 => Just(Duration::from_secs(10)), 1 => Just(Duration::ZERO)],
    );
    let config = Config { cases: 24, max_shrink_iters: 64, failure_persistence: None, ..Config::default() };
    block_in_place(|| {
        let told = TestRunner::new(config).run(&stories, |(numbers, grace)| {
            let steps = conformance::steps(&numbers);
            let told = Handle::current().block_on(async {
                database.execute(EMPTY).await;
                conformance::play(store.clone(), grace, &steps).await
            });
            prop_assert!(told.is_ok(), "{}\n{steps:#?}", told.unwrap_err());
            Ok(())
        });
        told.unwrap();
    });
}

async fn what_is_unusual_in_a_session_comes_back_as_it_went(database: Database) {
    let store = database.open().await;
    let session = Session {
        id: SessionId::from_bytes([0; 16]),
        user_id: "用户 'O\"Brien\\%".to_owned(),
        counter: u32::MAX,
        created_at: at(-2_000_000_000),
        refreshed_at: at(0),
        expires_at: at(1 << 40),
        idle_lifetime: Duration::from_secs(1 << 40),
        revocation: Some(Revocation { at: at(1), reason: RevocationReason::Reused }),
        user_agent: Some("é".repeat(128)),
        address: Some(Ipv6Addr::LOCALHOST.into()),
        status_index: Some(i64::MAX as u64),
    };
    assert!(store.insert(&session).await.unwrap());
    assert_eq!(store.load(session.id).await.unwrap(), Some(session));
}
