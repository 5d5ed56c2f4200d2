//! A user's sessions: to be looked at, and ended one by one.

use countersign::{
    jwt::NumericDate,
    session::{Revoker, Session, SessionId},
};

use super::{Accounts, Failure};

/// How many sessions are listed: more than anybody reads.
const MOST_LISTED: u32 = 100;

/// The live sessions of a user, the last used first; at most 100.
///
/// # Errors
/// [`Failure::Sessions`].
pub async fn list_sessions(
    user_id: &str,
    accounts: &Accounts,
    now: NumericDate,
) -> Result<Vec<Session>, Failure> {
    Ok(accounts.sessions.list(user_id, MOST_LISTED, now).await?)
}

/// Ends one session of a user. `false` if they have no such session, or have it no more: about the sessions of others,
/// nobody learns anything.
///
/// # Errors
/// [`Failure::Sessions`].
pub async fn end_session(
    id: SessionId,
    user_id: &str,
    accounts: &Accounts,
    now: NumericDate,
) -> Result<bool, Failure> {
    Ok(accounts.sessions.revoke(id, Revoker::User(user_id), now).await?.is_some())
}
