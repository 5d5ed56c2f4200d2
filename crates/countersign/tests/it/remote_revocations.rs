//! What an issuer elsewhere revokes: told, missed, found out.
//!
//! Two clocks move together: the manual one, by which everything is decided, and that of tokio (paused), by which the task waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::jwks::FetchError;
use countersign::jwt::{Clock, ManualClock, NumericDate};
use countersign::revocation::{
    Connect, Entry, Feed, FeedStatus, Message, RemoteRevocations, Revocations, Staleness,
};
use countersign::session::SessionId;
use countersign_testkit::{FakeRevocations, FeedFault, TestIssuer};
use http::{Response, StatusCode, Uri};

const SECOND: Duration = Duration::from_secs(1);

struct World {
    issuer: TestIssuer,
    clock: Arc<ManualClock>,
    fake: FakeRevocations,
}

impl World {
    fn new() -> Self {
        let issuer = TestIssuer::new();
        let clock = issuer.clock();
        let fake = FakeRevocations::new(issuer.name(), issuer.signing_key(), Arc::clone(&clock));
        Self { issuer, clock, fake }
    }

    fn start(&self) -> RemoteRevocations {
        let builder = RemoteRevocations::from_url(FakeRevocations::URL, self.issuer.name()).expect("a URL");
        let builder = builder.clock(Arc::clone(&self.clock)).chance(|| 1.0);
        builder.start_with(self.fake.clone(), self.issuer.keys()).expect("a runtime")
    }

    async fn start_warm(&self) -> RemoteRevocations {
        let remote = self.start();
        self.fake.connected(1).await;
        settle().await;
        assert_eq!((remote.status().snapshots, remote.status().failure), (1, None));
        remote
    }

    fn revoke(&self, number: u8) {
        self.fake.revoke(Entry::session(session(number), self.clock.now()));
    }

    /// Lets this much time pass, a second at a time.
    async fn pass(&self, seconds: u32) {
        for _ in 0..seconds {
            self.clock.advance(SECOND);
            tokio::time::advance(SECOND).await;
            settle().await;
        }
    }

    fn is_fresh(&self, remote: &RemoteRevocations) -> bool {
        remote.view().is_fresh(Staleness::fail_closed(), self.clock.now())
    }
}

fn session(number: u8) -> SessionId {
    SessionId::from_bytes([number; SessionId::LEN])
}

/// Lets the task run until it waits for something.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

fn failure(status: &FeedStatus) -> Option<&'static str> {
    status.failure.as_ref().map(|failure| failure.code())
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_is_known_elsewhere_without_any_time_passing() {
    let world = World::new();
    let remote = world.start_warm().await;
    world.revoke(1);
    settle().await;
    assert_eq!(remote.view().len(), 1);
    assert_eq!(remote.status().snapshots, 1);
}

