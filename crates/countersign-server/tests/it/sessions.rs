//! Sessions of the real binary: races in one process and between two, and what an operator does.

use std::{collections::BTreeSet, thread};

use serde_json::json;

use crate::support::{EMAIL, Folder, PASSWORD, Response, Service, Tokens, on_both_engines, request};

/// How many refresh at once.
const AT_ONCE: usize = 50;

/// Refreshes with one token, all at once, of several services in turn.
fn refresh_at_once(services: &[&Service], token: &str) -> Vec<Response> {
    let start = std::sync::Barrier::new(AT_ONCE);
    thread::scope(|scope| {
        let refreshes: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let (service, start) = (services[number % services.len()], &start);
                scope.spawn(move || {
                    start.wait();
                    service.refresh(token)
                })
            })
            .collect();
        refreshes.into_iter().map(|refresh| refresh.join().unwrap()).collect()
    })
}

/// That of many refreshes at once one rotates, and everybody gets what it gave; then that the same holds for the next.
fn one_rotates_and_all_get_its_successor(services: &[&Service]) {
    services[0].register(EMAIL, PASSWORD);
    let mut token = services[0].tokens(EMAIL, PASSWORD);
    for round in 1..=3 {
        let answers = refresh_at_once(services, &token.refresh);
        let successors: BTreeSet<_> = answers.iter().map(|answer| Tokens::of(answer).refresh).collect();
        assert_eq!(successors.len(), 1, "{successors:?}");
        token = Tokens::of(&answers[0]);
        assert_eq!(token.counter(), round);
    }
    for service in services {
        assert_eq!(service.profile(&token.access).status, 200);
        let sessions = service.with_bearer("GET", "/auth/sessions", &token.access, "").json();
        assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1), "{sessions}");
    }
}

/// That of many refreshes at once without grace one rotates and the session ends, whoever came second.
fn without_grace_one_rotates_and_the_session_ends(services: &[&Service]) {
    services[0].register(EMAIL, PASSWORD);
    let other = services[0].tokens(EMAIL, PASSWORD);
    let token = services[0].tokens(EMAIL, PASSWORD);
    let answers = refresh_at_once(services, &token.refresh);
    let (rotated, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(rotated.len(), 1, "{rotated:?}");
    let codes: Vec<_> = refused.iter().map(|answer| answer.code()).collect();
    assert_eq!(codes.iter().filter(|code| *code == "refresh_token_reused").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "session_revoked").count(), AT_ONCE - 2, "{codes:?}");
    let successor = Tokens::of(rotated[0]).refresh;
    for service in services {
        assert_eq!(service.refresh(&successor).code(), "session_revoked");
    }
    Tokens::of(&services[services.len() - 1].refresh(&other.refresh));
}

on_both_engines! {
    in_one_process_one_rotates_and_all_get_its_successor;
    without_grace_one_rotates_in_one_process_and_the_session_ends;
    of_two_processes_one_rotates_and_all_get_its_successor;
    without_grace_one_of_two_processes_rotates_and_the_session_ends;
    what_one_process_ends_is_over_in_the_other;
    an_operator_who_disables_a_user_ends_their_sessions;
    sessions_survive_a_restart_and_a_switch_to_a_shared_secret_with_the_same_master_key;
}

const ISSUER: (&str, &str) = ("COUNTERSIGN_ISSUER", "https://auth.example");
const STRICT: (&str, &str) = ("COUNTERSIGN_SESSION_GRACE", "0s");

fn in_one_process_one_rotates_and_all_get_its_successor(folder: &Folder) {
    one_rotates_and_all_get_its_successor(&[&folder.serve()]);
}

fn without_grace_one_rotates_in_one_process_and_the_session_ends(folder: &Folder) {
    without_grace_one_rotates_and_the_session_ends(&[&folder.serve_with(&[STRICT])]);
}

fn of_two_processes_one_rotates_and_all_get_its_successor(folder: &Folder) {
    one_rotates_and_all_get_its_successor(&[&folder.serve_with(&[ISSUER]), &folder.serve_with(&[ISSUER])]);
}

fn without_grace_one_of_two_processes_rotates_and_the_session_ends(folder: &Folder) {
    let (one, two) = (folder.serve_with(&[ISSUER, STRICT]), folder.serve_with(&[ISSUER, STRICT]));
    without_grace_one_rotates_and_the_session_ends(&[&one, &two]);
}

