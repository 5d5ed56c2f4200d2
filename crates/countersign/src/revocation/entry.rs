//! What is revoked, and as of when.

use countersign_jwt::NumericDate;

use crate::session::{Revoked, SessionId};

/// That the tokens of a target are revoked as of a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Whose.
    pub target: Target,
    /// Since when. Kept in whole milliseconds.
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
}

/// What [`Sessions::on_revoked`](crate::Sessions::on_revoked) tells.
impl From<&Revoked> for Entry {
    fn from(revoked: &Revoked) -> Self {
        Self::session(revoked.session_id, revoked.revocation.at)
    }
}
