//! Requests that bring one token at the same time.

use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::task::yield_now;

use super::*;

/// A request under way: what it is answered.
type Underway<'w> = Pin<Box<dyn Future<Output = String> + 'w>>;

impl World {
    /// Sends a request that gets as far as waiting for the answer of the issuer.
    fn waiting(&self, token: &'static str) -> Underway<'_> {
        let mut request = Box::pin(self.code(token));
        assert!(request.as_mut().now_or_never().is_none(), "it does not wait");
        request
    }

    fn crowd(&self, token: &'static str) -> Vec<Underway<'_>> {
        (0..100).map(|_| self.waiting(token)).collect()
    }
}

#[tokio::test]
async fn a_hundred_requests_with_one_new_token_ask_once() {
    let world = World::new();
    let gate = world.issuer.hold();
    let crowd = world.crowd("opaque");
    yield_now().await;
    world.issuer.says(active(""));
    gate.add_permits(100);
    assert_eq!(join_all(crowd).await, vec!["ok"; 100]);
    assert_eq!(world.issuer.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_threads_interleave_a_token_is_asked_about_once() {
    let world = Arc::new(World::new());
    world.issuer.says(active(""));
    for round in 1..=200 {
        let ask = |_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.code(&format!("opaque-{round}")).await })
        };
        for code in join_all((0..10).map(ask)).await {
            assert_eq!(code.expect("an answer"), "ok");
        }
        assert_eq!(world.issuer.asked(), round);
    }
}

#[tokio::test]
async fn a_failure_is_that_of_all_who_waited_and_of_nobody_after_them() {
    let world = World::new();
    let failures = [
        (Said::Down, "503 introspection_unavailable"),
        (Said::Body(500, String::new()), "503 introspection_unavailable"),
        (Said::Body(200, r#"{"active":false}"#.to_owned()), "401 token_inactive"),
        (Said::Body(200, active(r#","exp":1"#)), "401 token_expired"),
        (Said::Panic, "500 internal_error"),
    ];
    for (round, (said, code)) in failures.into_iter().enumerate() {
        let gate = world.issuer.hold();
        let crowd = world.crowd("opaque");
        yield_now().await;
        world.issuer.answers(said.clone());
        gate.add_permits(100);
        assert_eq!(join_all(crowd).await, vec![code; 100]);
        assert_eq!(world.issuer.asked(), 2 * round + 1);
        assert_eq!(world.code("opaque").await, code);
        assert_eq!(world.issuer.asked(), 2 * round + 2);
    }
    world.issuer.says(active(""));
    assert_eq!(world.code("opaque").await, "ok");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_silent_issuer_waits_no_longer_than_who_asked_it() {
    let world = World::new();
    world.issuer.answers(Said::Silence);
    let began = tokio::time::Instant::now();
    let first = world.waiting("opaque");
    yield_now().await;
    tokio::time::advance(Duration::from_secs(4)).await;
    let later = world.waiting("opaque");
    assert_eq!(join_all([first, later]).await, vec!["503 introspection_unavailable"; 2]);
    assert_eq!((began.elapsed().as_secs(), world.issuer.asked()), (5, 1));
}

#[tokio::test]
async fn the_question_goes_on_when_the_first_to_ask_has_left() {
    // Before the question was sent, and after.
    for steps in [0, 1] {
        let world = World::new();
        let gate = world.issuer.hold();
        let first = world.waiting("opaque");
        let others = world.crowd("opaque");
        for _ in 0..steps {
            yield_now().await;
        }
        assert_eq!(world.issuer.asked(), steps);
        drop(first);
        yield_now().await;
        world.issuer.says(active(""));
        gate.add_permits(100);
        assert_eq!(join_all(others).await, vec!["ok"; 100]);
        assert_eq!(world.issuer.asked(), 1);
    }
}

#[tokio::test]
async fn an_answer_for_which_nobody_waits_any_more_is_remembered() {
    let world = World::new();
    let gate = world.issuer.hold();
    drop(world.waiting("opaque"));
    yield_now().await;
    world.issuer.says(active(""));
    gate.add_permits(1);
    assert_eq!(world.code("opaque").await, "ok");
    assert_eq!((world.code("opaque").await.as_str(), world.issuer.asked()), ("ok", 1));
}

#[tokio::test]
async fn tokens_do_not_wait_for_each_other() {
    let world = World::new();
    let gate = world.issuer.hold();
    let slow = world.waiting("slow");
    yield_now().await;
    world.issuer.says(active(""));
    assert_eq!(world.code("quick").await, "ok");
    assert_eq!(world.issuer.asked(), 2);
    gate.add_permits(1);
    assert_eq!(slow.await, "ok");
}

#[tokio::test]
async fn nobody_joins_a_question_that_is_older_than_an_answer_may_be() {
    let world = World::with(|strategy| strategy.remember_for(Duration::from_secs(5)));
    let old = world.issuer.hold();
    let mut asked_before = vec![world.waiting("opaque")];
    world.clock.advance(Duration::from_secs(4));
    asked_before.push(world.waiting("opaque"));
    yield_now().await;
    assert_eq!(world.issuer.asked(), 1);
    world.clock.advance(Duration::from_secs(1));
    // Revoked meanwhile, which the answer to the first question does not know.
    world.issuer.says(r#"{"active":false}"#);
    assert_eq!(world.code("opaque").await, "401 token_inactive");
    assert_eq!(world.issuer.asked(), 2);
    world.issuer.says(active(""));
    old.add_permits(1);
    assert_eq!(join_all(asked_before).await, vec!["ok"; 2]);
    // And it is not remembered: it is too old for that, too.
    world.issuer.says(r#"{"active":false}"#);
    assert_eq!(world.code("opaque").await, "401 token_inactive");
}

#[tokio::test]
async fn where_nothing_is_remembered_each_request_asks_for_itself() {
    let world = World::with(|strategy| strategy.remember_for(Duration::ZERO));
    let gate = world.issuer.hold();
    let two = [world.waiting("opaque"), world.waiting("opaque")];
    yield_now().await;
    assert_eq!(world.issuer.asked(), 2);
    world.issuer.says(active(""));
    gate.add_permits(2);
    assert_eq!(join_all(two).await, vec!["ok"; 2]);
}

#[tokio::test]
async fn what_is_remembered_counts_from_the_question_and_not_from_the_answer() {
    let world = World::new();
    let gate = world.issuer.hold();
    let first = world.waiting("opaque");
    yield_now().await;
    world.issuer.says(active(""));
    world.clock.advance(Duration::from_secs(10));
    gate.add_permits(1);
    assert_eq!(first.await, "ok");
    world.issuer.says(r#"{"active":false}"#);
    world.clock.advance(Duration::from_secs(19));
    assert_eq!(world.code("opaque").await, "ok");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.code("opaque").await, "401 token_inactive");
}

#[tokio::test]
async fn as_many_tokens_are_asked_about_at_once_as_was_said_and_any_number_may_wait_for_them() {
    let world = World::with(|strategy| strategy.max_open_questions(2));
    let gate = world.issuer.hold();
    let mut waiting = world.crowd("one");
    waiting.extend(world.crowd("two"));
    assert_eq!(world.code("three").await, "503 introspection_busy");
    // Whoever has left still counts until the answer is there: the issuer is at work.
    drop(waiting.drain(..100));
    assert_eq!(world.code("three").await, "503 introspection_busy");
    yield_now().await;
    world.issuer.says(active(""));
    gate.add_permits(2);
    assert_eq!(join_all(waiting).await, vec!["ok"; 100]);
    assert_eq!(world.code("three").await, "ok");
    assert_eq!(world.issuer.asked(), 3);
}

#[tokio::test]
async fn at_least_one_token_can_be_asked_about() {
    let world = World::with(|strategy| strategy.max_open_questions(0));
    world.issuer.says(active(""));
    assert_eq!(world.code("opaque").await, "ok");
}
