//! What is open, in the order in which it ends, and the task that ends it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::{End, Rules};
use crate::jwt::NumericDate;
use crate::strategy::Admission;

/// How often the clock is looked at, at the least, while something is open.
const LOOK: Duration = Duration::from_millis(500);
/// The shortest wait: tokio's timers go by milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// All leases of one guard.
pub(super) struct Open {
    rules: Rules,
    leases: Mutex<Leases>,
    /// Wakes the task: something ends earlier than it thinks, or nothing will ever be open again.
    changed: Arc<Notify>,
}

/// When a lease ends, and its number among those that end then.
pub(super) type Place = (NumericDate, u64);

#[derive(Default)]
struct Leases {
    by_end: BTreeMap<Place, Held>,
    next: u64,
    task: Option<JoinHandle<()>>,
}

struct Held {
    who: Arc<dyn Admission>,
    end: oneshot::Sender<End>,
}

impl Open {
    pub(super) fn new(rules: Rules) -> Self {
        let changed = Arc::<Notify>::default();
        for view in &rules.views {
            let changed = Arc::downgrade(&changed);
            // Who has gone is told in vain.
            view.watch(move |_| drop(changed.upgrade().inspect(|changed| changed.notify_one())));
        }
        Self { rules, leases: Mutex::default(), changed }
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(super) fn len(&self) -> usize {
        self.leases().by_end.len()
    }

    /// Puts down that `who` has something open.
    pub(super) fn add(self: &Arc<Self>, who: Arc<dyn Admission>) -> (Place, oneshot::Receiver<End>) {
        let expires_at = who.details().expires_at();
        let ends_at = expires_at.map_or(NumericDate::MAX, |at| at + self.rules.leeway);
        let (sender, receiver) = oneshot::channel();
        let mut leases = self.leases();
        let place = (ends_at, leases.next);
        leases.next += 1;
        let held = Held { who, end: sender };
        // Asked under the lock: whoever is revoked from now on is found by the next sweep.
        let over = match ends_at <= self.rules.clock.now() {
            true => Some(End::Expired),
            false => self.is_revoked(&held).then_some(End::Revoked),
        };
        if let Some(end) = over {
            held.end(end);
            return (place, receiver);
        }
        leases.by_end.insert(place, held);
        if leases.task.as_ref().is_none_or(JoinHandle::is_finished) {
            leases.task = Some(tokio::spawn(watch(Arc::downgrade(self), Arc::clone(&self.changed))));
        } else if leases.by_end.first_key_value().is_some_and(|(first, _)| *first == place) {
            self.changed.notify_one();
        }
        (place, receiver)
    }

    /// Forgets what was closed by itself.
    pub(super) fn remove(&self, place: Place) {
        self.leases().by_end.remove(&place);
    }

    /// Ends what has expired; how long nothing else does, if something is open.
    fn expire(&self) -> Option<Duration> {
        let now = self.rules.clock.now();
        let (expired, next) = {
            let mut leases = self.leases();
            let expired: Vec<_> = leases.by_end.extract_if(..=(now, u64::MAX), |_, _| true).collect();
            (expired, leases.by_end.first_key_value().map(|((ends_at, _), _)| *ends_at))
        };
        for (_, held) in expired {
            held.end(End::Expired);
        }
        Some(next?.since(now).clamp(TICK, LOOK))
    }

    /// Ends what was revoked.
    fn revoke(&self) {
        if self.rules.revoked.is_empty() {
            return;
        }
        let revoked: Vec<_> = {
            let mut leases = self.leases();
            leases.by_end.extract_if(.., |_, held| self.is_revoked(held)).collect()
        };
        for (_, held) in revoked {
            held.end(End::Revoked);
        }
    }

    /// Ends what has to end now.
    pub(super) fn sweep(&self) {
        self.expire();
        self.revoke();
    }

    fn is_revoked(&self, held: &Held) -> bool {
        self.rules.revoked.iter().any(|revoked| revoked(&*held.who))
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

impl Held {
    /// Tells whoever holds the lease.
    fn end(self, end: End) {
        let strategy = self.who.details().strategy();
        tracing::info!(target: "countersign::live", code = end.code(), strategy, "ended");
        // Who no longer listens has closed by itself.
        let _ = self.end.send(end);
    }
}

/// Ends things until there is nothing left that could be opened. What expires is ended when it does; what is revoked is
/// looked for twice a second, however much expires meanwhile.
async fn watch(open: Weak<Open>, changed: Arc<Notify>) {
    let mut look = Instant::now();
    while let Some(open) = open.upgrade() {
        let now = Instant::now();
        if look <= now {
            open.revoke();
            look = now + LOOK;
        }
        let next = open.expire();
        drop(open);
        match next {
            // Woken or not, what is to be done is asked again.
            Some(next) => drop(timeout_at(look.min(now + next), changed.notified()).await),
            None => changed.notified().await,
        }
    }
}
