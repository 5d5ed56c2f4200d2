//! A user and a single token are revoked, and every instance and every verifier refuses them.

use std::thread;

use countersign::{
    jwt::{Clock as _, NumericDate, SystemClock, Unverified},
    revocation::TokenNames,
};
use serde::Deserialize;
use serde_json::Value;
use throwaway_postgres::Server;

use crate::{
    revocation::{FEED, ISSUER, Verifier, answer, revoked, until},
    support::{EMAIL, Folder, PASSWORD, Response, Service, Tokens, on_both_engines, request},
};

on_both_engines! {
    a_token_is_refused_at_once_where_it_was_revoked_soon_elsewhere_and_after_a_new_start;
    a_refresh_token_that_is_revoked_ends_its_session;
    a_token_that_is_revoked_everywhere_at_once_is_revoked;
    a_user_is_refused_with_all_that_was_given_out_and_logs_in_again;
    the_status_counts_users_and_tokens;
    what_an_operator_has_signed_is_revoked_by_its_id_by_itself_and_with_its_user;
}

const GOOD: (u16, Option<String>) = (200, None);

fn revoke(service: &Service, token: &str) -> Response {
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    service.exchange(request("POST", "/auth/revoke", &form, &format!("token={token}")))
}

fn revoke_ok(service: &Service, token: &str) {
    let answer = revoke(service, token);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
}

#[derive(Deserialize)]
struct Named {
    sub: String,
    jti: String,
    iat: NumericDate,
}

fn named(token: &str) -> Named {
    Unverified::decode(token).unwrap().claims().unwrap()
}

/// The access token of a login that comes after what was revoked: it is good from the next second on.
fn logged_in_again(service: &Service) -> Tokens {
    loop {
        let tokens = service.tokens(EMAIL, PASSWORD);
        if answer(service, &tokens.access) == GOOD {
            return tokens;
        }
        assert_eq!(answer(service, &tokens.access), revoked());
        assert!(SystemClock.now().since(named(&tokens.access).iat).as_secs() < 30);
    }
}

fn a_token_is_refused_at_once_where_it_was_revoked_soon_elsewhere_and_after_a_new_start(folder: &Folder) {
    let (one, two) = (folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER]));
    one.register(EMAIL, PASSWORD);
    let tokens = one.tokens(EMAIL, PASSWORD);
    // Another token of the same session.
    let next = Tokens::of(&one.refresh(&tokens.refresh));
    revoke_ok(&one, &tokens.access);
    assert_eq!(answer(&one, &tokens.access), revoked());
    until(&revoked(), || answer(&two, &tokens.access));
    revoke_ok(&two, &tokens.access);
    let three = folder.serve_with(&[ISSUER]);
    assert_eq!(answer(&three, &tokens.access), revoked());
    for service in [&one, &two, &three] {
        assert_eq!(answer(service, &next.access), GOOD);
    }
    assert_eq!(one.refresh(&next.refresh).status, 200);
}

fn a_refresh_token_that_is_revoked_ends_its_session(folder: &Folder) {
    let (one, two) = (folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER]));
    one.register(EMAIL, PASSWORD);
    let (tokens, others) = (one.tokens(EMAIL, PASSWORD), one.tokens(EMAIL, PASSWORD));
    revoke_ok(&one, &tokens.refresh);
    revoke_ok(&one, &tokens.refresh);
    assert_eq!(answer(&one, &tokens.access), revoked());
    until(&revoked(), || answer(&two, &tokens.access));
    assert_eq!(two.refresh(&tokens.refresh).code(), "session_revoked");
    assert_eq!(answer(&one, &others.access), GOOD);
}

