//! Log out: of this session, of the others, of all.

use countersign::{
    jwt::NumericDate,
    session::{LogOutError, RevocationReason, SessionId, SessionStoreError},
};

use super::{Accounts, Failure};

/// Ends the session of a refresh token. A token that is of no session, or of one that is over, is no error: what was
/// asked for is so (RFC 7009 §2.2).
///
/// # Errors
/// [`Failure::Sessions`]: the session may still be live, and the client has to be told so.
pub async fn log_out(token: &str, accounts: &Accounts, now: NumericDate) -> Result<(), Failure> {
    end_session_of(token, accounts, now).await.map(drop)
}

/// What somebody presents who wants no more of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presented {
    /// One of ours: its session is over now, or was.
    RefreshToken,
    /// Nothing has happened.
    AnythingElse,
}

/// Ends the session of a refresh token, if it is one.
pub(super) async fn end_session_of(
    token: &str,
    accounts: &Accounts,
    now: NumericDate,
) -> Result<Presented, Failure> {
    match accounts.sessions.log_out(token, now).await {
        Ok(_) => Ok(Presented::RefreshToken),
        Err(LogOutError::Invalid(_)) => Ok(Presented::AnythingElse),
        Err(LogOutError::Store(error)) => Err(error.into()),
        // A case that this release does not know.
        Err(error) => Err(SessionStoreError::Defect { reason: error.to_string() }.into()),
    }
}

/// Ends all sessions of a user but the current one, if there is one, and says how many.
///
/// # Errors
/// [`Failure::Sessions`].
pub async fn log_out_others(
    user_id: &str,
    current: Option<SessionId>,
    accounts: &Accounts,
    now: NumericDate,
) -> Result<usize, Failure> {
    let reason = RevocationReason::LoggedOut;
    Ok(accounts.sessions.revoke_user(user_id, current, reason, now).await?.len())
}

/// Ends all sessions of a user, and says how many.
///
/// # Errors
/// [`Failure::Sessions`].
pub async fn log_out_all(user_id: &str, accounts: &Accounts, now: NumericDate) -> Result<usize, Failure> {
    Ok(accounts.sessions.log_out_all(user_id, now).await?.len())
}
