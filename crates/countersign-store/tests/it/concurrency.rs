use std::collections::HashSet;
use std::sync::Arc;

use countersign_store::InsertUserError;
use tokio::task::JoinSet;

use super::{Database, at, key, user};

on_both_engines! {
    of_many_registrations_of_one_address_at_the_same_moment_exactly_one_succeeds,
    processes_that_start_at_the_same_moment_on_nothing_get_one_schema_and_one_key,
    keys_installed_at_the_same_moment_leave_exactly_one_that_signs,
    two_stores_on_one_database_hammer_it_without_an_error_and_without_harm,
    what_one_store_has_acknowledged_the_other_reads_at_once,
    a_caller_that_leaves_in_the_middle_of_a_write_leaves_the_store_usable,
}

async fn of_many_registrations_of_one_address_at_the_same_moment_exactly_one_succeeds(database: Database) {
    let stores = [database.open().await, database.open().await];
    let mut registrations = JoinSet::new();
    for number in 0..32 {
        let store = stores[number % 2].clone();
        registrations.spawn(async move {
            let id = format!("user-{number}");
            let result = store.insert_user(&user(&id, "ada@example.org")).await;
            (id, result)
        });
    }

    let (won, lost): (Vec<_>, Vec<_>) =
        registrations.join_all().await.into_iter().partition(|(_, result)| result.is_ok());

    assert_eq!(won.len(), 1);
    for (id, result) in lost {
        assert_eq!(result, Err(InsertUserError::EmailTaken), "{id}");
    }
    for store in &stores {
        assert_eq!(store.user_by_email("ada@example.org").await.unwrap().unwrap().id, won[0].0);
    }
}

async fn processes_that_start_at_the_same_moment_on_nothing_get_one_schema_and_one_key(database: Database) {
    let database = Arc::new(database);
    let mut starts = JoinSet::new();
    for number in 0..16 {
        let database = Arc::clone(&database);
        starts.spawn(async move {
            let store = database.open().await;
            let mine = format!("key-{number}");
            let signing = store.insert_first_signing_key(&key(&mine, number)).await.unwrap();
            store.close().await;
            signing.id
        });
    }

    let keys: HashSet<String> = starts.join_all().await.into_iter().collect();

    assert_eq!(keys.len(), 1);
    let store = database.open().await;
    assert_eq!(store.signing_keys().await.unwrap().len(), 1);
    assert!(database.is_sound().await);
}

async fn keys_installed_at_the_same_moment_leave_exactly_one_that_signs(database: Database) {
    let stores = [database.open().await, database.open().await, database.open().await, database.open().await];
    let mut imports = JoinSet::new();
    for number in 0..16_usize {
        let store = stores[number % 4].clone();
        imports.spawn(async move {
            let id = format!("key-{number:02}");
            store.install_signing_key(&key(&id, 1)).await
        });
    }
    for import in imports.join_all().await {
        import.unwrap();
    }

    let keys = stores[0].signing_keys().await.unwrap();
    assert_eq!(keys.len(), 16);
    assert_eq!(keys.iter().filter(|key| key.is_current()).count(), 1);
    assert_eq!(keys.iter().filter(|key| key.retired_at.is_some()).count(), 15);
}

async fn two_stores_on_one_database_hammer_it_without_an_error_and_without_harm(database: Database) {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 12;
    let stores = [database.open().await, database.open().await];
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let store = stores[writer % 2].clone();
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                let id = format!("user-{writer}-{round}");
                let email = format!("{id}@example.org");
                store.insert_user(&user(&id, &email)).await.unwrap();
                assert!(
                    store.replace_password_hash(&id, "$argon2id$first", "$argon2id$second").await.unwrap()
                );
                store.install_signing_key(&key(&id, 1)).await.unwrap();
                assert_eq!(
                    store.user_by_email(&email).await.unwrap().unwrap().password_hash,
                    "$argon2id$second"
                );
                assert!(store.disable_user(&id, at(2)).await.unwrap());
                assert!(store.current_signing_key().await.unwrap().is_some());
                assert!(!store.users_after(None, 5).await.unwrap().is_empty());
            }
        });
    }
    tasks.join_all().await;

    for store in &stores {
        let users = store.users_after(None, 1000).await.unwrap();
        assert_eq!(users.len(), WRITERS * ROUNDS);
        assert!(users.iter().all(|user| user.disabled_at == Some(at(2))));
        assert_eq!(store.signing_keys().await.unwrap().len(), WRITERS * ROUNDS);
    }
    assert!(database.is_sound().await);
}

async fn what_one_store_has_acknowledged_the_other_reads_at_once(database: Database) {
    let (here, there) = (database.open().await, database.open().await);
    for number in 0..20 {
        let id = format!("user-{number}");
        let email = format!("{id}@example.org");
        here.insert_user(&user(&id, &email)).await.unwrap();
        assert!(there.user_by_id(&id).await.unwrap().is_some(), "{id}");
    }
}

async fn a_caller_that_leaves_in_the_middle_of_a_write_leaves_the_store_usable(database: Database) {
    let store = database.open().await;
    for number in 0..20 {
        let id = format!("key-{number}");
        let key = key(&id, 1);
        let installing = store.install_signing_key(&key);
        // Polled a few times, then dropped, wherever it is then.
        let mut installing = Box::pin(installing);
        for _ in 0..number {
            let once = std::future::poll_fn(|context| {
                std::task::Poll::Ready(installing.as_mut().poll(context).is_ready())
            });
            if once.await {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    store.install_signing_key(&key("the-last", 2)).await.unwrap();
    let keys = store.signing_keys().await.unwrap();
    assert_eq!(keys.iter().filter(|key| key.is_current()).count(), 1);
    assert_eq!(store.current_signing_key().await.unwrap().unwrap().id, "the-last");
}