fn a_token_that_is_revoked_everywhere_at_once_is_revoked(folder: &Folder) {
    let services = [folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER])];
    services[0].register(EMAIL, PASSWORD);
    let (gone, stays) = (services[0].tokens(EMAIL, PASSWORD), services[0].tokens(EMAIL, PASSWORD));
    thread::scope(|scope| {
        for service in services.iter().cycle().take(12) {
            scope.spawn(|| revoke_ok(service, &gone.access));
        }
    });
    for service in &services {
        assert_eq!(answer(service, &gone.access), revoked());
        assert_eq!(answer(service, &stays.access), GOOD);
    }
}

fn a_user_is_refused_with_all_that_was_given_out_and_logs_in_again(folder: &Folder) {
    let (one, two) = (folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER]));
    one.register(EMAIL, PASSWORD);
    one.register("eve@example.com", PASSWORD);
    let (first, second) = (one.tokens(EMAIL, PASSWORD), two.tokens(EMAIL, PASSWORD));
    let eve = one.token("eve@example.com", PASSWORD);
    let ran = folder.run(["user", "revoke", EMAIL], "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.err,
        format!("no token that {EMAIL} has been given up to now is accepted; 2 sessions ended\n")
    );
    let refused_by = |service: &Service| {
        for tokens in [&first, &second] {
            until(&revoked(), || answer(service, &tokens.access));
            assert_eq!(service.refresh(&tokens.refresh).code(), "session_revoked");
        }
        assert_eq!(answer(service, &eve), GOOD);
    };
    refused_by(&one);
    refused_by(&two);
    let again = logged_in_again(&one);
    assert_eq!(one.refresh(&again.refresh).status, 200);
    let three = folder.serve_with(&[ISSUER]);
    refused_by(&three);
    assert_eq!(answer(&three, &again.access), GOOD);

    // Once more, by the id: what came since is refused, too.
    let id = named(&again.access).sub;
    let ran = folder.run(["user", "revoke", &id], "");
    assert!(ran.code == Some(0) && ran.err.ends_with(" ended\n"), "{ran:?}");
    for service in [&one, &two, &three] {
        until(&revoked(), || answer(service, &again.access));
    }
    logged_in_again(&two);
    assert_eq!(folder.run(["user", "revoke", "nobody@example.com"], "").code, Some(1));
}

fn the_status_counts_users_and_tokens(folder: &Folder) {
    let service = folder.serve_with(&[ISSUER]);
    service.register(EMAIL, PASSWORD);
    revoke_ok(&service, &service.token(EMAIL, PASSWORD));
    folder.run(["user", "revoke", EMAIL], "").ok();
    // The token, the user, and the session that both are of.
    until(&Some(3), || {
        let status = folder.run(["revocation", "status", "--json"], "").ok();
        let instance: Option<Value> = status.lines().next().map(|line| serde_json::from_str(line).unwrap());
        instance.and_then(|instance| instance["revocations"].as_u64())
    });
}

fn what_an_operator_has_signed_is_revoked_by_its_id_by_itself_and_with_its_user(folder: &Folder) {
    let service = folder.serve_with(&[ISSUER]);
    service.register(EMAIL, PASSWORD);
    let id = named(&service.token(EMAIL, PASSWORD)).sub;
    folder.write("claims.json", r#"{"client_id":"script","email":"root@example.com"}"#);
    let sign = || {
        let sign = ["token", "sign", "--sub", &id, "--expires-in", "30d", "--claims", "claims.json"];
        folder.run_with(sign, "", &[ISSUER]).ok()
    };
    let tokens: Vec<_> = (0..4).map(|_| sign()).collect();
    for token in &tokens {
        assert_eq!(answer(&service, token), GOOD);
    }
    let jti = named(&tokens[0]).jti;
    let by_id = folder.run(["token", "revoke", "--jti", &jti], "");
    assert_eq!((by_id.code, by_id.err), (Some(0), format!("the token {jti} is revoked\n")));
    folder.run(["token", "revoke"], &format!("{}\n", tokens[1])).ok();
    until(&revoked(), || answer(&service, &tokens[0]));
    until(&revoked(), || answer(&service, &tokens[1]));
    assert_eq!(answer(&service, &tokens[2]), GOOD);

    // One bit of the signature, and nothing is revoked.
    let (rest, last) = tokens[2].split_at(tokens[2].len() - 5);
    let flipped = format!("{rest}{}", if last.starts_with('A') { "BAAAA" } else { "AAAAA" });
    let refused = folder.run(["token", "revoke"], &flipped);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.starts_with("error: nothing was revoked: signature_invalid: "), "{refused:?}");
    revoke_ok(&service, &flipped);
    assert_eq!(answer(&service, &tokens[2]), GOOD);
    revoke_ok(&service, &tokens[2]);
    assert_eq!(answer(&service, &tokens[2]), revoked());

    assert_eq!(answer(&service, &tokens[3]), GOOD);
    folder.run(["user", "revoke", EMAIL], "").ok();
    until(&revoked(), || answer(&service, &tokens[3]));
}