/// Remembers what it was asked for.
#[derive(Clone)]
struct Listening {
    fake: FakeRevocations,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Connect for Listening {
    type Body = <FakeRevocations as Connect>::Body;

    async fn get(&self, url: &Uri, last_event_id: Option<&str>) -> Result<Response<Self::Body>, FetchError> {
        self.asked.lock().expect("nobody panicked").push(url.to_string());
        self.fake.get(url, last_event_id).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_has_a_name_says_it_to_the_feed() {
    let world = World::new();
    let connect = Listening { fake: world.fake.clone(), asked: Arc::default() };
    let builder = RemoteRevocations::from_url(FakeRevocations::URL, world.issuer.name()).expect("a URL");
    let builder = builder.clock(Arc::clone(&world.clock)).verifier_name("billing").expect("a good name");
    let remote = builder.start_with(connect.clone(), world.issuer.keys()).expect("a runtime");
    world.fake.connected(1).await;
    let feed = format!("{}/feed?verifier=billing", FakeRevocations::URL);
    assert_eq!(*connect.asked.lock().expect("nobody panicked"), [FakeRevocations::URL.to_owned(), feed]);
    drop(remote);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_a_view_fresh_in_which_nothing_happens() {
    let world = World::new();
    let remote = world.start_warm().await;
    for _ in 0..60 {
        world.pass(1).await;
        assert!(world.is_fresh(&remote));
    }
    assert_eq!((remote.status().snapshots, remote.status().disconnections), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_joins_late_has_all_that_was_revoked_before() {
    let world = World::new();
    for number in 0..100 {
        world.revoke(number);
    }
    world.fake.revoke(Entry::user("ada", world.clock.now()));
    world.fake.revoke(Entry::token("token-1", world.clock.now()));
    let remote = world.start_warm().await;
    assert_eq!(remote.view().len(), 102);
    assert!(world.is_fresh(&remote));
    assert_eq!(remote.view().remembered(), Duration::from_secs(16 * 60));
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_was_cut_is_read_on_from_where_it_was_without_a_snapshot() {
    let world = World::new();
    let remote = world.start_warm().await;
    world.fake.fail(FeedFault::Down);
    settle().await;
    world.revoke(1);
    world.pass(11).await;
    assert_eq!(failure(&remote.status()), Some("issuer_unreachable"));
    assert!(!world.is_fresh(&remote));
    assert_eq!(remote.view().len(), 0);

    world.fake.recover();
    world.pass(31).await;
    assert_eq!((remote.view().len(), failure(&remote.status())), (1, None));
    assert!(world.is_fresh(&remote));
    assert_eq!(world.fake.snapshots(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_goes_silent_is_given_up_and_makes_nothing_fresh() {
    let world = World::new();
    let remote = world.start_warm().await;
    world.fake.fail(FeedFault::Silent);
    world.pass(12).await;
    assert_eq!(failure(&remote.status()), Some("feed_silent"));
    assert!(!world.is_fresh(&remote));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_was_started_anew_is_asked_for_a_snapshot() {
    let world = World::new();
    let remote = world.start_warm().await;
    world.revoke(1);
    settle().await;
    world.fake.restart();
    settle().await;
    world.revoke(2);
    world.pass(1).await;
    assert_eq!((remote.view().len(), world.fake.snapshots()), (2, 2));
    world.revoke(3);
    settle().await;
    assert_eq!((remote.view().len(), world.fake.snapshots()), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_noticed_by_the_next_heartbeat_and_filled_from_a_snapshot() {
    let world = World::new();
    let remote = world.start_warm().await;
    world.fake.fail(FeedFault::Gap);
    settle().await;
    world.revoke(1);
    settle().await;
    assert_eq!(remote.view().len(), 0);
    world.pass(3).await;
    assert_eq!((remote.view().len(), world.fake.snapshots()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn garbage_is_no_news_and_loses_nothing() {
    let world = World::new();
    let remote = world.start_warm().await;
    world.revoke(1);
    settle().await;
    world.fake.fail(FeedFault::Garbage);
    world.pass(3).await;
    assert_eq!((failure(&remote.status()), remote.view().len()), (Some("feed_malformed"), 1));
    world.fake.recover();
    world.pass(31).await;
    assert_eq!(failure(&remote.status()), None);

    let late = world.start();
    world.fake.fail(FeedFault::Garbage);
    settle().await;
    assert_eq!((failure(&late.status()), world.is_fresh(&late)), (Some("snapshot_refused"), false));
    world.fake.fail(FeedFault::Status(StatusCode::UNAUTHORIZED));
    world.pass(10).await;
    assert_eq!(failure(&late.status()), Some("issuer_status"));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_another_has_signed_is_refused() {
    let world = World::new();
    let forger =
        FakeRevocations::new(world.issuer.name(), TestIssuer::new().signing_key(), world.clock.clone());
    let world = World { fake: forger, ..world };
    let remote = world.start();
    settle().await;
    assert_eq!(failure(&remote.status()), Some("snapshot_refused"));
    assert!(!world.is_fresh(&remote));
}

#[tokio::test(start_paused = true)]
async fn a_view_is_fed_for_as_long_as_somebody_uses_it() {
    let world = World::new();
    let view = world.start_warm().await.view().clone();
    world.revoke(1);
    settle().await;
    assert_eq!(view.len(), 1);
    drop(view);
    settle().await;
    world.fake.restart();
    world.pass(60).await;
    assert_eq!(world.fake.snapshots(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_too_far_behind_is_sent_to_the_snapshot() {
    let now = NumericDate::from_secs(1_700_000_000);
    let view = Revocations::in_process(60 * SECOND);
    let feed = Feed::new(&view, "one");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(now));
    let start = feed.snapshot(now).cursor;
    let revoke = |from: u32, to: u32| {
        view.merge((from..to).map(|number| Entry::token(number.to_string(), now)), now);
    };
    revoke(0, 4096);
    let mut reader = feed.read(Some(&start), SECOND, Arc::clone(&clock));
    for number in 0..4096_u32 {
        assert_eq!(reader.next().await.message, Message::Revoked(Entry::token(number.to_string(), now)));
    }
    assert_eq!(reader.next().await.message, Message::Confirmed(now));
    revoke(4096, 4097);
    let mut late = feed.read(Some(&start), SECOND, clock);
    let event = late.next().await;
    assert_eq!((event.message, event.cursor.sequence), (Message::Lost, 4097));
}
