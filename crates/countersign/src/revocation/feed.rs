//! The feed of a view, for those who are elsewhere.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_jwt::{Clock, NumericDate};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::wire::{Cursor, Event, Message, Snapshot};
use super::{Entry, Revocations};

/// How many entries a reader may be behind before it is sent to the snapshot.
const LOG: usize = 4096;

/// Numbers what is merged into a view from now on, and tells it to any number of readers.
///
/// A reader that was away says where it was, and is told what it missed; if that is not known any more, or the reader was at
/// another feed, it is sent to the [`snapshot`](Self::snapshot).
#[derive(Clone)]
pub struct Feed {
    view: Revocations,
    log: Arc<Log>,
}

struct Log {
    epoch: Box<str>,
    recent: Mutex<Recent>,
    /// The number of the last entry.
    last: watch::Sender<u64>,
}

/// The last entries, of which the newest has the number `last`.
struct Recent {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Feed {
    /// The feed of `view`, under a name that no feed had before.
    #[must_use]
    pub fn new(view: &Revocations, epoch: impl Into<Box<str>>) -> Self {
        let recent = Mutex::new(Recent { entries: VecDeque::new(), last: 0 });
        let log = Arc::new(Log { epoch: epoch.into(), recent, last: watch::Sender::new(0) });
        let telling = Arc::downgrade(&log);
        view.watch(move |news| drop(telling.upgrade().inspect(|log| log.append(news))));
        Self { view: view.clone(), log }
    }

    /// Everything the view holds, and where the feed goes on from there.
    #[must_use]
    pub fn snapshot(&self, now: NumericDate) -> Snapshot {
        // In this order: all that was confirmed is numbered, and all that is numbered is held.
        let as_of = self.view.as_of(now);
        let cursor = self.cursor(*self.log.last.borrow());
        let entries = self.view.entries(now);
        Snapshot { cursor, as_of, remembered: self.view.remembered(), entries }
    }

    /// Reads on from a place, with a [confirmation](Message::Confirmed) first and then at least every `heartbeat`.
    #[must_use]
    pub fn read(&self, from: Option<&Cursor>, heartbeat: Duration, clock: Arc<dyn Clock>) -> Reader {
        let numbers = self.log.last.subscribe();
        let ours = from.filter(|cursor| cursor.epoch == self.log.epoch);
        let place = match ours.map(|cursor| self.log.recent().after(cursor.sequence)) {
            Some(Some(_)) => ours.map(|cursor| cursor.sequence),
            _ => None,
        };
        Reader {
            feed: self.clone(),
            place: place.ok_or(Lost),
            waiting: VecDeque::new(),
            numbers,
            heartbeat,
            next_beat: Instant::now(),
            clock,
        }
    }

    fn cursor(&self, sequence: u64) -> Cursor {
        Cursor { epoch: self.log.epoch.clone(), sequence }
    }
}

impl Log {
    fn append(&self, news: &[Entry]) {
        let mut recent = self.recent();
        for entry in news {
            if recent.entries.len() == LOG {
                recent.entries.pop_front();
            }
            recent.entries.push_back(entry.clone());
            recent.last += 1;
        }
        let last = recent.last;
        drop(recent);
        self.last.send_replace(last);
    }

    /// Held for a few copies and never across an await.
    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    /// The entries behind this number; `None` if some of them are not known any more, or the number was never given.
    fn after(&self, sequence: u64) -> Option<Vec<Entry>> {
        let missed = usize::try_from(self.last.checked_sub(sequence)?).ok()?;
        let from = self.entries.len().checked_sub(missed)?;
        Some(self.entries.range(from..).cloned().collect())
    }
}

/// The reader's place is not known here.
#[derive(Clone, Copy)]
struct Lost;

/// One reader of a [`Feed`]: see [`Feed::read`].
pub struct Reader {
    feed: Feed,
    place: Result<u64, Lost>,
    waiting: VecDeque<Event>,
    numbers: watch::Receiver<u64>,
    heartbeat: Duration,
    next_beat: Instant,
    clock: Arc<dyn Clock>,
}

impl Reader {
    /// The next event, when there is one. Nothing is lost by not waiting to the last.
    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return event;
            }
            let Ok(place) = self.place else { return self.start_over() };
            // Before the log: all that was revoked up to then is numbered.
            let as_of = self.feed.view.as_of(self.clock.now());
            let missed = self.feed.log.recent().after(place);
            let Some(missed) = missed else {
                self.place = Err(Lost);
                continue;
            };
            let mut sequence = place;
            for entry in missed {
                sequence += 1;
                self.waiting.push_back(self.event(sequence, Message::Revoked(entry)));
            }
            self.place = Ok(sequence);
            if Instant::now() >= self.next_beat {
                self.next_beat = Instant::now() + self.heartbeat;
                let confirmed = as_of.map(|as_of| self.event(sequence, Message::Confirmed(as_of)));
                self.waiting.extend(confirmed);
            } else if self.waiting.is_empty() {
                let news = self.numbers.wait_for(|last| *last > sequence);
                // Whichever comes first: what is to be told is asked of the log.
                drop(timeout_at(self.next_beat, news).await);
            }
        }
    }

    /// Sends the reader to the snapshot, and goes on from where the feed is now.
    fn start_over(&mut self) -> Event {
        let sequence = *self.feed.log.last.borrow();
        self.place = Ok(sequence);
        self.event(sequence, Message::Lost)
    }

    fn event(&self, sequence: u64, message: Message) -> Event {
        Event { cursor: self.feed.cursor(sequence), message }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("epoch", &self.log.epoch)
            .field("last", &*self.log.last.borrow())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("feed", &self.feed)
            .field("place", &self.place.ok())
            .finish_non_exhaustive()
    }
}