#[test]
fn verifiers_on_the_feed_refuse_users_and_tokens_and_know_them_when_they_join_late() {
    let folder = Folder::on_postgres();
    let (one, two) = (folder.serve_with(&[ISSUER, FEED]), folder.serve_with(&[ISSUER, FEED]));
    one.register(EMAIL, PASSWORD);
    let early = Verifier::start(&two);
    early.wait_until_fresh();
    let (gone, stays) = (one.tokens(EMAIL, PASSWORD).access, one.tokens(EMAIL, PASSWORD).access);
    let (gone, jti) = (gone.as_str(), named(&gone).jti);
    revoke_ok(&one, gone);
    let by_token = |token: &str| {
        let Named { jti, .. } = named(token);
        move |verifier: &Verifier| {
            let names = TokenNames { token_id: Some(&jti), ..TokenNames::default() };
            verifier.view().find(names).is_some()
        }
    };
    let by_user = |token: &str| {
        let Named { sub, iat, .. } = named(token);
        move |verifier: &Verifier| {
            let names = TokenNames { user_id: Some(&sub), issued_at: Some(iat), ..TokenNames::default() };
            verifier.view().find(names).is_some()
        }
    };
    until(&true, || by_token(gone)(&early));
    assert!(!by_token(&stays)(&early) && !by_user(&stays)(&early), "{jti}");

    folder.run(["user", "revoke", EMAIL], "").ok();
    until(&true, || by_user(&stays)(&early));
    until(&revoked(), || answer(&one, &stays));
    let newer = logged_in_again(&one).access;
    let late = Verifier::start(&one);
    late.wait_until_fresh();
    for verifier in [&early, &late] {
        assert!(by_token(gone)(verifier) && by_user(&stays)(verifier));
        assert!(!by_token(&newer)(verifier) && !by_user(&newer)(verifier));
    }
}

#[test]
fn what_was_revoked_before_postgres_stopped_is_refused_after_it_and_nothing_is_promised_meanwhile() {
    let postgres = Server::start();
    let folder = Folder::with_database(postgres.database());
    let (one, two) = (folder.serve_with(&[ISSUER]), folder.serve_with(&[ISSUER]));
    one.register(EMAIL, PASSWORD);
    let (before, meanwhile) = (one.token(EMAIL, PASSWORD), one.tokens(EMAIL, PASSWORD));
    revoke_ok(&one, &before);
    postgres.stop();
    for token in [&meanwhile.access, &meanwhile.refresh] {
        assert_eq!(
            (revoke(&one, token).status, revoke(&one, token).code()),
            (503, "store_unavailable".into())
        );
    }
    assert_eq!(answer(&one, &before), revoked());
    assert_eq!(answer(&one, &meanwhile.access), GOOD);

    postgres.start_again();
    until(&200, || revoke(&two, &meanwhile.access).status);
    until(&revoked(), || answer(&one, &meanwhile.access));
    until(&revoked(), || answer(&two, &before));
    let three = folder.serve_with(&[ISSUER]);
    for token in [&before, &meanwhile.access] {
        assert_eq!(answer(&three, token), revoked());
    }
}
