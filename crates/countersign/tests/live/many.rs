//! Ten thousand streams.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::jwt::{Clock, ManualClock, NumericDate};

use crate::common::{World, closed, connect, piece};

/// Streams of each kind.
const EACH: u64 = 5_000;
/// Over how long their ends are spread, and how far the clock moves at a time.
const SPREAD: Duration = Duration::from_secs(120);
const STEP: Duration = Duration::from_millis(500);

/// When a stream had to end, and when it did.
type Ends = Arc<Mutex<Vec<(NumericDate, NumericDate)>>>;

/// Another moment for each stream, in no order.
fn lifetime(number: u64) -> Duration {
    let spread = SPREAD.as_millis() as u64;
    Duration::from_millis(1_000 + number * 7_919 % spread)
}

fn note(ends: &Ends, due: NumericDate, clock: &Arc<ManualClock>) {
    ends.lock().expect("not poisoned").push((due, clock.now()));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_websockets_and_event_streams_each_end_within_a_second_of_their_token() {
    let world = World::new();
    let (app, ends) = (world.app(), Ends::default());
    for number in 0..EACH {
        let (events_for, socket_for) = (lifetime(2 * number), lifetime(2 * number + 1));
        let start = world.clock.now();

        let mut events = world.open("/events", events_for).await;
        let (clock, noted) = (Arc::clone(&world.clock), Arc::clone(&ends));
        tokio::spawn(async move {
            let mut last = None;
            while let Some(more) = piece(&mut events).await {
                last = Some(more);
            }
            assert_eq!(last.as_deref(), Some("event: end\ndata: token_expired\n\n"));
            note(&noted, start + events_for, &clock);
        });

        let token = world.token(socket_for);
        let mut socket = connect(app.clone(), "/chat", &token).await.expect("a WebSocket");
        let (clock, noted) = (Arc::clone(&world.clock), Arc::clone(&ends));
        tokio::spawn(async move {
            assert_eq!(closed(&mut socket).await, (3000, "token_expired".to_owned()));
            note(&noted, start + socket_for, &clock);
        });
    }
    assert_eq!(world.live.open() as u64, 2 * EACH);

    for _ in 0..(SPREAD + Duration::from_secs(2)).as_millis() / STEP.as_millis() {
        world.clock.advance(STEP);
        // Tokio's time moves when everybody has done what there is to do.
        tokio::time::sleep(STEP).await;
    }
    assert_eq!(world.live.open(), 0);
    let ends = ends.lock().expect("not poisoned");
    assert_eq!(ends.len() as u64, 2 * EACH);
    for (due, ended) in &*ends {
        assert!(ended >= due, "{ended} is before {due}");
        assert!(ended.since(*due) <= Duration::from_secs(1), "{ended} is too long after {due}");
    }
}
