//! What was revoked lately.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use countersign_jwt::NumericDate;
use tokio::sync::watch;

use super::staleness::Age;
use super::table::Table;
use super::{Entry, Staleness, Target};
use crate::session::SessionId;

/// A change copies one part: of 100,000 sessions, about 400.
const SESSION_PARTS: usize = 256;
const OTHER_PARTS: usize = 16;

/// How often in the time that is remembered the whole is looked through for what can be forgotten.
const ROUNDS: u32 = 8;

/// Nobody has confirmed it.
const NEVER: i64 = i64::MIN;
/// It is the source itself.
const ALWAYS: i64 = i64::MAX;

/// What was revoked within the lifetime of an access token: see [the module](super).
///
/// Clones share one view. It is meant for the tokens of one issuer: with several, a user of one who is revoked is refused with
/// the tokens of another that names somebody the same.
#[derive(Clone)]
pub struct Revocations {
    inner: Arc<Inner>,
}

struct Inner {
    /// In milliseconds.
    remembered: AtomicU64,
    sessions: Table<SessionId>,
    users: Table<Box<str>>,
    tokens: Table<Box<str>>,
    made_at: NumericDate,
    /// In milliseconds: all that was revoked before is in here.
    complete_until: AtomicI64,
    writing: Mutex<Writing>,
    /// Ends whoever feeds it, when it is dropped.
    feeder: OnceLock<watch::Sender<()>>,
}

/// Whoever changes something holds this.
struct Writing {
    looked_through_at: NumericDate,
    watchers: Vec<Box<Watcher>>,
}

type Watcher = dyn Fn(&[Entry]) + Send + Sync;

/// What a token can be revoked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenNames<'t> {
    /// Its session (`sid`).
    pub session_id: Option<SessionId>,
    /// Its user (`sub`).
    pub user_id: Option<&'t str>,
    /// Its own (`jti`).
    pub token_id: Option<&'t str>,
    /// Since when it is (`iat`).
    pub issued_at: Option<NumericDate>,
}

impl Revocations {
    /// The view of a process that revokes by itself and shares with nobody: it is always up to date.
    ///
    /// `remembered` is for how long a token may be good after it was revoked: the longest lifetime of an access token and the
    /// leeway of its verifiers.
    #[must_use]
    pub fn in_process(remembered: Duration) -> Self {
        Self::made(remembered, NumericDate::MIN, ALWAYS)
    }

    /// A view that others tell what they revoke: it is as new as its last [confirmation](Self::confirm).
    ///
    /// `remembered` is as for [`in_process`](Self::in_process).
    #[must_use]
    pub fn fed(remembered: Duration, now: NumericDate) -> Self {
        Self::made(remembered, now, NEVER)
    }

