use countersign_store::{InsertUserError, StoreError};

use super::{Database, at, user};

on_both_engines! {
    a_user_is_found_by_id_and_by_address_as_stored,
    moments_are_kept_to_the_millisecond,
    nobody_is_found_who_is_not_there,
    an_address_is_taken_once_and_the_first_user_stays_as_stored,
    an_id_given_twice_is_a_defect_and_not_a_taken_address,
    text_of_any_script_and_shape_comes_back_as_it_went,
    pages_hold_every_user_once_in_the_order_of_addresses,
    a_user_disabled_twice_is_disabled_since_the_first_time,
    a_password_hash_is_replaced_only_while_it_is_the_one_that_was_verified,
    debug_output_of_a_user_leaves_the_password_hash_out,
}

async fn a_user_is_found_by_id_and_by_address_as_stored(database: Database) {
    let store = database.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();

    let ada = store.user_by_email("ada@example.org").await.unwrap().unwrap();

    assert_eq!(ada.id, "user-1");
    assert_eq!(ada.email, "ada@example.org");
    assert_eq!(ada.password_hash, "$argon2id$first");
    assert_eq!(ada.created_at, at(0));
    assert_eq!(ada.disabled_at, None);
    assert_eq!(store.user_by_id("user-1").await.unwrap(), Some(ada));
}

async fn moments_are_kept_to_the_millisecond(database: Database) {
    let store = database.open().await;
    let created_at = at(0) + std::time::Duration::from_nanos(123_456_789);
    store
        .insert_user(&countersign_store::NewUser { created_at, ..user("user-1", "ada@example.org") })
        .await
        .unwrap();
    let ada = store.user_by_id("user-1").await.unwrap().unwrap();
    assert_eq!(ada.created_at.as_millis(), 1_700_000_000_123);
}

async fn nobody_is_found_who_is_not_there(database: Database) {
    let store = database.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    for email in
        ["", "ada@example.or", "ADA@example.org", "ada@example.org ", "%", "ada@example.org' OR '1'='1"]
    {
        assert_eq!(store.user_by_email(email).await.unwrap(), None, "{email:?}");
    }
    assert_eq!(store.user_by_id("user-2").await.unwrap(), None);
}

async fn an_address_is_taken_once_and_the_first_user_stays_as_stored(database: Database) {
    let store = database.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    let before = store.user_by_id("user-1").await.unwrap();

    let second = store.insert_user(&user("user-2", "ada@example.org")).await;

    assert_eq!(second, Err(InsertUserError::EmailTaken));
    assert_eq!(store.user_by_id("user-1").await.unwrap(), before);
    assert_eq!(store.user_by_id("user-2").await.unwrap(), None);
}

async fn an_id_given_twice_is_a_defect_and_not_a_taken_address(database: Database) {
    let store = database.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    let second = store.insert_user(&user("user-1", "bob@example.org")).await;
    assert!(matches!(second, Err(InsertUserError::Store(StoreError::Defect { .. }))), "{second:?}");
}

async fn text_of_any_script_and_shape_comes_back_as_it_went(database: Database) {
    let store = database.open().await;
    for (number, email) in
        ["zoë@bücher.example", "用户@例子.测试", "o'brien\"@example.org", "a\u{301}@x"].iter().enumerate()
    {
        let id = format!("user-{number}");
        store.insert_user(&user(&id, email)).await.unwrap();
        assert_eq!(store.user_by_email(email).await.unwrap().unwrap().email, *email);
    }
}

async fn pages_hold_every_user_once_in_the_order_of_addresses(database: Database) {
    let store = database.open().await;
    for name in ["eve", "ada", "dan", "bob", "cat"] {
        store.insert_user(&user(name, &format!("{name}@example.org"))).await.unwrap();
    }

    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut last: Option<String> = None;
    loop {
        let page = store.users_after(last.as_deref(), 2).await.unwrap();
        let full = page.len() == 2;
        last = page.last().map(|user| user.email.clone());
        pages.push(page.into_iter().map(|user| user.id).collect());
        if !full {
            break;
        }
    }

    assert_eq!(pages, [vec!["ada", "bob"], vec!["cat", "dan"], vec!["eve"]]);
    assert!(store.users_after(Some("eve@example.org"), 2).await.unwrap().is_empty());
    assert!(store.users_after(None, 0).await.unwrap().is_empty());
}

async fn a_user_disabled_twice_is_disabled_since_the_first_time(database: Database) {
    let store = database.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    store.insert_user(&user("user-2", "bob@example.org")).await.unwrap();

    assert!(store.disable_user("user-1", at(10)).await.unwrap());
    assert!(store.disable_user("user-1", at(20)).await.unwrap());
    assert!(!store.disable_user("user-3", at(30)).await.unwrap());

    assert_eq!(store.user_by_id("user-1").await.unwrap().unwrap().disabled_at, Some(at(10)));
    assert_eq!(store.user_by_id("user-2").await.unwrap().unwrap().disabled_at, None);
}

async fn a_password_hash_is_replaced_only_while_it_is_the_one_that_was_verified(database: Database) {
    let store = database.open().await;
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    store.insert_user(&user("user-2", "bob@example.org")).await.unwrap();

    assert!(store.replace_password_hash("user-1", "$argon2id$first", "$argon2id$second").await.unwrap());
    assert!(!store.replace_password_hash("user-1", "$argon2id$first", "$argon2id$third").await.unwrap());
    assert!(!store.replace_password_hash("user-3", "$argon2id$first", "$argon2id$third").await.unwrap());

    assert_eq!(store.user_by_id("user-1").await.unwrap().unwrap().password_hash, "$argon2id$second");
    assert_eq!(store.user_by_id("user-2").await.unwrap().unwrap().password_hash, "$argon2id$first");
}

async fn debug_output_of_a_user_leaves_the_password_hash_out(database: Database) {
    let store = database.open().await;
    let new = user("user-1", "ada@example.org");
    store.insert_user(&new).await.unwrap();
    let stored = store.user_by_id("user-1").await.unwrap();
    assert!(!format!("{new:?} {stored:?}").contains("argon2id"));
}
