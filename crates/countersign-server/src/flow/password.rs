//! Change a password: who knows the current one sets another, and every other session ends.

use countersign::{
    jwt::NumericDate,
    password::{NewPassword, NewPasswordError, Password, Verification},
    session::{RevocationReason, SessionId},
};
use countersign_store::User;
use thiserror::Error;

use super::{Accounts, Failure, LoginRefused, verify};

/// What a person typed to change their password, and in which session.
#[derive(Debug)]
pub struct PasswordChange {
    /// Whose, by their access token.
    pub user_id: String,
    /// The session that goes on, if the change is made in one.
    pub session_id: Option<SessionId>,
    /// As it was typed.
    pub current: Password,
    /// As it was typed.
    pub new: Password,
}

/// Changes a password and ends all other sessions of its user; says how many.
///
/// The sessions end before the change and once more after it: what is left to a crash between the two statements is a
/// changed password and no session that was there before, and what a login with the old password has started meanwhile
/// is ended with them. A login that is slower still sees the new password itself.
///
/// # Errors
/// See [`PasswordChangeError`]. What is wrong with the new password is told before anything is hashed.
pub async fn change_password(
    input: PasswordChange,
    accounts: &Accounts,
    now: NumericDate,
) -> Result<usize, PasswordChangeError> {
    let Accounts { store, sessions, passwords, .. } = accounts;
    let new = NewPassword::try_from(input.new)?;
    let user = authenticate(&input.user_id, &input.current, accounts).await?;
    if new.is_same_as(&input.current) {
        return Err(PasswordChangeError::Unchanged);
    }
    let hash = passwords.hash(&new).await.map_err(Failure::from)?;

    let end_others = async || {
        let (keep, reason) = (input.session_id, RevocationReason::PasswordChanged);
        let ended = sessions.revoke_user(&user.id, keep, reason, now).await.map_err(Failure::from)?;
        Ok::<_, Failure>(ended.len())
    };
    let before = end_others().await?;
    let replaced = store.replace_password_hash(&user.id, &user.password_hash, hash.as_str()).await;
    if !replaced.map_err(Failure::from)? {
        return Err(PasswordChangeError::ChangedMeanwhile);
    }
    tracing::info!(user = user.id, "a user changed their password");
    Ok(before + end_others().await?)
}

/// The user, if this is their password: exactly one verification, as for a login.
async fn authenticate(
    user_id: &str,
    current: &Password,
    accounts: &Accounts,
) -> Result<User, PasswordChangeError> {
    let Accounts { store, passwords, .. } = accounts;
    let refused = |reason| Err(PasswordChangeError::Refused(reason));
    let Some(user) = store.user_by_id(user_id).await.map_err(Failure::from)? else {
        let _always_a_mismatch = passwords.verify_absent(current).await.map_err(Failure::from)?;
        return refused(LoginRefused::UnknownUser);
    };
    let (verification, _) = verify(&user, current, passwords).await?;
    match verification {
        _ if user.disabled_at.is_some() => refused(LoginRefused::DisabledUser),
        Verification::Mismatch => refused(LoginRefused::WrongPassword),
        Verification::Match | Verification::MatchRehashed(_) => Ok(user),
    }
}

/// Why a password was not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PasswordChangeError {
    /// The new password is too short or too long.
    #[error(transparent)]
    New(#[from] NewPasswordError),
    /// The new password is the current one.
    #[error("the new password is the current one")]
    Unchanged,
    /// The current password is wrong, or its user is disabled or gone.
    #[error("the current password is wrong")]
    Refused(LoginRefused),
    /// Another change, or a login that renewed the hash, came in between.
    #[error("the password was changed at the same moment from elsewhere")]
    ChangedMeanwhile,
    /// It is not the caller's fault.
    #[error(transparent)]
    Failed(#[from] Failure),
}
