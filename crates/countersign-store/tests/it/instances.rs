//! What instances say of themselves.

use countersign_store::Instance;

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

    let later = Instance { reported_at: at(70), complete_until: Some(at(69)), revocations: 7, ..second };
    store.report_instance(&later, at(10)).await.unwrap();
    assert_eq!(store.instances().await.unwrap(), [later]);
}
