//! Log in: an address and a password become a session and its tokens.

use countersign::{
    jwt::NumericDate,
    password::{Password, Verification},
    session::{Grant, Revoker, SessionId, StartError},
};
use countersign_store::User;
use thiserror::Error;

use super::{Accounts, Device, EmailAddress, Failure, TokenPair, verify};

/// What a person typed to log in, and on what.
#[derive(Debug)]
pub struct Login {
    /// As it was typed.
    pub email: String,
    /// As it was typed.
    pub password: Password,
    /// To be shown in the list of their sessions.
    pub device: Device,
}

/// Logs a user in.
///
/// An unknown user, a disabled one and a wrong password are one refusal after the same work: exactly one password
/// verification, of the stored hash or of its dummy twin.
///
/// # Errors
/// See [`LoginError`].
pub async fn login(input: Login, accounts: &Accounts, now: NumericDate) -> Result<TokenPair, LoginError> {
    let Accounts { store, sessions, tokens, .. } = accounts;
    // What is no address has no account: it goes the way of an unknown user.
    let user = match EmailAddress::parse(&input.email) {
        Ok(email) => store.user_by_email(email.as_str()).await.map_err(Failure::from)?,
        Err(_) => None,
    };
    let user = authenticate(user, &input.password, accounts).await?;

    let refresh = start(&input.device, &user, accounts, now).await?;
    let id = refresh.session.id;
    if let Err(refused) = still_good(&user, &input.password, accounts).await? {
        sessions.revoke(id, Revoker::User(&user.id), now).await.map_err(Failure::from)?;
        return Err(LoginError::Refused(refused));
    }
    let access = tokens.issue(&user, &refresh.session, now).map_err(Failure::from)?;
    tracing::info!(user = user.id, session = %id, "a user logged in");
    Ok(TokenPair { access, refresh })
}

/// How often a place in the status lists is drawn before the login gives up. A place is free more often than not.
const DRAWS: usize = 32;

/// Starts a session, at a place of the status lists that no other has.
async fn start(
    device: &Device,
    user: &User,
    accounts: &Accounts,
    now: NumericDate,
) -> Result<Grant, Failure> {
    let lists = accounts.tokens.status_lists();
    for draw in 0..DRAWS {
        let mut session = device.begin(SessionId::generate()?, &user.id);
        if let Some(lists) = lists {
            session = session.status_index(lists.draw(draw)?);
        }
        match accounts.sessions.start(session, now).await {
            Err(StartError::IdTaken) if lists.is_some() => {}
            started => return Ok(started?),
        }
    }
    Err(StartError::IdTaken.into())
}

async fn authenticate(
    user: Option<User>,
    password: &Password,
    accounts: &Accounts,
) -> Result<User, LoginError> {
    let Accounts { store, passwords, .. } = accounts;
    let refused = |reason| Err(LoginError::Refused(reason));
    let Some(user) = user else {
        let _always_a_mismatch = passwords.verify_absent(password).await.map_err(Failure::from)?;
        return refused(LoginRefused::UnknownUser);
    };
    let (verification, stored) = verify(&user, password, passwords).await?;
    // Only after the work is done: a disabled user must not be told from an unknown one by the time it takes.
    if user.disabled_at.is_some() {
        return refused(LoginRefused::DisabledUser);
    }
    match verification {
        Verification::Mismatch => refused(LoginRefused::WrongPassword),
        Verification::Match => Ok(user),
        Verification::MatchRehashed(renewed) => {
            // The login is good either way: a hash that could not be renewed is renewed the next time.
            match store.replace_password_hash(&user.id, stored.as_str(), renewed.as_str()).await {
                Ok(true) => return Ok(User { password_hash: renewed.as_str().to_owned(), ..user }),
                Ok(false) => tracing::debug!(user = user.id, "a password hash was renewed by somebody else"),
                Err(error) => tracing::warn!(user = user.id, %error, "a password hash could not be renewed"),
            }
            Ok(user)
        }
    }
}

/// Whether the login is still good now that its session is there.
///
/// Who changes a password or disables a user does that first and then ends the sessions that there are. A login that
/// verified the old password before, and started its session after, would be missed by both; so it looks again.
pub(super) async fn still_good(
    user: &User,
    password: &Password,
    accounts: &Accounts,
) -> Result<Result<(), LoginRefused>, Failure> {
    let Some(current) = accounts.store.user_by_id(&user.id).await? else {
        return Ok(Err(LoginRefused::UnknownUser));
    };
    if current.disabled_at.is_some() {
        return Ok(Err(LoginRefused::DisabledUser));
    }
    // Another hash may be one of the same password: of a login beside this one, which has renewed it.
    if current.password_hash != user.password_hash {
        let (verification, _) = verify(&current, password, &accounts.passwords).await?;
        if matches!(verification, Verification::Mismatch) {
            return Ok(Err(LoginRefused::WrongPassword));
        }
    }
    Ok(Ok(()))
}

/// Why a password was refused: for the log. Whoever asked is told the same in each case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginRefused {
    /// Nobody has this address.
    UnknownUser,
    /// The user may not log in.
    DisabledUser,
    /// The password is another one.
    WrongPassword,
}

impl LoginRefused {
    /// For the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown user",
            Self::DisabledUser => "disabled user",
            Self::WrongPassword => "wrong password",
        }
    }
}

/// Why nobody logged in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The address, the password or both are wrong, or the user is disabled.
    #[error("the e-mail address or the password is wrong")]
    Refused(LoginRefused),
    /// It is not the caller's fault.
    #[error(transparent)]
    Failed(#[from] Failure),
}
