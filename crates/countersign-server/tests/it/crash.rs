//! SIGKILL in the middle of everything: what was acknowledged is kept, and no refresh token is good twice.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::json;

use crate::support::{Folder, PASSWORD, Response, Service, Tokens, credentials, on_both_engines, request};

/// How often the service is killed.
const ROUNDS: usize = 50;

/// How many clients register, log in and refresh at the same time.
const CLIENTS: usize = 6;

/// How often each of a client's users refreshes before the next one registers, for one client after the other: whenever the
/// service is killed, some are registering or logging in, and more are refreshing, however fast the machine is at which.
const REFRESHES: [usize; 3] = [2, 24, 24];

/// What a client knows of one of its users.
#[derive(Debug)]
struct Known {
    email: String,
    /// Whether the registration was acknowledged.
    registered: bool,
    /// The tokens that were acknowledged, each the successor of the one before.
    tokens: Vec<Tokens>,
    /// Whether the last of them was presented and no answer came.
    unanswered: bool,
}

/// Whether a token that was used up is good once more for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grace {
    Lenient,
    Strict,
}

impl Grace {
    /// As long as it can be, so that no slow machine closes the window.
    fn setting(self) -> (&'static str, &'static str) {
        ("COUNTERSIGN_SESSION_GRACE", if self == Self::Strict { "0s" } else { "5m" })
    }
}

/// Clients that use a service until it is killed: at the acknowledgement with this number, whatever the others do then.
struct Storm<'a> {
    service: &'a Service,
    round: usize,
    acknowledged: AtomicUsize,
    last: usize,
}

impl Storm<'_> {
    fn rage(&self) -> Vec<Known> {
        thread::scope(|scope| {
            let clients: Vec<_> =
                (0..CLIENTS).map(|client| scope.spawn(move || self.client(client))).collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        })
    }

    fn client(&self, client: usize) -> Vec<Known> {
        let mut users = Vec::new();
        let mut alive = true;
        while alive {
            let email = format!("{}-{client}-{}@example.com", self.round, users.len());
            let mut user = Known { email, registered: false, tokens: Vec::new(), unanswered: false };
            alive = self.live(&mut user, REFRESHES[client % REFRESHES.len()]).is_some();
            users.push(user);
        }
        users
    }

    /// A user's day; `None` if the service ended before it did.
    fn live(&self, user: &mut Known, refreshes: usize) -> Option<()> {
        let login = credentials(&user.email, PASSWORD);
        assert_eq!(self.post("/auth/register", &login)?.status, 201);
        user.registered = true;
        user.tokens.push(Tokens::of(&self.post("/auth/login", &login)?));
        for _ in 0..refreshes {
            let presented = json!({"refresh_token": user.tokens.last()?.refresh}).to_string();
            user.unanswered = true;
            user.tokens.push(Tokens::of(&self.post("/auth/refresh", &presented)?));
            user.unanswered = false;
        }
        Some(())
    }

    fn post(&self, path: &str, body: &str) -> Option<Response> {
        let request = request("POST", path, &["Content-Type: application/json"], body);
        let response = self.service.exchange_if_alive(request)?;
        if self.acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == self.last {
            self.service.kill();
        }
        Some(response)
    }
}

/// What a service that was started again has to know of a session.
fn assert_session_kept(service: &Service, user: &Known, grace: Grace) {
    let Some(last) = user.tokens.last() else { return };
    let answer = service.refresh(&last.refresh);
    if grace == Grace::Strict && user.unanswered && answer.status == 400 {
        // It was used up, and the answer was lost with the service.
        assert_eq!(answer.code(), "refresh_token_reused", "{user:?}");
        return;
    }
    assert_eq!(answer.status, 200, "a rotation is lost: {answer:?} {user:?}");
    let next = Tokens::of(&answer);
    assert_eq!(next.counter(), last.counter() + 1, "{user:?}");
    let again = service.refresh(&last.refresh);
    match grace {
        Grace::Lenient => assert_eq!(Tokens::of(&again).refresh, next.refresh, "{user:?}"),
        Grace::Strict => assert_eq!(again.code(), "refresh_token_reused", "a token is good twice: {user:?}"),
    }
    if let [.., before, _] = user.tokens.as_slice() {
        assert_eq!(service.refresh(&before.refresh).status, 400, "a token is good twice: {user:?}");
    }
}

on_both_engines! {
    whatever_was_acknowledged_is_kept_through_fifty_kills;
}

fn whatever_was_acknowledged_is_kept_through_fifty_kills(folder: &Folder) {
    let mut before: (Vec<Known>, Grace) = (Vec::new(), Grace::Lenient);
    let (mut registered, mut refreshed, mut unanswered) = (BTreeSet::new(), 0, 0);
    for round in 0..=ROUNDS {
        let (users, grace) = &before;
        let issuer = ("COUNTERSIGN_ISSUER", "https://auth.example");
        let mut service = folder.serve_with(&[issuer, grace.setting()]);
        for user in users {
            assert_session_kept(&service, user, *grace);
        }
        registered.extend(users.iter().filter(|user| user.registered).map(|user| user.email.clone()));
        refreshed += users.iter().map(|user| user.tokens.len().saturating_sub(1)).sum::<usize>();
        unanswered += users.iter().filter(|user| user.unanswered).count();

        if round == ROUNDS {
            break;
        }
        // A number that is another in each round, and the same in each run.
        let last = 10 + round * 37 % 61;
        let storm = Storm { service: &service, round, acknowledged: AtomicUsize::new(0), last };
        let known = storm.rage();
        assert!(!service.wait().success());
        // Nobody presents a token twice during the storm, so the grace counts from the next start on.
        before = (known, if round % 2 == 0 { Grace::Strict } else { Grace::Lenient });
    }
    let list = folder.run(["user", "list"], "").ok();
    let known: BTreeSet<_> = list.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let lost: Vec<_> = registered.iter().filter(|email| !known.contains(email.as_str())).collect();
    assert!(lost.is_empty(), "registrations are lost: {lost:?}");
    let enough = registered.len() >= ROUNDS && refreshed >= 10 * ROUNDS && unanswered >= ROUNDS;
    assert!(enough, "{} registered, {refreshed} refreshed, {unanswered} unanswered", registered.len());
}
