//! Moving an installation from one database to another.

use std::time::Duration;

use countersign::session::{Revocation, RevocationReason, Session, SessionId, SessionStore};
use countersign_store::{CopyError, Store};

use super::{Database, at, key, user};

on_both_engines! {
    everything_arrives_as_it_was,
    what_is_not_empty_is_left_as_it_is,
    more_rows_than_go_at_once_arrive_all,
}

const SECOND: Duration = Duration::from_secs(1);

fn session(number: u8) -> Session {
    Session {
        id: SessionId::from_bytes([number; 16]),
        user_id: "user-1".to_owned(),
        counter: u32::from(number),
        created_at: at(0),
        refreshed_at: at(1),
        expires_at: at(1000),
        idle_lifetime: Duration::from_secs(100),
        revocation: number
            .is_multiple_of(2)
            .then_some(Revocation { at: at(5), reason: RevocationReason::LoggedOut }),
        user_agent: (number % 2 == 1).then(|| "curl/8".to_owned()),
        address: (number % 2 == 1).then(|| [192, 0, 2, number].into()),
        status_index: (number % 2 == 1).then_some(u64::from(number)),
    }
}

/// An installation that has seen everything once.
async fn lived_in(database: &Database) -> Store {
    let store = database.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    store.insert_user(&user("user-2", "bob@example.org")).await.unwrap();
    assert!(store.disable_user("user-2", at(3)).await.unwrap());
    store.install_signing_key(&key("key-1", 0)).await.unwrap();
    store.install_signing_key(&key("key-2", 1)).await.unwrap();
    assert!(store.insert(&session(1)).await.unwrap());
    assert!(store.insert(&session(2)).await.unwrap());
    assert!(store.revoke_user("user-1", at(4), at(1000)).await.unwrap());
    assert!(store.revoke_token("jti-1", at(5), at(500)).await.unwrap());
    store
}

/// From each engine to the other, and to its own kind.
async fn everything_arrives_as_it_was(database: Database) {
    let source = lived_in(&database).await;
    for target in [Database::sqlite(), Database::postgres()] {
        let target = target.open().await;
        let copied = source.copy_to(&target).await.unwrap();
        assert_eq!((copied.users, copied.signing_keys, copied.sessions, copied.revocations), (2, 2, 2, 2));
        let revoked = async |store: &Store| {
            let mut revoked = store.revoked_since(Some(at(4) - SECOND), at(10)).await.unwrap();
            revoked.sort_by_key(|revoked| revoked.entry.at);
            revoked
        };
        assert_eq!(revoked(&target).await.len(), 2);
        assert_eq!(revoked(&target).await, revoked(&source).await);
        assert_eq!(target.users_after(None, 10).await.unwrap(), source.users_after(None, 10).await.unwrap());
        assert_eq!(target.signing_keys().await.unwrap(), source.signing_keys().await.unwrap());
        for session in [session(1), session(2)] {
            assert_eq!(target.load(session.id).await.unwrap(), Some(session));
        }
    }
}

async fn what_is_not_empty_is_left_as_it_is(database: Database) {
    let source = lived_in(&database).await;
    for target in [Database::sqlite(), Database::postgres()] {
        let target = target.open().await;
        assert!(target.insert(&session(9)).await.unwrap());
        let refusal = source.copy_to(&target).await.unwrap_err();
        assert_eq!(refusal, CopyError::TargetNotEmpty { table: "sessions", rows: 1 });
        assert!(target.users_after(None, 10).await.unwrap().is_empty());
        assert!(target.signing_keys().await.unwrap().is_empty());
    }
}

async fn more_rows_than_go_at_once_arrive_all(database: Database) {
    let source = database.open().await;
    for number in 0..=250 {
        assert!(source.insert(&session(number)).await.unwrap());
    }
    let target = Database::postgres().open().await;
    assert_eq!(source.copy_to(&target).await.unwrap().sessions, 251);
    for number in 0..=250 {
        assert_eq!(target.load(session(number).id).await.unwrap(), Some(session(number)));
    }
}
