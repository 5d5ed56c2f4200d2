use countersign_store::{InstallSigningKeyError, NewSigningKey, Store};

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