    fn made(remembered: Duration, made_at: NumericDate, complete_until: i64) -> Self {
        let inner = Inner {
            remembered: AtomicU64::new(millis(remembered)),
            sessions: Table::new(SESSION_PARTS),
            users: Table::new(OTHER_PARTS),
            tokens: Table::new(OTHER_PARTS),
            made_at,
            complete_until: AtomicI64::new(complete_until),
            writing: Mutex::new(Writing { looked_through_at: NumericDate::MIN, watchers: Vec::new() }),
            feeder: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Takes these in; those that it knows already, and those that are too old to concern any token, change nothing. Gives
    /// those that were news. They count when it returns.
    pub fn merge(&self, entries: impl IntoIterator<Item = Entry>, now: NumericDate) -> Vec<Entry> {
        let (mut sessions, mut users, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        for Entry { target, at } in entries {
            let at = at.as_millis();
            match target {
                Target::Session(id) => sessions.push((id, at)),
                Target::User(id) => users.push((id, at)),
                Target::Token(id) => tokens.push((id, at)),
            }
        }
        let mut writing = self.writing();
        let from = self.remembered_from(now);
        let inner = &self.inner;
        let mut news = entries_of(inner.sessions.merge(sessions, from), Target::Session);
        news.extend(entries_of(inner.users.merge(users, from), Target::User));
        news.extend(entries_of(inner.tokens.merge(tokens, from), Target::Token));
        self.look_through(&mut writing, now);
        if !news.is_empty() {
            for watcher in &writing.watchers {
                watcher(&news);
            }
        }
        news
    }

    /// Says that all that was revoked up to `as_of` has been [merged](Self::merge).
    ///
    /// A moment later than `now` counts as `now`: a clock of the source that is ahead does not make the view look newer.
    pub fn confirm(&self, as_of: NumericDate, now: NumericDate) {
        let inner = &self.inner;
        if inner.complete_until.load(Ordering::Acquire) != ALWAYS {
            inner.complete_until.store(as_of.min(now).as_millis(), Ordering::Release);
        }
        self.look_through(&mut self.writing(), now);
    }

    /// Is told of what is merged and was news, from now on, in this order and before [`merge`](Self::merge) returns. It must be
    /// quick, and neither merge nor confirm.
    pub fn watch(&self, told: impl Fn(&[Entry]) + Send + Sync + 'static) {
        self.writing().watchers.push(Box::new(told));
    }

    /// By what a token with these names is revoked, if it is.
    #[must_use]
    pub fn find(&self, token: TokenNames<'_>) -> Option<Target> {
        let inner = &self.inner;
        if let Some(id) = token.session_id.filter(|id| inner.sessions.find(id).is_some()) {
            return Some(Target::Session(id));
        }
        if let Some(id) = token.user_id {
            let before = |at| token.issued_at.is_none_or(|issued_at| issued_at.as_millis() <= at);
            if inner.users.find(id).is_some_and(before) {
                return Some(Target::User(id.into()));
            }
        }
        let id = token.token_id.filter(|id| inner.tokens.find(*id).is_some())?;
        Some(Target::Token(id.into()))
    }

    /// The moment up to which it is complete; `None` if nobody has said so yet. For a view [in process](Self::in_process),
    /// `now`.
    #[must_use]
    pub fn as_of(&self, now: NumericDate) -> Option<NumericDate> {
        match self.inner.complete_until.load(Ordering::Acquire) {
            NEVER => None,
            ALWAYS => Some(now),
            millis => Some(NumericDate::from_millis(millis)),
        }
    }

    /// Whether it is new enough at `now`.
    #[must_use]
    pub fn is_fresh(&self, staleness: Staleness, now: NumericDate) -> bool {
        staleness.allows(self.age(now))
    }

    /// How old it is at `now`.
    pub(super) fn age(&self, now: NumericDate) -> Age {
        match self.as_of(now) {
            Some(as_of) => Age::Confirmed(now.since(as_of)),
            None => Age::Unconfirmed(now.since(self.inner.made_at)),
        }
    }

    /// For how long it remembers what was revoked.
    #[must_use]
    pub fn remembered(&self) -> Duration {
        Duration::from_millis(self.inner.remembered.load(Ordering::Acquire))
    }

    /// Everything it holds that can still concern a token: what somebody is told who knows nothing yet.
    #[must_use]
    pub fn entries(&self, now: NumericDate) -> Vec<Entry> {
        let (inner, from) = (&self.inner, NumericDate::from_millis(self.remembered_from(now)));
        let mut entries = entries_of(inner.sessions.rows(), Target::Session);
        entries.extend(entries_of(inner.users.rows(), Target::User));
        entries.extend(entries_of(inner.tokens.rows(), Target::Token));
        entries.retain(|entry| entry.at >= from);
        entries
    }

    /// How many entries it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.sessions.len() + self.inner.users.len() + self.inner.tokens.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much memory its entries take, but for the texts of user and token ids.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.inner.sessions.bytes() + self.inner.users.bytes() + self.inner.tokens.bytes()
    }

    /// From now on remembers for this long.
    pub(super) fn remember_for(&self, remembered: Duration) {
        self.inner.remembered.store(millis(remembered), Ordering::Release);
    }

    /// For the one task that feeds it: what becomes ready, with an error, once nobody uses the view any more.
    pub(super) fn unused(&self) -> watch::Receiver<()> {
        self.inner.feeder.get_or_init(|| watch::Sender::new(())).subscribe()
    }

    /// For a task that must not keep it alive.
    pub(super) fn downgrade(&self) -> WeakRevocations {
        WeakRevocations { inner: Arc::downgrade(&self.inner) }
    }

    fn remembered_from(&self, now: NumericDate) -> i64 {
        (now - self.remembered()).as_millis()
    }

    /// Forgets what cannot concern any token any more, now and then.
    fn look_through(&self, writing: &mut Writing, now: NumericDate) {
        let since = now.since(writing.looked_through_at);
        // A clock that was set back must not put it off.
        if now >= writing.looked_through_at && since < self.remembered() / ROUNDS {
            return;
        }
        writing.looked_through_at = now;
        let from = self.remembered_from(now);
        self.inner.sessions.forget(from);
        self.inner.users.forget(from);
        self.inner.tokens.forget(from);
    }

    /// Never held across an await. Who panics while holding it has left each part whole.
    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Revocations`] that somebody else keeps.
pub(super) struct WeakRevocations {
    inner: Weak<Inner>,
}

impl WeakRevocations {
    /// The view, if anybody still uses it.
    pub(super) fn upgrade(&self) -> Option<Revocations> {
        self.inner.upgrade().map(|inner| Revocations { inner })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn entries_of<K>(rows: Vec<(K, i64)>, target: impl Fn(K) -> Target) -> Vec<Entry> {
    let entry = |(key, at)| Entry { target: target(key), at: NumericDate::from_millis(at) };
    rows.into_iter().map(entry).collect()
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations")
            .field("entries", &self.len())
            .field("remembered", &self.remembered())
            .finish_non_exhaustive()
    }
}
