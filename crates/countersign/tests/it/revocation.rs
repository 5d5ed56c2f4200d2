//! A guard that knows what was revoked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use countersign::cache::TokenCache;
use countersign::jwt::{Clock, KeySet, ManualClock, NumericDate, Verified};
use countersign::revocation::{
    Entry, Event, Feed, Message, Revocations, Snapshot, Staleness, Target, TokenNames,
};
use countersign::session::{MemoryStore, NewSession, RefreshTokenKeys, SessionId, SessionPolicy, Sessions};
use countersign::{Authenticated, Guard, JwtStrategy};
use countersign_testkit::TestIssuer;
use http::{Request, StatusCode};
use proptest::prelude::{Just, Strategy as Generator, prop, prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::common::{Answer, send};

const REMEMBERED: Duration = Duration::from_secs(16 * 60);
const SECOND: Duration = Duration::from_secs(1);
const START: NumericDate = NumericDate::from_secs(1_700_000_000);

fn session(number: u8) -> SessionId {
    SessionId::from_bytes([number; SessionId::LEN])
}

/// An issuer, an API that knows what is revoked, and the time.
struct World {
    issuer: TestIssuer,
    clock: Arc<ManualClock>,
    view: Revocations,
}

impl World {
    fn new() -> Self {
        let issuer = TestIssuer::new();
        let clock = issuer.clock();
        let view = Revocations::fed(REMEMBERED, clock.now());
        view.confirm(clock.now(), clock.now());
        Self { issuer, clock, view }
    }

    fn strategy(&self, staleness: Staleness) -> JwtStrategy<Value, KeySet> {
        JwtStrategy::new(self.issuer.verifier(), self.issuer.keys())
            .clock(Arc::clone(&self.clock))
            .revocation(&self.view, staleness)
    }

    fn app(&self, staleness: Staleness) -> Router {
        app(self.strategy(staleness))
    }

    fn revoke(&self, entry: Entry) {
        assert_eq!(self.view.merge([entry.clone()], self.clock.now()), [entry]);
    }

    fn token(&self, session_id: SessionId) -> String {
        self.issuer.token_with("ada", &json!({"sid": session_id}))
    }
}

fn app(strategy: JwtStrategy<Value, KeySet>) -> Router {
    let hello = async |_: Authenticated<Verified<Value>>| "hello";
    Router::new().route("/", on_get(hello)).layer(Guard::required(strategy))
}

async fn present(app: &Router, token: &str) -> Answer {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    send(app, request.body(Body::empty()).expect("a request")).await
}

/// The status, and the code of what is not good.
async fn told(app: &Router, token: &str) -> String {
    let answer = present(app, token).await;
    match answer.status {
        StatusCode::OK => "200".to_owned(),
        status => format!("{} {}", status.as_u16(), answer.code()),
    }
}

#[tokio::test]
async fn the_tokens_of_a_revoked_session_are_refused_and_those_of_others_are_not() {
    let world = World::new();
    let app = world.app(Staleness::fail_closed());
    let (ours, theirs) = (world.token(session(1)), world.token(session(2)));
    assert_eq!(told(&app, &ours).await, "200");

    world.revoke(Entry::session(session(1), world.clock.now()));
    let answer = present(&app, &ours).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "token_revoked"));
    assert_eq!(
        answer.challenge(),
        r#"Bearer error="invalid_token", error_description="The token was revoked.""#
    );
    assert_eq!(told(&app, &theirs).await, "200");
}

#[tokio::test]
async fn a_remembered_token_is_refused_from_the_moment_it_is_revoked() {
    let world = World::new();
    let app = app(world.strategy(Staleness::fail_closed()).cache(TokenCache::new(16)));
    let token = world.token(session(1));
    for _ in 0..3 {
        assert_eq!(told(&app, &token).await, "200");
    }
    world.revoke(Entry::session(session(1), world.clock.now()));
    assert_eq!(told(&app, &token).await, "401 token_revoked");
}

#[tokio::test]
async fn a_revoked_user_is_refused_with_the_tokens_of_before_and_comes_in_with_newer_ones() {
    let world = World::new();
    let app = world.app(Staleness::fail_closed());
    let before = world.token(session(1));
    world.revoke(Entry::user("ada", world.clock.now()));
    assert_eq!(told(&app, &before).await, "401 token_revoked");
    assert_eq!(told(&app, &world.issuer.token_with("grace", &json!({}))).await, "200");
    world.clock.advance(SECOND);
    assert_eq!(told(&app, &before).await, "401 token_revoked");
    assert_eq!(told(&app, &world.token(session(1))).await, "200");
}

