//! Refresh: a refresh token becomes its successor and a new access token.

use std::net::IpAddr;

use countersign::{
    jwt::NumericDate,
    session::{self, Refusal, RevocationReason, SessionId},
};
use thiserror::Error;

use super::{Accounts, Failure, TokenPair};

/// Refreshes the session of a token, by the rule of [`decide`](countersign::session::rotation::decide).
///
/// The user is looked up after the rotation: should that fail, the client asks again within the grace window and gets
/// the same successor.
///
/// # Errors
/// See [`RefreshError`]. The sessions of a user who is disabled, or not there any more, end here at the latest.
pub async fn refresh(
    token: &str,
    address: Option<IpAddr>,
    accounts: &Accounts,
    now: NumericDate,
) -> Result<TokenPair, RefreshError> {
    let Accounts { store, sessions, tokens, .. } = accounts;
    let refresh = sessions.refresh(token, address, now).await?;
    let (session_id, user_id) = (refresh.session.id, refresh.session.user_id.as_str());
    let user = store.user_by_id(user_id).await.map_err(Failure::from)?;
    let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
        let reason = RevocationReason::UserDisabled;
        sessions.revoke_user(user_id, None, reason, now).await.map_err(Failure::from)?;
        return Err(session::RefreshError::Refused { session_id, refusal: Refusal::Revoked }.into());
    };
    let access = tokens.issue(&user, &refresh.session, now).map_err(Failure::from)?;
    tracing::debug!(session = %session_id, occasion = ?refresh.occasion, "a session was refreshed");
    Ok(TokenPair { access, refresh })
}

/// A refresh token that is good for nothing, or not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshRefused {
    /// The stable code, for the client.
    pub code: &'static str,
    /// The same in words.
    pub reason: String,
    /// The session that the token names, if it is one of ours.
    pub session_id: Option<SessionId>,
}

/// Why a session was not refreshed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The client has to log in again.
    #[error("{}", .0.reason)]
    Refused(RefreshRefused),
    /// It is not the client's fault: its token is as good as before.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<session::RefreshError> for RefreshError {
    fn from(error: session::RefreshError) -> Self {
        match error {
            session::RefreshError::Store(error) => Failure::from(error).into(),
            refused => Self::Refused(RefreshRefused {
                code: refused.code(),
                reason: refused.to_string(),
                session_id: refused.session_id(),
            }),
        }
    }
}
