//! Revoke what a logout does not: one token, or all that a user has been given.

use std::time::Duration;

use countersign::{
    jwt::NumericDate,
    revocation::{Entry, TokenNames},
    session::{Revocation, RevocationReason, SessionStore as _},
};
use countersign_store::Store;
use thiserror::Error;

use super::{Accounts, Failure, logout};

/// The longest `jti` that is kept, in bytes. Those of the service have 22.
const LONGEST_TOKEN_ID: usize = 255;

/// Revokes a token for whoever has it (RFC 7009): a refresh token ends its session, an access token is revoked alone. What is
/// no token of ours, or good no more, is no error: what was asked for is so (§2.2).
///
/// Whoever has a token may revoke it: that is all that somebody needs who could use it otherwise. Nothing is written for a
/// token that is not good, nor a second time for one that this instance knows to be revoked, so the store holds at most one row
/// for each token that was given out.
///
/// # Errors
/// [`RevokeTokenError`].
pub async fn revoke_token(
    token: &str,
    accounts: &Accounts,
    now: NumericDate,
) -> Result<(), RevokeTokenError> {
    if logout::end_session_of(token, accounts, now).await? == logout::Presented::RefreshToken {
        return Ok(());
    }
    let Accounts { store, tokens, revocations: view, leeway, .. } = accounts;
    let good = tokens.recognise(token, *leeway, now).await.map_err(Failure::from)?;
    let Some(token) = good else { return Ok(()) };
    let token_id = token.token_id().ok_or(RevokeTokenError::NoTokenId)?;
    let names = TokenNames { token_id: Some(token_id), ..TokenNames::default() };
    if view.find(names).is_some() {
        return Ok(());
    }
    let good_until = token.expires_at() + *leeway;
    revoke_token_id(token_id, good_until, store, now).await?;
    view.merge([Entry::token(token_id, now).until(good_until, view.remembered())], now);
    tracing::info!(token = token_id, user = token.subject(), "a token was revoked");
    Ok(())
}

/// Revokes the one token with this `jti`, until it is good no more.
///
/// It works on the store alone, so that an operator needs no token. Services see it there.
///
/// # Errors
/// [`RevokeTokenError`].
pub async fn revoke_token_id(
    token_id: &str,
    good_until: NumericDate,
    store: &Store,
    now: NumericDate,
) -> Result<(), RevokeTokenError> {
    // No database keeps a longer one in an index, or every character there is.
    if token_id.is_empty() || token_id.len() > LONGEST_TOKEN_ID || token_id.contains('\0') {
        return Err(RevokeTokenError::NoTokenId);
    }
    store.revoke_token(token_id, now, good_until).await.map_err(Failure::from)?;
    Ok(())
}

/// Revokes every token that a user has been given up to now, and ends their sessions; says how many. The user may log in
/// again: a token that is given out from the next second on is good.
///
/// `remembered` is for how long a token may be good that was given out now. It works on the store alone, as
/// [`disable`](super::disable).
///
/// # Errors
/// [`Failure::Store`] or [`Failure::Sessions`]: try again.
pub async fn revoke_user(
    user_id: &str,
    remembered: Duration,
    store: &Store,
    now: NumericDate,
) -> Result<usize, Failure> {
    let at = NumericDate::from_millis(now.as_millis());
    store.revoke_user(user_id, at, at + remembered).await?;
    let revocation = Revocation { at, reason: RevocationReason::Administrator };
    Ok(store.revoke_all(user_id, None, revocation).await?.len())
}

/// Why a token was not revoked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RevokeTokenError {
    /// It is good, and has no `jti`, or not one that can be kept: it can be revoked with its session or its user only.
    #[error("the token has no `jti` that it could be revoked by")]
    NoTokenId,
    /// It may be good still, and the client has to be told so.
    #[error(transparent)]
    Failed(#[from] Failure),
}