#[tokio::test]
async fn a_single_token_is_refused_by_its_own_id() {
    let world = World::new();
    let app = world.app(Staleness::fail_closed());
    let (one, other) = (world.token(session(1)), world.token(session(1)));
    let id = world.issuer.verify(&one).expect("a good token").token_id().expect("an id").to_owned();
    world.revoke(Entry::token(id, world.clock.now()));
    assert_eq!(told(&app, &one).await, "401 token_revoked");
    assert_eq!(told(&app, &other).await, "200");
}

#[tokio::test]
async fn a_view_that_is_too_old_is_answered_by_what_the_route_declares() {
    let world = World::new();
    let strict = world.app(Staleness::fail_closed());
    let lenient = world.app(Staleness::fail_open_for(60 * SECOND));
    let token = world.token(session(1));

    world.clock.advance(Staleness::FRESH);
    assert_eq!((told(&strict, &token).await, told(&lenient, &token).await), ("200".into(), "200".into()));

    world.clock.advance(SECOND);
    let answer = present(&strict, &token).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "revocation_unknown")
    );
    assert_eq!(answer.headers["retry-after"], "5");
    assert!(!answer.headers.contains_key("www-authenticate"), "clients would drop a token that may be good");
    assert_eq!(told(&lenient, &token).await, "200");

    world.clock.advance(60 * SECOND);
    assert_eq!(told(&lenient, &token).await, "503 revocation_unknown");
    world.view.confirm(world.clock.now(), world.clock.now());
    assert_eq!((told(&strict, &token).await, told(&lenient, &token).await), ("200".into(), "200".into()));
}

#[tokio::test]
async fn what_is_known_to_be_revoked_is_refused_however_old_the_view_is() {
    let world = World::new();
    let app = world.app(Staleness::fail_closed());
    let token = world.token(session(1));
    world.revoke(Entry::session(session(1), world.clock.now()));
    world.clock.advance(2 * Staleness::FRESH);
    assert_eq!(told(&app, &token).await, "401 token_revoked");
}

#[tokio::test]
async fn a_view_that_nobody_has_confirmed_is_nothing_to_the_strict_and_counts_from_the_start_to_the_lenient()
{
    let world = World::new();
    let world = World { view: Revocations::fed(REMEMBERED, world.clock.now()), ..world };
    let (strict, lenient) =
        (world.app(Staleness::fail_closed()), world.app(Staleness::fail_open_for(60 * SECOND)));
    let token = world.token(session(1));
    assert_eq!(told(&strict, &token).await, "503 revocation_unknown");
    world.clock.advance(60 * SECOND);
    assert_eq!(told(&lenient, &token).await, "200");
    world.clock.advance(SECOND);
    assert_eq!(told(&lenient, &token).await, "503 revocation_unknown");
}

#[test]
fn a_source_whose_clock_is_ahead_does_not_make_a_view_look_newer() {
    let view = Revocations::fed(REMEMBERED, START);
    view.confirm(START + 3600 * SECOND, START);
    assert_eq!(view.as_of(START + SECOND), Some(START));
    assert!(!view.is_fresh(Staleness::fail_closed(), START + 11 * SECOND));
}

#[tokio::test]
async fn a_logout_reaches_the_guards_of_its_process_before_it_is_answered() {
    let world = World::new();
    let (view, clock) = (world.view.clone(), Arc::clone(&world.clock));
    let keys = RefreshTokenKeys::new(&[7; 32]).expect("long enough");
    let sessions = Sessions::new(MemoryStore::new(), keys, SessionPolicy::default())
        .on_revoked(move |revoked| drop(view.merge([revoked.into()], clock.now())));
    let login = NewSession::new(SessionId::generate().expect("chance"), "ada");
    let grant = sessions.start(login, world.clock.now()).await.expect("a session");
    let app = world.app(Staleness::fail_closed());
    let token = world.token(grant.session.id);
    assert_eq!(told(&app, &token).await, "200");
    sessions.log_out(grant.token.as_str(), world.clock.now()).await.expect("a logout");
    assert_eq!(told(&app, &token).await, "401 token_revoked");
}

#[test]
fn what_cannot_concern_any_token_any_more_is_forgotten() {
    let view = Revocations::in_process(REMEMBERED);
    for number in 0..200 {
        view.merge([Entry::session(session(number), START)], START);
    }
    view.merge([Entry::user("ada", START), Entry::token("token-1", START + SECOND)], START);
    assert_eq!(view.len(), 202);
    view.confirm(START + REMEMBERED, START + REMEMBERED);
    assert_eq!(view.len(), 202);
    // It looks through all of it eight times in the time it remembers.
    let later = START + REMEMBERED + REMEMBERED / 8;
    view.confirm(later, later);
    assert_eq!((view.len(), view.bytes()), (0, 0));
    assert_eq!(view.merge([Entry::session(session(1), START)], later), []);
}

