//! The public status lists: every session has a place of its own, and what ended is INVALID there, on every instance.

use std::{collections::HashSet, thread, time::Duration};

use countersign::{
    jwt::{Clock as _, KeySet, SystemClock, Unverified},
    revocation::status_list::{Status, StatusClaim, StatusListToken, StatusListVerifier, StatusReference},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    revocation::until,
    support::{EMAIL, Folder, PASSWORD, Service, Tokens, on_both_engines},
};

const ISSUER_URL: &str = "https://auth.example";
const ISSUER: (&str, &str) = ("COUNTERSIGN_ISSUER", ISSUER_URL);

on_both_engines! {
    a_logout_is_invalid_in_the_next_list_of_every_instance;
    theft_and_a_new_password_are_invalid_and_the_session_that_stays_is_valid;
    sessions_that_start_at_the_same_time_have_places_of_their_own;
    after_a_restart_a_session_has_the_place_that_it_had;
}

#[derive(Deserialize)]
struct Claims {
    status: Option<StatusClaim>,
}

/// The place that an access token names.
fn place(access: &str) -> Option<StatusReference> {
    let claims: Claims = Unverified::decode(access).unwrap().claims().unwrap();
    claims.status.map(|status| status.status_list)
}

/// The list that a place is in, as a service gives it out and its keys prove it.
fn list(service: &Service, place: &StatusReference) -> StatusListToken {
    let path = place.uri.strip_prefix(ISSUER_URL).unwrap();
    let response = service.get(path, &[]);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("content-type"), "application/statuslist+jwt");
    assert_eq!(response.header("cache-control"), "public, max-age=15");
    let keys = KeySet::from_json(&service.get("/.well-known/jwks.json", &[]).body).unwrap();
    StatusListVerifier::new().verify(&response.body, &place.uri, &keys, SystemClock.now()).unwrap()
}

fn status(service: &Service, access: &str) -> Status {
    let place = place(access).unwrap();
    list(service, &place).status_of(&place).unwrap()
}

fn a_logout_is_invalid_in_the_next_list_of_every_instance(folder: &Folder) {
    let (one, two) = (folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER]));
    one.register(EMAIL, PASSWORD);
    let (ended, other) = (one.tokens(EMAIL, PASSWORD), two.tokens(EMAIL, PASSWORD));
    for service in [&one, &two] {
        assert_eq!(status(service, &ended.access), Status::VALID);
    }
    assert_eq!(one.log_out(&ended.refresh).status, 204);
    for service in [&one, &two] {
        until(&Status::INVALID, || status(service, &ended.access));
        assert_eq!(status(service, &other.access), Status::VALID);
    }
    let read = list(&two, &place(&ended.access).unwrap());
    assert_eq!(read.ttl, Some(Duration::from_secs(15)));
    assert_eq!(read.expires_at, Some(read.issued_at + Duration::from_secs(300)));
}

fn theft_and_a_new_password_are_invalid_and_the_session_that_stays_is_valid(folder: &Folder) {
    let service = folder.serve_with(&[ISSUER, ("COUNTERSIGN_SESSION_GRACE", "0s")]);
    service.register(EMAIL, PASSWORD);
    let stolen = service.tokens(EMAIL, PASSWORD);
    let newer = Tokens::of(&service.refresh(&stolen.refresh));
    assert_eq!(place(&newer.access), place(&stolen.access), "the place is the session's");
    assert_eq!(service.refresh(&stolen.refresh).status, 400);

    let (elsewhere, here) = (service.tokens(EMAIL, PASSWORD), service.tokens(EMAIL, PASSWORD));
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another password"}).to_string();
    let changed = service.with_bearer("POST", "/auth/password", &here.access, &change);
    assert!(changed.status < 300, "{changed:?}");

    until(&Status::INVALID, || status(&service, &elsewhere.access));
    assert_eq!(status(&service, &newer.access), Status::INVALID);
    assert_eq!(status(&service, &here.access), Status::VALID);
}

fn sessions_that_start_at_the_same_time_have_places_of_their_own(folder: &Folder) {
    let (one, two) = (folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER]));
    one.register(EMAIL, PASSWORD);
    let places: HashSet<_> = thread::scope(|scope| {
        let logins: Vec<_> = (0..12)
            .map(|number| {
                let service = if number % 2 == 0 { &one } else { &two };
                scope.spawn(|| place(&service.token(EMAIL, PASSWORD)).unwrap())
            })
            .collect();
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    });
    assert_eq!(places.len(), 12);
}

fn after_a_restart_a_session_has_the_place_that_it_had(folder: &Folder) {
    let service = folder.serve_with(&[ISSUER]);
    service.register(EMAIL, PASSWORD);
    let (kept, ended) = (service.tokens(EMAIL, PASSWORD), service.tokens(EMAIL, PASSWORD));
    assert_eq!(service.log_out(&ended.refresh).status, 204);
    service.stop();

    let service = folder.serve_with(&[ISSUER]);
    let refreshed = Tokens::of(&service.refresh(&kept.refresh));
    assert_eq!(place(&refreshed.access), place(&kept.access));
    assert_eq!(status(&service, &kept.access), Status::VALID);
    assert_eq!(status(&service, &ended.access), Status::INVALID);
}

#[test]
fn a_list_on_which_nobody_can_stand_is_not_found() {
    let folder = Folder::new();
    let service = folder.serve_with(&[ISSUER]);
    assert_eq!(service.get("/auth/status-lists/0", &[]).status, 200);
    for path in [
        "/auth/status-lists/17",
        "/auth/status-lists/18446744073709551615",
        "/auth/status-lists/-1",
        "/auth/status-lists/x",
    ] {
        let response = service.get(path, &[]);
        assert_eq!((response.status, response.code().as_str()), (404, "not_found"), "{path}");
    }
}

#[test]
fn without_the_setting_or_an_address_there_are_no_lists_and_tokens_name_none() {
    for variables in
        [[ISSUER, ("COUNTERSIGN_TOKEN_STATUS_LIST", "false")], [("COUNTERSIGN_ISSUER", "my-app"); 2]]
    {
        let folder = Folder::new();
        let service = folder.serve_with(&variables);
        service.register(EMAIL, PASSWORD);
        let token = service.token(EMAIL, PASSWORD);
        assert_eq!(place(&token), None, "{variables:?}");
        assert_eq!(service.profile(&token).status, 200);
        assert_eq!(service.get("/auth/status-lists/0", &[]).status, 404);
    }
}
