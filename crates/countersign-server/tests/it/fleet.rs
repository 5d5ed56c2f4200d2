//! What operators see of each instance and of each verifier, and how instances hear of new keys.

use countersign::{
    jwt::KeySet,
    revocation::{RemoteRevocations, ReqwestConnect},
};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::runtime::Runtime;

use crate::{
    revocation::until,
    support::{EMAIL, Folder, PASSWORD, Service, on_both_engines},
};

const ISSUER: (&str, &str) = ("COUNTERSIGN_ISSUER", "https://auth.example");
const FEED_KEY: &str = "0123456789abcdef0123456789abcdef";
const FEED: (&str, &str) = ("COUNTERSIGN_REVOCATION_FEED_KEY", FEED_KEY);
/// So seldom that nothing in a test is found out by it.
const NEVER_LOOKS: (&str, &str) = ("COUNTERSIGN_KEYS_CHECK_EVERY", "10m");

on_both_engines! {
    the_status_tells_who_reads_the_feed_up_to_where_and_who_has_stopped;
    the_holders_of_keys_are_told_and_which_verifier_holds_the_next_one_back;
}

/// What a command says with `--json`, of this kind.
fn listed(folder: &Folder, command: &[&str], settings: &[(&str, &str)], kind: &str) -> Vec<Value> {
    let lines = folder.run_with(command.iter().chain(&["--json"]), "", settings).ok();
    let things = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    things.filter(|thing| thing["kind"] == kind).collect()
}

/// A verifier in another process, as far as it can tell.
fn reader(runtime: &Runtime, service: &Service, name: Option<&str>) -> RemoteRevocations {
    let keys = KeySet::from_json(&service.get("/.well-known/jwks.json", &[]).body).unwrap();
    let url = format!("{}/auth/revocations", service.url());
    let mut builder = RemoteRevocations::from_url(&url, ISSUER.1).unwrap();
    if let Some(name) = name {
        builder = builder.verifier_name(name).unwrap();
    }
    let connect = ReqwestConnect::on_loopback(FEED_KEY).unwrap();
    runtime.block_on(async { builder.start_with(connect, keys) }).unwrap()
}

fn the_status_tells_who_reads_the_feed_up_to_where_and_who_has_stopped(folder: &Folder) {
    let service = folder.serve_with(&[ISSUER, FEED]);
    service.register(EMAIL, PASSWORD);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let billing = reader(&runtime, &service, Some("billing"));
    let unnamed = reader(&runtime, &service, None);

    let status = |kind: &str| listed(folder, &["revocation", "status"], &[], kind);
    let billing_is = |is: fn(&Value) -> bool| match status("verifier").as_slice() {
        [] => false,
        [verifier] => verifier["name"] == "billing" && is(verifier),
        more => panic!("{more:?}"),
    };
    until(&true, || {
        billing_is(|verifier| {
            verifier["connected"] == true && verifier["age_seconds"].as_u64().is_some_and(|age| age < 60)
        })
    });
    until(&json!(1), || status("instance")[0]["unnamed_readers"].clone());
    let ends_with = |value: &Value, end: &str| value.as_str().is_some_and(|text| text.ends_with(end));
    let verifier = status("verifier").remove(0);
    assert!(ends_with(&verifier["place"], ".0") && ends_with(&verifier["resumed_from"], ".0"), "{verifier}");
    assert_eq!(verifier["instance"], status("instance")[0]["id"]);

    service.log_out(&service.tokens(EMAIL, PASSWORD).refresh);
    until(&true, || {
        billing_is(|verifier| verifier["place"].as_str().is_some_and(|place| place.ends_with(".1")))
    });

    drop((billing, unnamed, runtime));
    until(&true, || billing_is(|verifier| verifier["connected"] == false && verifier["connections"] == 0));
    let text = folder.run(["revocation", "status"], "").ok();
    let row = text.lines().find(|line| line.starts_with("verifier  billing  last seen ")).unwrap();
    assert!(row.contains(".1  age "), "{row}");
}

