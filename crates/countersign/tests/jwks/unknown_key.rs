//! Tokens that name a key which is not at hand.

use std::time::Duration;

use countersign_testkit::Fault;
use futures_util::FutureExt;

use crate::common::{HOUR, World, key, set, settle};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_new_key_is_fetched_when_the_first_token_names_it() {
    let world = World::new();
    let api = world.start_warm().await;
    let second = key("second");
    world.fake.publish(&set(&[&world.key, &second]));
    assert_eq!(api.present(&world.token(&second)).await, "200");
    assert_eq!(world.fake.fetches(), 2);
    assert_eq!(api.present(&world.token(&second)).await, "200");
    assert_eq!(world.fake.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_made_up_key_id_is_refused_after_one_look() {
    let world = World::new();
    let api = world.start_warm().await;
    assert_eq!(api.present(&world.token(&key("made up"))).await, "401 key_unknown");
    assert_eq!(world.fake.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_unknown_key_ids_at_once_cause_one_fetch() {
    let world = World::new();
    let api = world.start_warm().await;
    let (second, third) = (key("second"), key("third"));
    world.fake.publish(&set(&[&world.key, &second, &third]));
    world.fake.fail(Fault::Slow);

    let (one, other) = (world.token(&second), world.token(&third));
    let answered = async {
        world.fake.fetched(2).await;
        settle().await;
        world.fake.recover();
    };
    let (one, other, ()) = tokio::join!(api.present(&one), api.present(&other), answered);
    assert_eq!((one.as_str(), other.as_str()), ("200", "200"));
    assert_eq!(world.fake.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_with_a_usable_key_never_waits_for_the_network() {
    let world = World::new();
    let api = world.start_warm().await;
    world.fake.fail(Fault::Slow);
    world.pass(HOUR).await;
    assert_eq!(world.fake.fetches(), 2, "a refresh is under way");
    let answer = api.present(&world.token(&world.key)).now_or_never();
    assert_eq!(answer.as_deref(), Some("200"));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_id_is_answered_503_while_the_issuer_cannot_be_asked() {
    let world = World::new();
    let api = world.start_warm().await;
    let second = key("second");
    world.fake.publish(&set(&[&world.key, &second]));
    world.fake.fail(Fault::Down);
    world.pass(60 * SECOND).await;
    // The first is waited for, the next ones come while the issuer is left in peace.
    for _ in 0..3 {
        assert_eq!(api.present(&world.token(&second)).await, "503");
    }
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.fetches(), 2);

    world.fake.recover();
    world.pass(SECOND).await;
    assert_eq!(api.present(&world.token(&second)).await, "200");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_id_waits_for_a_slow_issuer_no_longer_than_told() {
    let world = World::new();
    let api = world.start_as(world.builder().max_wait(Duration::from_millis(300)));
    api.keys.refresh().await.expect("an issuer in good health");
    world.fake.fail(Fault::Slow);
    let before = tokio::time::Instant::now();
    assert_eq!(api.present(&world.token(&key("second"))).await, "503");
    assert_eq!(before.elapsed(), Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn without_any_key_a_request_waits_for_the_first_answer() {
    let world = World::new();
    world.fake.fail(Fault::Slow);
    let api = world.start();
    let token = world.token(&world.key);
    let answered = async {
        settle().await;
        world.fake.recover();
    };
    let (answer, ()) = tokio::join!(api.present(&token), answered);
    assert_eq!(answer, "200");
    assert_eq!(world.fake.fetches(), 1);
}

/// Made-up key ids for ten minutes, twenty a second; how many fetches they caused, and how they were answered.
async fn flood(world: &World, api: &crate::common::Api) -> (usize, Vec<String>) {
    let before = world.fake.fetches();
    let hostile = key("made up");
    let mut answers = Vec::new();
    for _ in 0..600 {
        let token = world.token(&hostile);
        for _ in 0..20 {
            answers.push(api.present(&token).await);
        }
        world.clock.advance(SECOND);
    }
    answers.sort();
    answers.dedup();
    (world.fake.fetches() - before, answers)
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_made_up_key_ids_is_refused_within_the_budget() {
    let world = World::new();
    let api = world.start_warm().await;
    let (fetches, answers) = flood(&world, &api).await;
    // Three at once, and one each thirty seconds.
    assert_eq!(fetches, 3 + 600 / 30 - 1);
    assert_eq!(answers, ["401 key_unknown"]);
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
}

#[tokio::test(start_paused = true)]
async fn a_flood_while_the_issuer_is_down_does_not_keep_it_down() {
    let world = World::new();
    let api = world.start_warm().await;
    world.fake.fail(Fault::Down);
    let (fetches, answers) = flood(&world, &api).await;
    // Half of 1, 2, 4, 8, 16 and 32 seconds and more, then up to a minute: the manual chance takes a quarter away.
    assert!((10..=24).contains(&fetches), "{fetches}");
    // The first are still told what the issuer confirmed just now.
    assert_eq!(answers, ["401 key_unknown", "503"]);
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_keep_a_new_key_out_for_longer_than_the_budget_interval() {
    let world = World::new();
    let api = world.start_warm().await;
    for _ in 0..10 {
        api.present(&world.token(&key("made up"))).await;
    }
    let second = key("second");
    world.fake.publish(&set(&[&world.key, &second]));
    world.clock.advance(30 * SECOND);
    assert_eq!(api.present(&world.token(&key("made up"))).await, "401 key_unknown");
    assert_eq!(api.present(&world.token(&second)).await, "200");
}
