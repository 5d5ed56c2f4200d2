//! What requests and the task that fetches share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::Notify;

use super::RefreshError;
use super::schedule::Schedule;
use crate::jwt::{KeySet, NumericDate};

/// The keys, which requests read without a lock, and the schedule, which only those look at whom the keys do not help.
#[derive(Debug)]
pub(super) struct Shared {
    held: ArcSwap<Held>,
    schedule: Mutex<Schedule>,
    asked: Notify,
}

/// Keys, and until when they are good.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) keys: Arc<KeySet>,
    pub(super) good_until: NumericDate,
    /// What they were read from.
    text: Arc<str>,
}

/// How far the task has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// How many fetches have ended.
    pub(super) finished: u64,
    /// Why the last of them failed, if it did.
    pub(super) failure: Option<RefreshError>,
}

impl Shared {
    pub(super) fn new(held: Held, schedule: Schedule) -> Self {
        Self { held: ArcSwap::from_pointee(held), schedule: Mutex::new(schedule), asked: Notify::new() }
    }

    pub(super) fn held(&self) -> Guard<Arc<Held>> {
        self.held.load()
    }

    pub(super) fn hold(&self, held: Held) {
        self.held.store(Arc::new(held));
    }

    /// The schedule. It is held for a few comparisons and never across an await.
    pub(super) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the task: the schedule may say something else now.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    /// Until somebody asks.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }
}

impl Held {
    pub(super) fn new(keys: KeySet, text: &str, good_until: NumericDate) -> Self {
        Self { keys: Arc::new(keys), good_until, text: text.into() }
    }

    /// No keys, good at no time.
    pub(super) fn nothing() -> Self {
        Self::new(KeySet::default(), "", NumericDate::MIN)
    }

    /// The same keys, good for longer, if this is the text they were read from.
    pub(super) fn confirmed_again(&self, text: &str, good_until: NumericDate) -> Option<Self> {
        let same = *self.text == *text && !self.keys.is_empty();
        same.then(|| Self { keys: Arc::clone(&self.keys), good_until, text: Arc::clone(&self.text) })
    }
}
