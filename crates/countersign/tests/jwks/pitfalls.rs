//! What goes wrong elsewhere with key sets, each by its name. (Made-up key ids that cause fetches without end have tests of
//! their own, in `unknown_key`; the WebSocket that outlives its token stands in `tests/live/pitfalls.rs`.)

use std::sync::Arc;
use std::time::Duration;

use countersign_testkit::Fault;
use http::StatusCode;

use crate::common::{DAY, HOUR, World, key, set};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn an_announced_rotation_refuses_no_request_and_makes_none_wait() {
    let world = World::new();
    let api = world.start_warm().await;
    let second = key("second");
    world.fake.publish(&set(&[&world.key, &second]));
    world.pass(5 * MINUTE).await;
    let fetches = world.fake.fetches();
    for key in [&world.key, &second, &world.key, &second] {
        assert_eq!(api.present(&world.token(key)).await, "200");
    }
    assert_eq!(world.fake.fetches(), fetches);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_publishes_only_the_active_key_is_a_hard_cut_for_no_new_token() {
    let world = World::new();
    let api = world.start_warm().await;
    let second = key("second");
    world.fake.publish(&set(&[&second]));
    let old = world.token(&world.key);
    assert_eq!(api.present(&old).await, "200");
    assert_eq!(api.present(&world.token(&second)).await, "200");
    assert_eq!(api.present(&old).await, "401 key_unknown", "its issuer no longer vouches for it");
}

#[tokio::test(start_paused = true)]
async fn one_unknown_key_type_does_not_make_the_set_unreadable() {
    let world = World::new();
    let published = serde_json::to_value(set(&[&world.key]).to_jwk_set()).expect("JSON");
    let known = &published["keys"][0];
    let odd = r#"{"kty":"XYZ","kid":"a"}, {"kty":"EC","crv":"P-999","x":"AA","y":"AA"}, 7, {}"#;
    world.fake.document(countersign_testkit::FakeJwks::URL, format!(r#"{{"keys":[{odd},{known}]}}"#));
    let api = world.start_warm().await;
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    assert_eq!(api.keys.status().keys, 1);
}

#[tokio::test(start_paused = true)]
async fn one_failed_fetch_refuses_no_request_and_is_made_good_within_a_second() {
    let world = World::new();
    let api = world.start_warm().await;
    world.fake.fail(Fault::Status(StatusCode::BAD_GATEWAY));
    world.pass(5 * MINUTE).await;
    assert_eq!(api.failure(), Some("answer_status"));
    assert_eq!(api.present(&world.token(&world.key)).await, "200");

    world.fake.recover();
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(api.failure(), None);
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_fails_every_other_time_refuses_no_request() {
    let world = World::new();
    let api = world.start_warm().await;
    for turn in 0..50 {
        match turn % 2 {
            0 => world.fake.fail(Fault::Down),
            _ => world.fake.recover(),
        }
        world.pass(4 * MINUTE).await;
        assert_eq!(api.present(&world.token(&world.key)).await, "200");
    }
}

#[tokio::test(start_paused = true)]
async fn stale_keys_are_not_trusted_for_ever() {
    let world = World::new();
    let api = world.start_as(world.builder().stale_after(6 * HOUR));
    api.keys.refresh().await.expect("an issuer in good health");
    world.fake.fail(Fault::Down);
    world.clock.advance(6 * HOUR - MINUTE);
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    world.clock.advance(MINUTE);
    assert_eq!(api.present(&world.token(&world.key)).await, "503");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_key_set_is_never_answered_401() {
    let world = World::new();
    let api = world.start_warm().await;
    world.fake.fail(Fault::Down);
    for _ in 0..60 {
        world.pass(HOUR).await;
        assert!(["200", "503"].contains(&api.present(&world.token(&world.key)).await.as_str()));
        assert_eq!(api.present(&world.token(&key("second"))).await, "503");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_a_public_set_verifies_nothing() {
    let world = World::new();
    let secret = countersign::jwt::SigningKey::from_secret(countersign::jwt::Algorithm::Hs256, &[7; 32])
        .expect("a key")
        .with_key_id("secret");
    let published = serde_json::to_value(set(&[&world.key]).to_jwk_set()).expect("JSON");
    let known = &published["keys"][0];
    let symmetric =
        r#"{"kty":"oct","kid":"secret","alg":"HS256","k":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}"#;
    world.fake.document(countersign_testkit::FakeJwks::URL, format!(r#"{{"keys":[{symmetric},{known}]}}"#));
    let api = world.start_warm().await;
    assert_eq!(api.present(&world.token(&secret)).await, "401 key_unknown");
    assert_eq!(api.present(&world.token(&world.key)).await, "200");

    world.fake.document(countersign_testkit::FakeJwks::URL, format!(r#"{{"keys":[{symmetric}]}}"#));
    assert_eq!(api.keys.refresh().await.unwrap_err().code(), "key_set_without_key");
    world.pass(DAY).await;
    assert_eq!(api.present(&world.token(&secret)).await, "503");
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_falls_with_its_key() {
    let world = World::new();
    let api = world.start_warm().await.remembering(Arc::clone(&world.clock));
    let old = world.token(&world.key);
    assert_eq!(api.present(&old).await, "200");

    world.fake.publish(&set(&[&key("second")]));
    assert_eq!(api.present(&old).await, "200", "the set at hand still has its key");
    api.keys.refresh().await.expect("an issuer in good health");
    assert_eq!(api.present(&old).await, "401 key_unknown");
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_is_503_once_the_keys_are_stale() {
    let world = World::new();
    let api = world.start_as(world.builder().stale_after(5 * MINUTE));
    let api = api.remembering(Arc::clone(&world.clock));
    api.keys.refresh().await.expect("an issuer in good health");
    let token = world.token(&world.key);
    assert_eq!(api.present(&token).await, "200");

    world.fake.fail(Fault::Down);
    world.clock.advance(5 * MINUTE);
    assert_eq!(api.present(&token).await, "503");
}
