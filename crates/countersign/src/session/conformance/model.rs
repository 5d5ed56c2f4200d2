//! What sessions are supposed to do, told a second time: by the texts that clients hold, without counters or rows.

use crate::session::{RevocationReason, SessionId};

/// Milliseconds.
pub(super) type Millis = i64;

/// What is known of one session: everything that was ever handed out for it, and its deadlines.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) id: SessionId,
    pub(super) user: usize,
    /// One a generation, the newest last; `None` while nobody has been told it.
    pub(super) tokens: Vec<Option<String>>,
    /// Since when the newest generation has been the newest.
    since: Millis,
    over_at: Millis,
    revoked_at: Option<Millis>,
    purged: bool,
}

/// What should happen to a refresh token that is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A successor that nobody has seen yet.
    Successor,
    /// The newest token, which may have been handed out before.
    Newest,
    /// The end of its session.
    Theft,
    /// A refusal with this code.
    Refused(&'static str),
}

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetimes {
    pub(super) grace: Millis,
    pub(super) idle: Millis,
    pub(super) whole: Millis,
}

impl Ledger {
    pub(super) fn new(id: SessionId, user: usize, token: String, now: Millis, lasts: Lifetimes) -> Self {
        let tokens = vec![Some(token)];
        Self { id, user, tokens, since: now, over_at: now + lasts.whole, revoked_at: None, purged: false }
    }

    /// The generation this much older than the newest, or the oldest there is.
    pub(super) fn generation(&self, age: usize) -> usize {
        (self.tokens.len() - 1).saturating_sub(age)
    }

    pub(super) fn fate(&self, generation: usize, now: Millis, lasts: Lifetimes) -> Fate {
        if self.purged {
            return Fate::Refused("session_unknown");
        }
        if self.revoked_at.is_some() {
            return Fate::Refused("session_revoked");
        }
        if now >= self.over_at {
            return Fate::Refused("session_expired");
        }
        if now - self.since >= lasts.idle {
            return Fate::Refused("session_idle");
        }
        let in_window = (self.since - lasts.grace + 1..self.since + lasts.grace).contains(&now);
        match self.tokens.len() - 1 - generation {
            0 => Fate::Successor,
            1 if in_window => Fate::Newest,
            _ => Fate::Theft,
        }
    }

    /// A new generation, told to somebody or lost on the way.
    pub(super) fn succeed(&mut self, token: Option<String>, now: Millis) {
        self.tokens.push(token);
        self.since = now;
    }

    /// Whether it is over only now. Expired sessions end, too: their access tokens may live a little longer.
    pub(super) fn revoke(&mut self, now: Millis) -> bool {
        let ends = !self.purged && self.revoked_at.is_none();
        if ends {
            self.revoked_at = Some(now);
        }
        ends
    }

    pub(super) fn is_live(&self, now: Millis, lasts: Lifetimes) -> bool {
        self.fate(self.tokens.len() - 1, now, lasts) == Fate::Successor
    }

    /// Whether it is cleared away only now.
    pub(super) fn purge(&mut self, until: Millis, lasts: Lifetimes) -> bool {
        let ended = self.over_at.min(self.since + lasts.idle);
        let goes = !self.purged && (ended <= until || self.revoked_at.is_some_and(|at| at <= until));
        self.purged |= goes;
        goes
    }
}

/// What somebody is to be told of a session that ended.
pub(super) type Ending = (SessionId, RevocationReason);
