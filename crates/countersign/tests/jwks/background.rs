//! The task in the background: when it fetches, and when it ends.

use std::time::Duration;

use bytes::Bytes;
use countersign::jwks::{Fetch, FetchError, RefreshError, StartError};
use countersign_testkit::{FakeJwks, Fault};
use http::{Response, Uri};
use tokio::sync::oneshot;

use crate::common::{HOUR, World, key, set, settle};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_set_is_refreshed_ahead_of_its_end_without_any_request() {
    let world = World::new();
    world.fake.max_age(10 * MINUTE);
    let _api = world.start_warm().await;
    world.pass(7 * MINUTE).await;
    assert_eq!(world.fake.fetches(), 1);
    world.pass(MINUTE).await;
    assert_eq!(world.fake.fetches(), 2, "eight of ten minutes are over");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_no_longer_published_is_refused_from_the_next_refresh_on() {
    let world = World::new();
    let api = world.start_warm().await;
    world.fake.publish(&set(&[&key("second")]));
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    world.pass(4 * MINUTE).await;
    assert_eq!(api.present(&world.token(&world.key)).await, "401 key_unknown");
}

#[tokio::test(start_paused = true)]
async fn an_operator_can_have_a_key_forgotten_at_once() {
    let world = World::new();
    let api = world.start_warm().await;
    world.fake.publish(&set(&[&key("second")]));
    api.keys.refresh().await.expect("an issuer in good health");
    assert_eq!(api.present(&world.token(&world.key)).await, "401 key_unknown");
}

#[tokio::test(start_paused = true)]
async fn failed_fetches_are_tried_again_ever_more_rarely() {
    let world = World::new();
    let _api = world.start_warm().await;
    world.fake.fail(Fault::Down);
    world.pass(4 * MINUTE).await;
    assert_eq!(world.fake.fetches(), 2);
    // With a chance of a half: three quarters of 1, 2 and 4 seconds.
    for (wait, fetches) in [(700, 2), (50, 3), (1400, 3), (100, 4), (2900, 4), (100, 5)] {
        world.pass(Duration::from_millis(wait)).await;
        assert_eq!(world.fake.fetches(), fetches, "{wait}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_not_answered_in_time_is_given_up() {
    let world = World::new();
    world.fake.fail(Fault::Slow);
    let api = world.start_as(world.builder().fetch_timeout(MINUTE));
    let before = tokio::time::Instant::now();
    assert_eq!(api.keys.refresh().await, Err(RefreshError::TimedOut));
    assert_eq!(before.elapsed(), MINUTE);
}

#[tokio::test(start_paused = true)]
async fn an_operator_who_asks_during_a_fetch_joins_it() {
    let world = World::new();
    world.fake.fail(Fault::Slow);
    let api = world.start();
    let answered = async {
        settle().await;
        world.fake.recover();
    };
    let (one, other, ()) = tokio::join!(api.keys.refresh(), api.keys.refresh(), answered);
    assert_eq!((one, other), (Ok(()), Ok(())));
    assert_eq!(world.fake.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_how_the_set_fares() {
    let world = World::new();
    let api = world.start_warm().await;
    let started = countersign::jwt::Clock::now(&world.clock);
    let status = api.keys.status();
    assert_eq!((status.keys, status.confirmed_at, status.fetches), (1, Some(started), 1));
    assert_eq!(status.failure, None);

    world.fake.fail(Fault::Empty);
    world.pass(HOUR).await;
    let status = api.keys.status();
    assert_eq!((status.keys, status.confirmed_at, status.fetches), (1, Some(started), 2));
    assert_eq!(status.failure, Some(RefreshError::NoUsableKey { skipped: 0 }));

    world.clock.advance(24 * HOUR);
    assert_eq!(api.keys.status().keys, 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_set_fetches_no_more_and_its_keys_stay_until_they_are_stale() {
    let world = World::new();
    let api = world.start_warm().await;
    api.keys.close().await;
    world.pass(HOUR).await;
    assert_eq!(world.fake.fetches(), 1);
    assert_eq!(api.keys.refresh().await, Err(RefreshError::Closed));
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    assert_eq!(api.present(&world.token(&key("second"))).await, "503");
    world.pass(24 * HOUR).await;
    assert_eq!(api.present(&world.token(&world.key)).await, "503");
}

#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_a_fetch_under_way() {
    let world = World::new();
    world.fake.fail(Fault::Slow);
    let api = world.start();
    world.fake.fetched(1).await;
    let before = tokio::time::Instant::now();
    api.keys.close().await;
    assert_eq!(before.elapsed(), Duration::ZERO);
}

/// A client that tells when it is dropped.
struct Dropped(FakeJwks, #[expect(dead_code, reason = "it is there to be dropped")] oneshot::Sender<()>);

impl Fetch for Dropped {
    async fn get(&self, url: &Uri, limit: usize) -> Result<Response<Bytes>, FetchError> {
        self.0.get(url, limit).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_last_of_the_sets_that_share_it() {
    let world = World::new();
    world.fake.fail(Fault::Slow);
    let (sender, mut dropped) = oneshot::channel();
    let keys = world.builder().start_with(Dropped(world.fake.clone(), sender)).expect("a runtime");
    let other = keys.clone();
    world.fake.fetched(1).await;

    drop(keys);
    settle().await;
    assert_eq!(dropped.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    drop(other);
    assert!(dropped.await.is_err(), "the client is gone with the task");
}

#[test]
fn outside_of_a_runtime_it_does_not_start() {
    let world = World::new();
    let started = world.builder().start_with(world.fake);
    assert_eq!(started.unwrap_err(), StartError::NoRuntime);
}
