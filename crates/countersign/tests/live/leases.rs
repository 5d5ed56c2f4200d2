//! When a lease ends: by the clock, however it moves, and by revocation.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use countersign::Guard;
use countersign::live::End;
use countersign::revocation::{Entry, Revocations, Staleness};
use countersign::session::SessionId;
use http::Request;
use serde_json::json;
use tower::ServiceExt;

use crate::common::{LIFETIME, LOOK, World, goes_on, piece, routes, timed};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test(start_paused = true)]
async fn a_clock_that_leaps_ends_what_it_leapt_over() {
    let world = World::new();
    let mut events = world.open("/events", LIFETIME).await;
    piece(&mut events).await;
    // The machine slept: tokio's clock knows nothing of it.
    world.clock.advance(8 * HOUR);
    let (waited, last) = timed(piece(&mut events)).await;
    assert_eq!(last.as_deref(), Some("event: end\ndata: token_expired\n\n"));
    assert!(waited <= LOOK, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_leaves_open_what_is_good_again_for_long() {
    let world = World::new();
    let mut events = world.open("/events", LIFETIME).await;
    piece(&mut events).await;
    world.clock.set(countersign::jwt::Clock::now(&world.clock) - HOUR);
    tokio::time::advance(LIFETIME).await;
    assert!(goes_on(piece(&mut events)).await);
    world.clock.advance(HOUR + LIFETIME);
    assert!(piece(&mut events).await.is_some_and(|last| last.starts_with("event: end")));
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_sooner_than_those_before_it_ends_in_time() {
    let world = World::new();
    let mut long = world.open("/events", LIFETIME).await;
    let mut short = world.open("/events", Duration::from_millis(1)).await;
    piece(&mut long).await;
    piece(&mut short).await;
    world.clock.advance(Duration::from_millis(1));
    let (waited, last) = timed(piece(&mut short)).await;
    assert!(last.is_some() && waited <= LOOK, "{waited:?}");
    assert!(goes_on(piece(&mut long)).await);
}

#[tokio::test(start_paused = true)]
async fn what_a_verifier_lets_pass_after_its_end_ends_at_once_unless_there_is_a_leeway() {
    let opened_late = async |world: World| {
        let token = world.token(Duration::from_secs(1));
        world.clock.advance(Duration::from_secs(31));
        let app = world.app();
        let request = Request::get("/events").header("authorization", format!("Bearer {token}"));
        let request = request.body(Body::empty()).expect("a request");
        (app.oneshot(request).await.expect("axum answers"), world)
    };
    let (mut events, _) = opened_late(World::new()).await;
    assert!(piece(&mut events).await.is_some_and(|first| first.starts_with("event: end")));

    let minute = Duration::from_secs(60);
    let (mut events, world) = opened_late(World::new().with(|live| live.leeway(minute))).await;
    assert_eq!(piece(&mut events).await.as_deref(), Some("data: hello\n\n"));
    assert!(goes_on(piece(&mut events)).await);
    world.clock.advance(Duration::from_secs(30));
    assert!(piece(&mut events).await.is_some_and(|last| last.starts_with("event: end")));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_is_told_ends_streams_at_once_and_one_that_is_not_at_the_next_look() {
    for told in [true, false] {
        let (world, revoked) = World::revocable();
        let mut events = world.open("/events", LIFETIME).await;
        piece(&mut events).await;
        revoked.store(true, Ordering::Relaxed);
        if told {
            world.live.recheck();
        }
        let (waited, last) = timed(piece(&mut events)).await;
        assert_eq!(last.as_deref(), Some("event: end\ndata: token_revoked\n\n"));
        assert!(waited <= if told { Duration::ZERO } else { LOOK }, "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_between_the_guard_and_the_lease_is_not_opened() {
    let (world, revoked) = World::revocable();
    revoked.store(true, Ordering::Relaxed);
    let mut events = world.open("/events", LIFETIME).await;
    assert_eq!(piece(&mut events).await.as_deref(), Some("event: end\ndata: token_revoked\n\n"));
    assert_eq!(world.live.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_check_of_another_kind_of_identity_is_not_asked() {
    let world = World::new().with(|live| live.revoked(|_: &String| true));
    let mut events = world.open("/events", LIFETIME).await;
    piece(&mut events).await;
    world.live.recheck();
    assert!(goes_on(piece(&mut events)).await);
}

#[test]
fn an_end_has_a_code_for_everyone() {
    assert_eq!((End::Expired.code(), End::Expired.close_code()), ("token_expired", 3000));
    assert_eq!((End::Revoked.code(), End::Revoked.close_code()), ("token_revoked", 3000));
    assert_ne!(End::Expired.to_string(), End::Revoked.to_string());
}

#[tokio::test(start_paused = true)]
async fn a_revocation_in_a_view_ends_the_streams_of_its_session_at_once_and_no_others() {
    let view = Revocations::in_process(LIFETIME);
    let world = World::new().with(|live| live.revocations(&view));
    let strategy = || world.strategy().revocation(&view, Staleness::fail_closed());
    let session = |number| SessionId::from_bytes([number; SessionId::LEN]);
    let open = async |number| {
        let app = routes().layer(world.live.clone()).layer(Guard::required(strategy()));
        let token = world.issuer.token_with("ada", &json!({"sid": session(number)}));
        let request = Request::get("/events").header("authorization", format!("Bearer {token}"));
        app.oneshot(request.body(Body::empty()).expect("a request")).await.expect("axum answers")
    };
    let (mut ours, mut theirs) = (open(1).await, open(2).await);
    piece(&mut ours).await;
    piece(&mut theirs).await;

    let now = countersign::jwt::Clock::now(&world.clock);
    view.merge([Entry::session(session(1), now)], now);
    let (waited, last) = timed(piece(&mut ours)).await;
    assert_eq!(last.as_deref(), Some("event: end\ndata: token_revoked\n\n"));
    assert_eq!(waited, Duration::ZERO);
    assert!(goes_on(piece(&mut theirs)).await);
}