#[test]
fn those_who_watch_are_told_of_news_once() {
    let view = Revocations::in_process(REMEMBERED);
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    view.watch(move |news| telling.lock().expect("no panic").extend_from_slice(news));
    let entries = [Entry::session(session(1), START), Entry::user("ada", START)];
    for _ in 0..2 {
        view.merge(entries.clone(), START);
    }
    assert_eq!(*told.lock().expect("no panic"), entries);
}

/// The sizes that docs/guide/revocation.md names.
#[test]
fn a_hundred_thousand_revoked_sessions_take_little_in_memory_in_a_snapshot_and_in_a_feed() {
    const SESSIONS: u128 = 100_000;
    let view = Revocations::in_process(REMEMBERED);
    let feed = Feed::new(&view, "AAAAAAAAAAAAAAAAAAAAAA");
    let id = |number: u128| {
        SessionId::from_bytes(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes())
    };
    view.merge((0..SESSIONS).map(|number| Entry::session(id(number), START)), START);
    assert_eq!((view.len(), view.bytes()), (100_000, 24 * 100_000));

    let key = TestIssuer::new().signing_key().clone();
    let signed = feed.snapshot(START).sign(&Snapshot::signer(key, "https://login.example"), START);
    let bytes = signed.expect("a snapshot").len();
    assert!((5_400_000..5_600_000).contains(&bytes), "{bytes}");

    let cursor = feed.snapshot(START).cursor;
    let event = Event { cursor, message: Message::Revoked(Entry::session(id(1), START)) };
    assert_eq!(event.to_string().len(), 115, "{event}");
}

/// Entries about few targets at few moments, so that they meet.
fn entries() -> impl Generator<Value = Vec<Entry>> {
    let entry = (0_u8..3, 0_u8..6, 0_i64..40).prop_map(|(kind, name, second)| {
        let at = START + Duration::from_secs(second.unsigned_abs());
        match kind {
            0 => Entry::session(session(name), at),
            1 => Entry::user(format!("user-{name}"), at),
            _ => Entry::token(format!("token-{name}"), at),
        }
    });
    prop::collection::vec(entry, 0..60)
}

/// The whole of the rule: the latest of each target.
fn model(entries: &[Entry]) -> BTreeMap<Target, NumericDate> {
    let mut latest = BTreeMap::new();
    for entry in entries {
        let at = latest.entry(entry.target.clone()).or_insert(entry.at);
        *at = entry.at.max(*at);
    }
    latest
}

proptest! {
    #[test]
    fn entries_mean_the_same_in_any_order_however_often_and_however_they_are_grouped(
        (entries, shuffled) in entries().prop_flat_map(|entries| {
            let twice = [entries.clone(), entries.clone()].concat();
            (Just(entries), Just(twice).prop_shuffle())
        }),
        batch in 1_usize..9,
    ) {
        let now = START + Duration::from_secs(60);
        let view = Revocations::in_process(REMEMBERED);
        for batch in shuffled.chunks(batch) {
            view.merge(batch.to_vec(), now);
        }
        let latest = model(&entries);
        let held: BTreeMap<_, _> =
            view.entries(now).into_iter().map(|entry| (entry.target, entry.at)).collect();
        prop_assert_eq!(&held, &latest);
        prop_assert_eq!(view.len(), latest.len());
    }

    #[test]
    fn a_token_is_revoked_exactly_by_what_names_it(
        entries in entries(), sid in 0_u8..7, user in 0_u8..7, jti in 0_u8..7, issued in -2_i64..42,
    ) {
        let now = START + Duration::from_secs(60);
        let view = Revocations::in_process(REMEMBERED);
        view.merge(entries.clone(), now);
        let latest = model(&entries);
        let issued_at = NumericDate::from_secs(START.as_secs() + issued);
        let (user, jti) = (format!("user-{user}"), format!("token-{jti}"));
        let expected = latest.contains_key(&Target::Session(session(sid)))
            || latest.get(&Target::User(user.as_str().into())).is_some_and(|at| issued_at <= *at)
            || latest.contains_key(&Target::Token(jti.as_str().into()));
        let names = TokenNames {
            session_id: Some(session(sid)),
            user_id: Some(&user),
            token_id: Some(&jti),
            issued_at: Some(issued_at),
        };
        prop_assert_eq!(view.find(names).is_some(), expected);
    }
}