/// Two machines have nothing in common but the database and the master key.
#[test]
fn of_two_machines_with_one_postgres_one_rotates_and_all_get_its_successor() {
    let url = throwaway_postgres::shared().database();
    let folders = [Folder::with_database(url.clone()), Folder::with_database(url)];
    let master_key = "00ff".repeat(16);
    let settings = [ISSUER, ("COUNTERSIGN_MASTER_KEY", master_key.as_str())];
    let [one, two] = folders.each_ref().map(|folder| folder.serve_with(&settings));
    one_rotates_and_all_get_its_successor(&[&one, &two]);
}

fn what_one_process_ends_is_over_in_the_other(folder: &Folder) {
    let (one, two) = (folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER]));
    one.register(EMAIL, PASSWORD);
    let (first, second, third) =
        (one.tokens(EMAIL, PASSWORD), one.tokens(EMAIL, PASSWORD), two.tokens(EMAIL, PASSWORD));
    assert_eq!(two.log_out(&first.refresh).status, 204);
    assert_eq!(one.refresh(&first.refresh).code(), "session_revoked");
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another password"}).to_string();
    let changed = two.with_bearer("POST", "/auth/password", &third.access, &change);
    assert_eq!((changed.status, changed.json()), (200, json!({"endedSessions": 1})));
    assert_eq!(one.refresh(&second.refresh).code(), "session_revoked");
    assert_eq!(one.refresh(&third.refresh).status, 200);
    assert_eq!(one.login(EMAIL, PASSWORD).status, 401);
}

fn an_operator_who_disables_a_user_ends_their_sessions(folder: &Folder) {
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let tokens = [service.tokens(EMAIL, PASSWORD), service.tokens(EMAIL, PASSWORD)];
    let ran = folder.run(["user", "disable", EMAIL], "");
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            Some(0),
            "ada@example.com cannot log in any more; 2 sessions ended, and no access token of them is accepted\n"
        )
    );
    for token in tokens {
        assert_eq!(service.refresh(&token.refresh).code(), "session_revoked");
    }
    assert_eq!(service.login(EMAIL, PASSWORD).status, 401);
}

fn sessions_survive_a_restart_and_a_switch_to_a_shared_secret_with_the_same_master_key(folder: &Folder) {
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let first = service.tokens(EMAIL, PASSWORD);
    service.stop();

    let service = folder.serve();
    let second = Tokens::of(&service.refresh(&first.refresh));
    service.stop();

    let master_key = folder.path().join("countersign-data/master.key");
    let secret = [
        ("JWT_SECRET", "a secret of more than thirty-two bytes"),
        ("COUNTERSIGN_MASTER_KEY_FILE", master_key.to_str().unwrap()),
    ];
    let service = folder.serve_with(&secret);
    let third = Tokens::of(&service.refresh(&second.refresh));
    assert_eq!((first.counter(), second.counter(), third.counter()), (0, 1, 2));
    service.stop();

    // The secret alone is another key: these tokens are forged, and nobody is logged in by them.
    let service = folder.serve_with(&secret[..1]);
    assert_eq!(service.refresh(&third.refresh).code(), "refresh_token_forged");
    let own = service.tokens(EMAIL, PASSWORD);
    service.stop();
    assert_eq!(folder.serve_with(&secret[..1]).refresh(&own.refresh).status, 200);
}

#[test]
fn the_list_of_sessions_shows_where_requests_came_from() {
    let folder = Folder::new();
    let address = |service: &Service, forwarded: &str| {
        let login = request(
            "POST",
            "/auth/login",
            &[
                "Content-Type: application/json",
                "User-Agent: curl/8",
                &format!("X-Forwarded-For: {forwarded}"),
            ],
            &crate::support::credentials(EMAIL, PASSWORD),
        );
        let access = Tokens::of(&service.exchange(login)).access;
        let sessions = service.with_bearer("GET", "/auth/sessions", &access, "").json();
        let sessions = sessions["sessions"].as_array().unwrap();
        let current = sessions.iter().find(|session| session["current"] == true).unwrap();
        assert_eq!(current["device"], "curl/8");
        current["address"].clone()
    };
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    assert_eq!(address(&service, "192.0.2.1"), "127.0.0.1");
    service.stop();
    let service = folder.serve_with(&[("COUNTERSIGN_HTTP_TRUSTED_PROXIES", "1")]);
    assert_eq!(address(&service, "6.6.6.6, 192.0.2.1"), "192.0.2.1");
    assert_eq!(address(&service, "unknown"), json!(null));
}
