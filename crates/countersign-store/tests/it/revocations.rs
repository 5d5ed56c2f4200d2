//! Users and single tokens that are revoked.

use std::time::Duration;

use countersign::revocation::Entry;
use countersign::session::{Revocation, RevocationReason, SessionId, SessionStore};
use countersign_jwt::NumericDate;
use countersign_store::{Announced, News, Revoked, Store};
use tokio::task::JoinSet;

use crate::{Database, at};

on_both_engines! {
    what_is_revoked_is_told_to_whoever_asks_and_nothing_else_is,
    of_several_moments_the_last_counts_and_none_makes_it_count_for_less,
    a_user_and_a_token_of_one_name_are_two,
    of_many_that_revoke_the_same_at_once_all_succeed_and_the_last_moment_stays,
    what_counts_no_longer_is_not_told_and_is_cleared_away_in_batches,
    ids_come_back_as_they_went,
}

fn revoked(entry: Entry, until: i64) -> Revoked {
    Revoked { entry, counts_until: at(until) }
}

/// Everything that counts at a moment, in the order of the ids.
async fn counting(store: &Store, now: NumericDate) -> Vec<Revoked> {
    let mut revoked = store.revoked_since(None, now).await.unwrap();
    revoked.sort_by(|one, other| one.entry.cmp(&other.entry));
    revoked
}

async fn what_is_revoked_is_told_to_whoever_asks_and_nothing_else_is(database: Database) {
    let (here, there) = (database.open().await, database.open().await);
    assert!(here.revoke_user("ada", at(0), at(100)).await.unwrap());
    assert!(here.revoke_token("jti-1", at(10), at(50)).await.unwrap());
    let (ada, token) = (revoked(Entry::user("ada", at(0)), 100), revoked(Entry::token("jti-1", at(10)), 50));
    assert_eq!(counting(&there, at(10)).await, [ada.clone(), token.clone()]);
    // After a moment, and not at it.
    let a_little = Duration::from_millis(1);
    assert_eq!(there.revoked_since(Some(at(0)), at(10)).await.unwrap(), [token]);
    assert_eq!(there.revoked_since(Some(at(0) - a_little), at(60)).await.unwrap(), [ada]);
    assert_eq!(there.revoked_since(Some(at(10)), at(10)).await.unwrap(), []);
}

async fn of_several_moments_the_last_counts_and_none_makes_it_count_for_less(database: Database) {
    let store = database.open().await;
    assert!(store.revoke_user("ada", at(10), at(100)).await.unwrap());
    assert!(!store.revoke_user("ada", at(10), at(200)).await.unwrap());
    assert!(!store.revoke_user("ada", at(5), at(200)).await.unwrap());
    assert_eq!(counting(&store, at(20)).await, [revoked(Entry::user("ada", at(10)), 100)]);
    assert!(store.revoke_user("ada", at(11), at(90)).await.unwrap());
    assert_eq!(counting(&store, at(20)).await, [revoked(Entry::user("ada", at(11)), 100)]);
    assert!(store.revoke_user("ada", at(12), at(110)).await.unwrap());
    assert_eq!(counting(&store, at(20)).await, [revoked(Entry::user("ada", at(12)), 110)]);
}

async fn a_user_and_a_token_of_one_name_are_two(database: Database) {
    let store = database.open().await;
    assert!(store.revoke_user("same", at(1), at(100)).await.unwrap());
    assert!(store.revoke_token("same", at(2), at(100)).await.unwrap());
    let both = [revoked(Entry::user("same", at(1)), 100), revoked(Entry::token("same", at(2)), 100)];
    assert_eq!(counting(&store, at(3)).await, both);
}

async fn of_many_that_revoke_the_same_at_once_all_succeed_and_the_last_moment_stays(database: Database) {
    let stores = [database.open().await, database.open().await];
    let mut tasks = JoinSet::new();
    for number in 0..32_i64 {
        let store = stores[(number % 2) as usize].clone();
        tasks.spawn(async move { store.revoke_user("ada", at(number), at(100 + number)).await.unwrap() });
    }
    assert!(tasks.join_all().await.contains(&true));
    assert_eq!(counting(&stores[0], at(50)).await, [revoked(Entry::user("ada", at(31)), 131)]);
}

async fn what_counts_no_longer_is_not_told_and_is_cleared_away_in_batches(database: Database) {
    let store = database.open().await;
    for number in 0..5 {
        assert!(store.revoke_token(&format!("jti-{number}"), at(0), at(number)).await.unwrap());
    }
    assert_eq!(counting(&store, at(2)).await.len(), 2);
    assert_eq!(store.purge_revocations(at(-1), 10).await.unwrap(), 0);
    assert_eq!(store.purge_revocations(at(2), 2).await.unwrap(), 2);
    assert_eq!(store.purge_revocations(at(2), 2).await.unwrap(), 1);
    assert_eq!(store.purge_revocations(at(2), 2).await.unwrap(), 0);
    assert_eq!(counting(&store, at(-10)).await.len(), 2);
}

async fn ids_come_back_as_they_went(database: Database) {
    let store = database.open().await;
    for id in ["", "u", "用户 'O\"Brien\\%", &"x".repeat(255)] {
        assert!(store.revoke_token(id, at(0), at(9)).await.unwrap());
        let told = store.revoked_since(None, at(0)).await.unwrap();
        assert!(told.contains(&revoked(Entry::token(id, at(0)), 9)), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_tells_of_each_revocation_that_is_news_in_its_order() {
    let database = Database::postgres();
    let (here, there) = (database.open().await, database.open().await);
    let mut listener = there.listen().await.unwrap().unwrap();
    let id = SessionId::from_bytes([7; 16]);
    assert!(here.revoke_user("ada lovelace", at(1), at(100)).await.unwrap());
    assert!(!here.revoke_user("ada lovelace", at(1), at(100)).await.unwrap());
    assert!(here.revoke_token("jti.1", at(2), at(50)).await.unwrap());
    let revocation = Revocation { at: at(3), reason: RevocationReason::LoggedOut };
    assert!(!here.revoke(id, revocation).await.unwrap());

    let one =
        |entry, until| News::Revoked(Announced { sessions: vec![], others: vec![revoked(entry, until)] });
    assert_eq!(listener.next().await.unwrap(), Some(one(Entry::user("ada lovelace", at(1)), 100)));
    assert_eq!(listener.next().await.unwrap(), Some(one(Entry::token("jti.1", at(2)), 50)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_release_tells_is_a_reason_to_ask() {
    let database = Database::postgres();
    let mut listener = database.open().await.listen().await.unwrap().unwrap();
    database.execute("SELECT pg_notify('countersign_revocations', '1 group.YWRh.2')").await;
    assert_eq!(listener.next().await.unwrap(), None);
}
