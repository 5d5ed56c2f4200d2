//! What instances say of those who read their feeds.

use countersign_store::VerifierReport;

use crate::{Database, at};

on_both_engines! {
    a_verifier_is_known_for_each_instance_as_that_has_said_last_and_forgotten_when_it_is_not_seen,
}

fn report(instance_id: &str, name: &str, seen: i64) -> VerifierReport {
    VerifierReport {
        instance_id: instance_id.to_owned(),
        name: name.to_owned(),
        connections: 2,
        connected_since: Some(at(0)),
        seen_at: at(seen),
        told_until: Some(at(seen - 1)),
        place: Some("epoch.7".to_owned()),
        resumed_from: None,
    }
}

async fn a_verifier_is_known_for_each_instance_as_that_has_said_last_and_forgotten_when_it_is_not_seen(
    database: Database,
) {
    let store = database.open().await;
    let reports = [report("one", "billing", 10), report("two", "billing", 20), report("one", "orders", 20)];
    store.report_verifiers(&reports, at(0)).await.unwrap();
    assert_eq!(store.verifiers().await.unwrap(), reports);

    let [_, stays, _] = &reports;
    let gone = VerifierReport {
        connections: 0,
        connected_since: None,
        told_until: None,
        place: None,
        resumed_from: Some("epoch.6".to_owned()),
        ..report("one", "orders", 30)
    };
    store.report_verifiers(std::slice::from_ref(&gone), at(15)).await.unwrap();
    assert_eq!(store.verifiers().await.unwrap(), [stays.clone(), gone]);
}
