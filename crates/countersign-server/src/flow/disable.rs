//! Disable a user: no login, no refresh, no session.

use countersign::{
    jwt::NumericDate,
    session::{Revocation, RevocationReason, SessionStore as _},
};
use countersign_store::Store;

use super::Failure;

/// What became of a user who was to be disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disabled {
    /// There is no such user.
    Unknown,
    /// The user cannot log in any more.
    Done {
        /// How many sessions ended with it.
        sessions: usize,
    },
}

/// Keeps a user from logging in, and ends their sessions. Of a user who is disabled already, the first moment stays, and
/// sessions that were left end.
///
/// It works on the store alone, so that an operator needs no keys. Services see it there.
///
/// # Errors
/// [`Failure::Store`] or [`Failure::Sessions`]: try again.
pub async fn disable(user_id: &str, store: &Store, now: NumericDate) -> Result<Disabled, Failure> {
    if !store.disable_user(user_id, now).await? {
        return Ok(Disabled::Unknown);
    }
    let at = NumericDate::from_millis(now.as_millis());
    let revocation = Revocation { at, reason: RevocationReason::UserDisabled };
    let sessions = store.revoke_all(user_id, None, revocation).await?.len();
    Ok(Disabled::Done { sessions })
}
