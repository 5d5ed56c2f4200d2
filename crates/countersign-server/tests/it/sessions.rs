//! Sessions of the real binary: races in one process and between two, and what an operator does.

use std::{collections::BTreeSet, thread};

use serde_json::json;

use crate::support::{EMAIL, Folder, PASSWORD, Response, Service, Tokens, request};

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

const STRICT: (&str, &str) = ("COUNTERSIGN_SESSION_GRACE", "0s");

#[test]
fn in_one_process_one_rotates_and_all_get_its_successor() {
    let folder = Folder::new();
    one_rotates_and_all_get_its_successor(&[&folder.serve()]);
}

#[test]
fn without_grace_one_rotates_in_one_process_and_the_session_ends() {
    let folder = Folder::new();
    without_grace_one_rotates_and_the_session_ends(&[&folder.serve_with(&[STRICT])]);
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
