use std::time::Duration;

use countersign_store::{InstallSigningKeyError, KeyPickup, NewSigningKey, Store};
use tokio::task::JoinSet;

use super::{Database, at, key};

on_both_engines! {
    a_new_database_has_no_signing_key,
    the_first_key_signs_and_comes_back_as_stored,
    whoever_comes_second_gets_the_first_key_and_stores_none,
    an_installed_key_signs_and_the_one_before_stays_listed_as_retired,
    a_key_installed_into_an_empty_database_signs,
    a_retired_key_installed_again_signs_again_sealed_anew,
    the_key_that_signs_installed_again_goes_on_signing_since_then,
    another_key_under_a_known_id_is_refused_and_nothing_changes,
    debug_output_of_a_key_leaves_the_sealed_key_out,
    the_next_key_signs_nothing_until_it_is_promoted,
    there_is_one_next_key_at_most,
    only_the_next_key_is_promoted,
    a_key_installed_at_once_withdraws_the_one_that_was_to_be_next,
    only_a_retired_key_is_removed_and_only_if_it_has_not_signed_since,
    the_longest_lifetime_of_its_tokens_is_remembered_with_a_key,
    a_key_is_sealed_anew_by_whoever_has_read_it_last,
    a_verifier_has_the_key_that_it_was_given_last,
    rotations_by_several_at_the_same_moment_retire_one_key_each,
}

/// What of the keys is current, and what is retired since when.
async fn states(store: &Store) -> Vec<(String, bool, Option<i64>)> {
    let seconds = |moment: countersign_jwt::NumericDate| moment.as_secs() - at(0).as_secs();
    let keys = store.signing_keys().await.unwrap();
    keys.into_iter().map(|key| (key.id.clone(), key.is_current(), key.retired_at.map(seconds))).collect()
}

async fn a_new_database_has_no_signing_key(database: Database) {
    let store = database.open().await;
    assert_eq!(store.current_signing_key().await.unwrap(), None);
    assert!(store.signing_keys().await.unwrap().is_empty());
}

