//! What is revoked, and as of when.

use std::time::Duration;

use countersign_jwt::NumericDate;

use crate::session::{Revoked, SessionId};

/// That the tokens of a target are revoked as of a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Whose.
    pub target: Target,
    /// Since when. Kept in whole milliseconds. A view remembers the entry for its time from then on; of a single token the
    /// moment decides nothing else, so it may lie [ahead](Self::until).
    pub at: NumericDate,
}

/// Whose tokens are revoked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Every token of this session: its `sid`.
    Session(SessionId),
    /// The tokens of this user (`sub`) that were issued at the moment of the entry or before. `iat` is often a whole second: a
    /// token that is issued within the same second counts as issued before. A token that does not say when it was issued is
    /// refused.
    User(Box<str>),
    /// The one token with this `jti`.
    Token(Box<str>),
}

impl Entry {
    /// A session that was revoked.
    #[must_use]
    pub const fn session(session_id: SessionId, at: NumericDate) -> Self {
        Self { target: Target::Session(session_id), at }
    }

    /// A user whose tokens up to now were revoked.
    #[must_use]
    pub fn user(user_id: impl Into<Box<str>>, at: NumericDate) -> Self {
        Self { target: Target::User(user_id.into()), at }
    }

    /// A single token that was revoked.
    #[must_use]
    pub fn token(token_id: impl Into<Box<str>>, at: NumericDate) -> Self {
        Self { target: Target::Token(token_id.into()), at }
    }

    /// The same for a token that is good until `expires_at` (its `exp`, and how far clocks may differ) if that is longer than
    /// views remember, which is for `remembered`: it is remembered for as long as the token is good. Entries of sessions and users,
    /// whose moment says more than that, are left as they are.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use countersign::jwt::NumericDate;
    /// use countersign::revocation::{Entry, Revocations, TokenNames};
    ///
    /// let hour = Duration::from_secs(60 * 60);
    /// let view = Revocations::in_process(hour);
    /// let now = NumericDate::from_secs(1_700_000_000);
    /// view.merge([Entry::token("jti-1", now).until(now + 24 * hour, view.remembered())], now);
    ///
    /// let names = TokenNames { token_id: Some("jti-1"), ..TokenNames::default() };
    /// view.merge([Entry::token("another", now + 23 * hour)], now + 23 * hour);
    /// assert!(view.find(names).is_some());
    /// ```
    #[must_use]
    pub fn until(self, expires_at: NumericDate, remembered: Duration) -> Self {
        match self.target {
            Target::Token(_) => Self { at: self.at.max(expires_at - remembered), ..self },
            Target::Session(_) | Target::User(_) => self,
        }
    }
}

/// What [`Sessions::on_revoked`](crate::Sessions::on_revoked) tells.
impl From<&Revoked> for Entry {
    fn from(revoked: &Revoked) -> Self {
        Self::session(revoked.session_id, revoked.revocation.at)
    }
}