fn the_holders_of_keys_are_told_and_which_verifier_holds_the_next_one_back(folder: &Folder) {
    let settings = [
        ISSUER,
        ("COUNTERSIGN_KEYS_MAX_AGE", "1s"),
        ("COUNTERSIGN_KEYS_CHECK_EVERY", "200ms"),
        ("COUNTERSIGN_KEYS_VERIFIERS", "billing,orders"),
        ("COUNTERSIGN_KEYS_HOLD_BACK", "1h"),
    ];
    let service = folder.serve_with(&settings);
    let held = |kind: &str| listed(folder, &["key", "list", "--holders"], &settings, kind);
    let states = || {
        let state = |verifier: Value| (verifier["name"].clone(), verifier["state"].clone());
        held("verifier").into_iter().map(state).collect::<Vec<_>>()
    };
    let both = |billing: &str, orders: &str| {
        vec![(json!("billing"), json!(billing)), (json!("orders"), json!(orders))]
    };
    assert_eq!(states(), both("no_next_key", "no_next_key"));

    let next = folder.run_with(["key", "rotate"], "", &settings).ok();
    while !service.get("/.well-known/jwks.json?verifier=orders", &[]).body.contains(&next) {}
    until(&both("holds_back", "has_it"), states);
    let [billing, orders] = held("verifier").try_into().unwrap();
    assert_eq!((&billing["next"], &orders["fetched"]), (&json!(next), &json!(next)));
    assert_eq!((&billing["fetched"], &orders["signs_without_it_at"]), (&Value::Null, &Value::Null));
    let text = folder.run_with(["key", "list", "--holders"], "", &settings).ok();
    assert!(text.contains(&format!("{next} is held back by it until ")), "{text}");
    until(&json!(next), || held("instance")[0]["next"].clone());
    assert!(held("instance")[0]["age_seconds"].as_u64().is_some_and(|age| age < 60), "{text}");
}

/// The ids of the keys that a service publishes.
fn published(service: &Service) -> Vec<String> {
    let keys = service.get("/.well-known/jwks.json", &[]).json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn postgres_tells_every_instance_of_new_keys_and_one_that_was_not_told_looks_when_it_listens_again() {
    let url = throwaway_postgres::shared().database();
    let folder = Folder::with_database(url.clone());
    let instances: Vec<_> = (0..3).map(|_| folder.serve_with(&[ISSUER, NEVER_LOOKS])).collect();
    let first = published(&instances[0]);
    let until_all_publish = |expected: &Vec<String>| {
        instances.iter().for_each(|instance| until(expected, || published(instance)));
    };

    let second = folder.run(["key", "rotate", "--now"], "").ok();
    until_all_publish(&vec![first[0].clone(), second.clone()]);
    let next = folder.run(["key", "rotate"], "").ok();
    until_all_publish(&vec![first[0].clone(), second.clone(), next.clone()]);
    folder.run(["key", "drop", &first[0]], "").ok();
    until_all_publish(&vec![second.clone(), next]);

    // Nobody tells of this, and then nobody can have heard of it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        connection.execute("DELETE FROM signing_keys WHERE current_since IS NULL").await.unwrap();
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        assert_eq!(connection.fetch_all(cut).await.unwrap().len(), 3);
    });
    until_all_publish(&vec![second]);
}

#[test]
fn a_revocation_that_postgres_tells_nobody_of_is_found_within_seconds() {
    let url = throwaway_postgres::shared().database();
    let folder = Folder::with_database(url.clone());
    let service = folder.serve_with(&[ISSUER]);
    service.register(EMAIL, PASSWORD);
    let tokens = service.tokens(EMAIL, PASSWORD);
    assert_eq!(service.profile(&tokens.access).status, 200);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        // As a process does that ends before it has told anybody.
        let revoke = "UPDATE sessions SET revoked_at = refreshed_at + 1, revocation = 'administrator'";
        assert_eq!(connection.execute(revoke).await.unwrap().rows_affected(), 1);
    });
    until(&401, || service.profile(&tokens.access).status);
}
