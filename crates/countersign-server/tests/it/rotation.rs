//! Keys that change while the service runs.

use std::{
    collections::BTreeSet,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use countersign::{
    AuthError, JwtStrategy, RemoteJwkSet, Strategy as _,
    jwt::{AccessTokenClaims, Unverified, Verifier},
};
use serde_json::Value;

use crate::support::{EMAIL, Folder, PASSWORD, Service, Tokens, on_both_engines};

const ISSUER: &str = "https://auth.example";

/// Everything happens as it would within hours, in seconds.
const HURRIED: [(&str, &str); 3] = [
    ("COUNTERSIGN_ISSUER", ISSUER),
    ("COUNTERSIGN_KEYS_MAX_AGE", "1s"),
    ("COUNTERSIGN_KEYS_CHECK_EVERY", "200ms"),
];

/// Nothing that is waited for takes this long.
const PATIENCE: Duration = Duration::from_secs(120);

on_both_engines! {
    a_rotation_is_announced_and_then_signs_without_a_restart;
    a_verifier_that_is_waited_for_holds_a_key_back_until_it_has_fetched_it;
    a_verifier_that_never_fetches_holds_a_key_back_until_the_deadline;
    in_an_emergency_a_new_key_signs_at_once_and_the_old_one_can_be_dropped;
}

fn key_id(token: &str) -> String {
    let header: Value = serde_json::from_str(Unverified::decode(token).unwrap().header()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn states(folder: &Folder) -> Vec<(String, String)> {
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    let keys = folder.run(["key", "list", "--json"], "").ok();
    let keys = keys.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    keys.map(|key| (text(&key, "kid"), text(&key, "state"))).collect()
}

/// Refreshes until the key of the new access token is this one.
fn refresh_until_signed_by(service: &Service, tokens: &mut Tokens, wanted: &str) {
    while key_id(&tokens.access) != wanted {
        *tokens = Tokens::of(&service.refresh(&tokens.refresh));
    }
}

fn a_rotation_is_announced_and_then_signs_without_a_restart(folder: &Folder) {
    let service = folder.serve_with(&HURRIED);
    service.register(EMAIL, PASSWORD);
    let mut tokens = service.tokens(EMAIL, PASSWORD);
    let before = tokens.clone();
    let old = key_id(&before.access);

    let announced = folder.run_with(["key", "rotate"], "", &HURRIED);
    assert!(announced.err.contains("published it for 1400ms"), "{announced:?}");
    let new = announced.ok();
    let again = folder.run(["key", "rotate"], "");
    assert_eq!((again.code, again.err.contains("announced already")), (Some(1), true), "{again:?}");

    refresh_until_signed_by(&service, &mut tokens, &new);
    for token in [&before.access, &tokens.access] {
        assert_eq!(service.profile(token).status, 200);
    }
    let state = |id: &str, state: &str| (id.to_owned(), state.to_owned());
    assert_eq!(states(folder), [state(&old, "retired"), state(&new, "signing")]);
    let published = service.get("/.well-known/jwks.json", &[]);
    assert_eq!(published.header("cache-control"), "public, max-age=1");
    assert_eq!(published.json()["keys"].as_array().unwrap().len(), 2);
}

fn a_verifier_that_is_waited_for_holds_a_key_back_until_it_has_fetched_it(folder: &Folder) {
    let settings = [&HURRIED[..], &[("COUNTERSIGN_KEYS_VERIFIERS", "billing,orders")]].concat();
    let (service, other) = (folder.serve_with(&settings), folder.serve_with(&settings));
    service.register(EMAIL, PASSWORD);
    let mut tokens = service.tokens(EMAIL, PASSWORD);
    let old = key_id(&tokens.access);
    let new = folder.run(["key", "rotate"], "").ok();
    let fetch = |service: &Service, name: &str| {
        let path = format!("/.well-known/jwks.json?verifier={name}");
        while !service.get(&path, &[]).body.contains(&new) {}
    };
    fetch(&service, "orders");
    fetch(&other, "somebody");
    while !(service.log().contains("held back") && other.log().contains("held back")) {
        tokens = Tokens::of(&service.refresh(&tokens.refresh));
        assert_eq!(key_id(&tokens.access), old);
    }
    assert!(service.log().contains("billing"), "{}", service.log());

    fetch(&other, "billing");
    refresh_until_signed_by(&service, &mut tokens, &new);
}

fn a_verifier_that_never_fetches_holds_a_key_back_until_the_deadline(folder: &Folder) {
    let waiting = [("COUNTERSIGN_KEYS_VERIFIERS", "billing"), ("COUNTERSIGN_KEYS_HOLD_BACK", "1s")];
    let service = folder.serve_with(&[&HURRIED[..], &waiting].concat());
    service.register(EMAIL, PASSWORD);
    let mut tokens = service.tokens(EMAIL, PASSWORD);
    let new = folder.run(["key", "rotate"], "").ok();
    refresh_until_signed_by(&service, &mut tokens, &new);
    assert!(service.log().contains("held back"), "{}", service.log());
}

fn in_an_emergency_a_new_key_signs_at_once_and_the_old_one_can_be_dropped(folder: &Folder) {
    let service = folder.serve_with(&HURRIED);
    // Looks for new keys when a token names one that it does not know, and else not while this test runs.
    let drowsy =
        folder.serve_with(&[("COUNTERSIGN_ISSUER", ISSUER), ("COUNTERSIGN_KEYS_CHECK_EVERY", "10m")]);
    service.register(EMAIL, PASSWORD);
    let mut tokens = service.tokens(EMAIL, PASSWORD);
    let before = tokens.access.clone();
    let old = key_id(&before);
    folder.run(["key", "rotate"], "").ok();

    let emergency = folder.run(["key", "rotate", "--now"], "");
    assert_eq!(
        emergency.err.lines().filter(|line| line.starts_with("warning: ")).count(),
        2,
        "{emergency:?}"
    );
    let new = emergency.ok();
    let state = |id: &str, state: &str| (id.to_owned(), state.to_owned());
    // The one that was announced is gone: who has the old one may have that, too.
    assert_eq!(states(folder), [state(&old, "retired"), state(&new, "signing")]);
    refresh_until_signed_by(&service, &mut tokens, &new);
    for service in [&drowsy, &service] {
        for token in [&before, &tokens.access] {
            assert_eq!(service.profile(token).status, 200);
        }
    }

    for (id, code) in [(new.as_str(), 1), ("absent", 1), (&old, 0), (&old, 1)] {
        assert_eq!(folder.run(["key", "drop", id], "").code, Some(code), "{id}");
    }
    while service.profile(&before).status == 200 {}
    assert_eq!(service.profile(&before).code(), "key_unknown");
    assert_eq!(service.profile(&tokens.access).status, 200);
}

#[test]
fn the_master_key_changes_while_three_instances_serve_and_nothing_is_refused_or_unreadable() {
    let folder = Folder::on_postgres();
    let (old, new) = ("11".repeat(32), "22".repeat(32));
    let serving = |first: &str, other: Option<&str>| {
        let mut settings = HURRIED.to_vec();
        settings.push(("COUNTERSIGN_MASTER_KEY", first));
        settings.extend(other.map(|other| ("COUNTERSIGN_OTHER_MASTER_KEYS", other)));
        folder.serve_with(&settings)
    };
    let mut instances: Vec<_> = (0..3).map(|_| serving(&old, None)).collect();
    instances[0].register(EMAIL, PASSWORD);
    let mut sessions: Vec<_> = instances.iter().map(|instance| instance.tokens(EMAIL, PASSWORD)).collect();
    let mut all_are_good = |instances: &[Service]| {
        for session in &mut sessions {
            for instance in instances {
                let before = session.access.clone();
                *session = Tokens::of(&instance.refresh(&session.refresh));
                for token in [&before, &session.access] {
                    let answers = instances.iter().map(|instance| instance.profile(token).status);
                    assert_eq!(answers.collect::<Vec<_>>(), [200; 3]);
                }
            }
        }
    };
    let reseal = |first: &str, others: &[(&str, &str)]| {
        let settings = [&[("COUNTERSIGN_MASTER_KEY", first)], others].concat();
        folder.run_with(["key", "reseal"], "", &settings)
    };
    all_are_good(&instances);

    // One after the other, as the guide says: first all accept the new one, then all use it, then nobody needs the old one.
    for (first, other) in [(&old, Some(&new)), (&new, Some(&old)), (&new, None)] {
        for number in 0..3 {
            instances[number] = serving(first, other.map(String::as_str));
            all_are_good(&instances);
        }
        let others: Vec<_> =
            other.iter().map(|other| ("COUNTERSIGN_OTHER_MASTER_KEYS", other.as_str())).collect();
        let resealed = reseal(first, &others).ok();
        assert_eq!(resealed, if first == &new && other.is_some() { "1" } else { "0" });
    }
    let refused = reseal(&old, &[]);
    assert_eq!((refused.code, refused.err.contains("another master key")), (Some(1), true), "{refused:?}");
    for instance in &instances {
        assert!(!instance.log().contains("ERROR"), "{}", instance.log());
    }
}

/// A verifier elsewhere, which keeps the published keys for as long as it may.
struct Remote {
    runtime: tokio::runtime::Runtime,
    strategy: JwtStrategy<AccessTokenClaims, RemoteJwkSet>,
}

impl Remote {
    fn of(service: &Service) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let set = RemoteJwkSet::from_url(&format!("{}/.well-known/jwks.json", service.url())).unwrap();
        let second = Duration::from_secs(1);
        let keys = runtime.block_on(async { set.freshness(second..=second).start().unwrap() });
        Self { runtime, strategy: JwtStrategy::new(Verifier::access_tokens(ISSUER, "countersign"), keys) }
    }

    fn verify(&self, token: &str) -> Result<(), AuthError> {
        let request = axum::http::Request::get("/").header("authorization", format!("Bearer {token}"));
        let (head, ()) = request.body(()).unwrap().into_parts();
        self.runtime.block_on(self.strategy.authenticate(&head)).map(drop)
    }
}

#[test]
fn twenty_rotations_under_load_on_three_instances_refuse_not_one_request() {
    const ROTATIONS: usize = 20;
    let folder = Folder::on_postgres();
    let settings = [&HURRIED[..], &[("COUNTERSIGN_KEYS_ROTATE_EVERY", "1400ms")]].concat();
    let instances: Vec<_> = (0..3).map(|_| folder.serve_with(&settings)).collect();
    let remotes: Vec<_> = instances.iter().map(Remote::of).collect();
    instances[0].register(EMAIL, PASSWORD);
    let (told, hear) = mpsc::channel();
    let (enough, requests) = (AtomicBool::new(false), AtomicUsize::new(0));

    // A session each; every access token is presented everywhere as soon as it is there, and the first of its key once more.
    let load = |number: usize, told: mpsc::Sender<String>| {
        let mut tokens = instances[number].tokens(EMAIL, PASSWORD);
        let mut first_of_key = Vec::<String>::new();
        for turn in number.. {
            if enough.load(Ordering::Relaxed) {
                break;
            }
            tokens = Tokens::of(&instances[turn % 3].refresh(&tokens.refresh));
            let id = key_id(&tokens.access);
            if first_of_key.last().is_none_or(|token| key_id(token) != id) {
                first_of_key.push(tokens.access.clone());
                told.send(id).unwrap();
            }
            for token in [&tokens.access, &first_of_key[turn % first_of_key.len()]] {
                for (instance, remote) in instances.iter().zip(&remotes) {
                    let answer = instance.profile(token);
                    assert_eq!(answer.status, 200, "{answer:?} {}", instance.log());
                    if let Err(error) = remote.verify(token) {
                        panic!("{error:?} for {} of {first_of_key:?}", key_id(token));
                    }
                }
                requests.fetch_add(2 * instances.len(), Ordering::Relaxed);
            }
        }
    };
    let keys = thread::scope(|scope| {
        let load = &load;
        for number in 0..3 {
            let told = told.clone();
            scope.spawn(move || load(number, told));
        }
        drop(told);
        let mut keys = BTreeSet::new();
        while keys.len() <= ROTATIONS {
            // Nobody speaks any more when they have failed.
            let Ok(id) = hear.recv_timeout(PATIENCE) else { break };
            keys.insert(id);
        }
        enough.store(true, Ordering::Relaxed);
        keys
    });

    assert!(keys.len() > ROTATIONS, "{keys:?}");
    println!("{} requests, {} keys", requests.into_inner(), keys.len());
    for instance in &instances {
        assert!(!instance.log().contains("ERROR"), "{}", instance.log());
    }
    let states = states(&folder);
    assert_eq!(states.iter().filter(|(_, state)| state == "signing").count(), 1, "{states:?}");
    assert!(states.iter().filter(|(_, state)| state == "retired").count() >= ROTATIONS, "{states:?}");
}
