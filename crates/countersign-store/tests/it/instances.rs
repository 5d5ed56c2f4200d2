//! What instances say of themselves.

use countersign_store::{Instance, InstanceKeys};

use crate::{Database, at};

on_both_engines! {
    an_instance_is_as_it_has_said_last_and_forgotten_when_it_says_nothing,
}

fn instance(id: &str, started: i64) -> Instance {
    Instance {
        id: id.to_owned(),
        started_at: at(started),
        reported_at: at(started),
        complete_until: None,
        revocations: 0,
        keys: None,
        unnamed_readers: 0,
    }
}

async fn an_instance_is_as_it_has_said_last_and_forgotten_when_it_says_nothing(database: Database) {
    let store = database.open().await;
    assert_eq!(store.instances().await.unwrap(), []);
    let (second, first) = (instance("a", 1), instance("b", 0));
    for instance in [&second, &first] {
        store.report_instance(instance, at(-60)).await.unwrap();
    }
    assert_eq!(store.instances().await.unwrap(), [first, second.clone()]);

    let keys = |next| InstanceKeys { signing: "key-1".to_owned(), next, read_at: Some(at(68)) };
    let later = Instance {
        reported_at: at(70),
        complete_until: Some(at(69)),
        revocations: 7,
        keys: Some(keys(Some("key-2".to_owned()))),
        unnamed_readers: 3,
        ..second
    };
    store.report_instance(&later, at(10)).await.unwrap();
    assert_eq!(store.instances().await.unwrap(), std::slice::from_ref(&later));
    let rotated = Instance { keys: Some(keys(None)), unnamed_readers: 0, ..later };
    store.report_instance(&rotated, at(10)).await.unwrap();
    assert_eq!(store.instances().await.unwrap(), [rotated]);
}
