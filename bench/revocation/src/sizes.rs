//! Bytes: in memory, in a snapshot, in the feed.

use bench_harness::Failure;
use countersign::jwt::{Clock, SystemClock};
use countersign::revocation::{Entry, Event, Feed, Message, Snapshot};
use countersign_testkit::TestIssuer;
use stats_alloc::Region;

use crate::{ALLOCATOR, SESSIONS, session, view_of};

/// How large things are.
pub(crate) struct Sizes {
    /// Of the view on the heap, as the allocator counts.
    pub(crate) heap: usize,
    /// Of the signed snapshot.
    pub(crate) snapshot: usize,
    /// Of one revocation in the feed.
    pub(crate) event: usize,
}

pub(crate) fn measure() -> Result<Sizes, Failure> {
    let now = SystemClock.now();
    let region = Region::new(ALLOCATOR);
    let view = view_of(SESSIONS, now);
    let change = region.change();
    let heap = change.bytes_allocated.saturating_sub(change.bytes_deallocated);

    let issuer = TestIssuer::new();
    let feed = Feed::new(&view, "AAAAAAAAAAAAAAAAAAAAAA");
    let snapshot = feed.snapshot(now);
    let cursor = snapshot.cursor.clone();
    let signer = Snapshot::signer(issuer.signing_key().clone(), issuer.name());
    let snapshot = snapshot.sign(&signer, now)?.len();
    let event = Event { cursor, message: Message::Revoked(Entry::session(session(0), now)) };
    Ok(Sizes { heap, snapshot, event: event.to_string().len() })
}