async fn the_first_key_signs_and_comes_back_as_stored(database: Database) {
    let store = database.open().await;

    let first = store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();

    assert_eq!(first.id, "key-1");
    assert_eq!(first.algorithm, "ES256");
    assert_eq!(first.sealed, [0, 159, 146, 150, 255]);
    assert_eq!(first.public_jwk, r#"{"kty":"EC"}"#);
    assert_eq!(first.created_at, at(0));
    assert_eq!(first.current_since, Some(at(0)));
    assert_eq!(first.retired_at, None);
    assert!(first.is_current());
    assert_eq!(store.current_signing_key().await.unwrap(), Some(first.clone()));
    assert_eq!(store.signing_keys().await.unwrap(), [first]);
}

async fn whoever_comes_second_gets_the_first_key_and_stores_none(database: Database) {
    let store = database.open().await;
    let first = store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    let second = store.insert_first_signing_key(&key("key-2", 1)).await.unwrap();
    assert_eq!(second, first);
    assert_eq!(states(&store).await, [("key-1".to_owned(), true, None)]);
}

async fn an_installed_key_signs_and_the_one_before_stays_listed_as_retired(database: Database) {
    let store = database.open().await;
    store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    store.install_signing_key(&key("key-2", 10)).await.unwrap();
    store.install_signing_key(&key("key-3", 20)).await.unwrap();

    assert_eq!(store.current_signing_key().await.unwrap().unwrap().id, "key-3");
    assert_eq!(
        states(&store).await,
        [
            ("key-1".to_owned(), false, Some(10)),
            ("key-2".to_owned(), false, Some(20)),
            ("key-3".to_owned(), true, None),
        ]
    );
    // A start after that stores no further key.
    assert_eq!(store.insert_first_signing_key(&key("key-4", 30)).await.unwrap().id, "key-3");
}

async fn a_key_installed_into_an_empty_database_signs(database: Database) {
    let store = database.open().await;
    store.install_signing_key(&key("key-1", 0)).await.unwrap();
    assert_eq!(states(&store).await, [("key-1".to_owned(), true, None)]);
}

async fn a_retired_key_installed_again_signs_again_sealed_anew(database: Database) {
    let store = database.open().await;
    store.install_signing_key(&key("key-1", 0)).await.unwrap();
    store.install_signing_key(&key("key-2", 10)).await.unwrap();
    store.install_signing_key(&NewSigningKey { sealed: b"anew", ..key("key-1", 20) }).await.unwrap();

    let current = store.current_signing_key().await.unwrap().unwrap();
    assert_eq!((current.id.as_str(), current.sealed.as_slice()), ("key-1", b"anew".as_slice()));
    assert_eq!((current.created_at, current.current_since), (at(0), Some(at(20))));
    assert_eq!(
        states(&store).await,
        [("key-1".to_owned(), true, None), ("key-2".to_owned(), false, Some(20))]
    );
}

async fn the_key_that_signs_installed_again_goes_on_signing_since_then(database: Database) {
    let store = database.open().await;
    store.install_signing_key(&key("key-1", 0)).await.unwrap();
    store.install_signing_key(&key("key-1", 10)).await.unwrap();
    let current = store.current_signing_key().await.unwrap().unwrap();
    assert_eq!(current.current_since, Some(at(0)));
    assert_eq!(states(&store).await, [("key-1".to_owned(), true, None)]);
}

async fn another_key_under_a_known_id_is_refused_and_nothing_changes(database: Database) {
    let store = database.open().await;
    store.install_signing_key(&key("key-1", 0)).await.unwrap();
    store.install_signing_key(&key("key-2", 10)).await.unwrap();
    let before = store.signing_keys().await.unwrap();

    let other_key = NewSigningKey { public_jwk: r#"{"kty":"OKP"}"#, ..key("key-1", 20) };
    let other_algorithm = NewSigningKey { algorithm: "ES384", ..key("key-1", 20) };
    for other in [other_key, other_algorithm] {
        assert_eq!(store.install_signing_key(&other).await, Err(InstallSigningKeyError::IdTaken));
    }

    assert_eq!(store.signing_keys().await.unwrap(), before);
    // The write connection was given back in order.
    store.install_signing_key(&key("key-3", 30)).await.unwrap();
}

async fn debug_output_of_a_key_leaves_the_sealed_key_out(database: Database) {
    let store = database.open().await;
    let stored = store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    let printed = format!("{stored:?} {:?}", key("key-1", 0));
    assert!(printed.contains("key-1"));
    assert!(!printed.contains("159"));
}

async fn the_next_key_signs_nothing_until_it_is_promoted(database: Database) {
    let store = database.open().await;
    store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    assert!(store.insert_next_signing_key(&key("key-2", 10)).await.unwrap());

    let keys = store.signing_keys().await.unwrap();
    assert_eq!(
        keys.iter().map(|key| (key.is_current(), key.is_next())).collect::<Vec<_>>(),
        [(true, false), (false, true)]
    );
    assert_eq!(keys[1].created_at, at(10));
    assert_eq!(store.current_signing_key().await.unwrap().unwrap().id, "key-1");

    assert!(store.promote_signing_key("key-2", at(20)).await.unwrap());
    assert_eq!(
        states(&store).await,
        [("key-1".to_owned(), false, Some(20)), ("key-2".to_owned(), true, None)]
    );
    assert_eq!(store.current_signing_key().await.unwrap().unwrap().current_since, Some(at(20)));
}

async fn there_is_one_next_key_at_most(database: Database) {
    let store = database.open().await;
    store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    assert!(store.insert_next_signing_key(&key("key-2", 10)).await.unwrap());
    assert!(!store.insert_next_signing_key(&key("key-3", 10)).await.unwrap());
    assert!(!store.insert_next_signing_key(&key("key-1", 10)).await.unwrap());
    assert_eq!(store.signing_keys().await.unwrap().len(), 2);
    assert!(store.promote_signing_key("key-2", at(20)).await.unwrap());
    assert!(store.insert_next_signing_key(&key("key-3", 20)).await.unwrap());
}

async fn only_the_next_key_is_promoted(database: Database) {
    let store = database.open().await;
    store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    store.install_signing_key(&key("key-2", 10)).await.unwrap();
    let before = store.signing_keys().await.unwrap();
    for id in ["key-1", "key-2", "absent"] {
        assert!(!store.promote_signing_key(id, at(20)).await.unwrap(), "{id}");
    }
    assert_eq!(store.signing_keys().await.unwrap(), before);
}

async fn a_key_installed_at_once_withdraws_the_one_that_was_to_be_next(database: Database) {
    let store = database.open().await;
    store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    store.insert_next_signing_key(&key("key-2", 10)).await.unwrap();
    store.install_signing_key(&key("key-3", 20)).await.unwrap();
    assert_eq!(
        states(&store).await,
        [("key-1".to_owned(), false, Some(20)), ("key-3".to_owned(), true, None)]
    );
    assert!(!store.promote_signing_key("key-2", at(30)).await.unwrap());

    store.insert_next_signing_key(&key("key-4", 30)).await.unwrap();
    store.install_signing_key(&key("key-4", 40)).await.unwrap();
    assert_eq!(store.current_signing_key().await.unwrap().unwrap().id, "key-4");
}

async fn only_a_retired_key_is_removed_and_only_if_it_has_not_signed_since(database: Database) {
    let store = database.open().await;
    store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    store.install_signing_key(&key("key-2", 10)).await.unwrap();
    store.insert_next_signing_key(&key("key-3", 20)).await.unwrap();
    for id in ["key-2", "key-3", "absent"] {
        assert!(!store.remove_retired_signing_key(id, at(10)).await.unwrap(), "{id}");
    }
    // Signed again, and was retired again: the first retirement is not the last.
    store.install_signing_key(&key("key-1", 30)).await.unwrap();
    store.install_signing_key(&key("key-2", 40)).await.unwrap();
    assert!(!store.remove_retired_signing_key("key-1", at(10)).await.unwrap());
    assert!(store.remove_retired_signing_key("key-1", at(40)).await.unwrap());
    assert!(!store.remove_retired_signing_key("key-1", at(40)).await.unwrap());
    assert_eq!(states(&store).await, [("key-2".to_owned(), true, None)]);
}

async fn the_longest_lifetime_of_its_tokens_is_remembered_with_a_key(database: Database) {
    let store = database.open().await;
    let first = store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    assert_eq!(first.token_lifetime, None);
    for (lifetime, longest) in [(60, 60), (900, 900), (30, 900)] {
        store.raise_token_lifetime("key-1", Duration::from_secs(lifetime)).await.unwrap();
        let key = store.current_signing_key().await.unwrap().unwrap();
        assert_eq!(key.token_lifetime, Some(Duration::from_secs(longest)));
    }
}

async fn a_key_is_sealed_anew_by_whoever_has_read_it_last(database: Database) {
    let store = database.open().await;
    let first = store.insert_first_signing_key(&key("key-1", 0)).await.unwrap();
    assert!(store.reseal_signing_key("key-1", &first.sealed, &[1, 2, 3]).await.unwrap());
    assert!(!store.reseal_signing_key("key-1", &first.sealed, &[4, 5, 6]).await.unwrap());
    assert_eq!(store.current_signing_key().await.unwrap().unwrap().sealed, [1, 2, 3]);
}

async fn rotations_by_several_at_the_same_moment_retire_one_key_each(database: Database) {
    let stores = [database.open().await, database.open().await, database.open().await];
    stores[0].insert_first_signing_key(&key("key-0", 0)).await.unwrap();
    for round in 1..=8_i64 {
        let mut instances = JoinSet::new();
        for (number, store) in stores.iter().cloned().enumerate() {
            instances.spawn(async move {
                let mine = format!("key-{round}-{number}");
                store.insert_next_signing_key(&key(&mine, round)).await.unwrap();
                let keys = store.signing_keys().await.unwrap();
                match keys.iter().find(|key| key.is_next()) {
                    Some(next) => store.promote_signing_key(&next.id, at(round)).await.unwrap(),
                    None => false,
                }
            });
        }
        let promoted = instances.join_all().await.into_iter().filter(|promoted| *promoted).count();
        let keys = stores[0].signing_keys().await.unwrap();
        assert!(promoted >= 1, "{round}");
        assert_eq!(keys.iter().filter(|key| key.is_current()).count(), 1);
        assert_eq!(keys.iter().filter(|key| key.retired_at == Some(at(round))).count(), promoted);
    }
}

async fn a_verifier_has_the_key_that_it_was_given_last(database: Database) {
    let store = database.open().await;
    assert!(store.key_pickups().await.unwrap().is_empty());
    for (verifier, key_id) in
        [("orders", "key-1"), ("billing", "key-1"), ("billing", "key-1"), ("orders", "key-2")]
    {
        store.note_key_pickup(verifier, key_id, at(7)).await.unwrap();
    }
    let pickup = |verifier: &str, key_id: &str| KeyPickup {
        verifier: verifier.to_owned(),
        key_id: key_id.to_owned(),
        fetched_at: at(7),
    };
    let pickups = store.key_pickups().await.unwrap();
    assert_eq!(pickups, [pickup("billing", "key-1"), pickup("orders", "key-2")]);
}
