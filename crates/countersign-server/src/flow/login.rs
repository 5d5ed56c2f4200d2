//! Log in: an address and a password become an access token.

use countersign::{
    jwt::NumericDate,
    password::{Password, PasswordHash, Passwords, UnusableHash, Verification},
};
use countersign_store::{Store, User};
use thiserror::Error;

use super::{AccessToken, AccessTokens, EmailAddress, Failure};

/// What a person typed to log in.
#[derive(Debug)]
pub struct Login {
    /// As it was typed.
    pub email: String,
    /// As it was typed.
    pub password: Password,
}

/// What a login is answered with.
#[derive(Debug)]
pub struct LoggedIn {
    /// For the guarded routes.
    pub access_token: AccessToken,
    /// For the next access token. There are no sessions yet, so there is none.
    pub refresh_token: Option<String>,
}

/// Logs a user in.
///
/// An unknown user, a disabled one and a wrong password are one refusal after the same work: exactly one password
/// verification, of the stored hash or of its dummy twin.
///
/// # Errors
/// See [`LoginError`].
pub async fn login(
    input: Login,
    store: &Store,
    passwords: &Passwords,
    tokens: &AccessTokens,
    now: NumericDate,
) -> Result<LoggedIn, LoginError> {
    // What is no address has no account: it goes the way of an unknown user.
    let user = match EmailAddress::parse(&input.email) {
        Ok(email) => store.user_by_email(email.as_str()).await.map_err(Failure::from)?,
        Err(_) => None,
    };
    let user = authenticate(user, &input.password, store, passwords).await?;
    let access_token = tokens.issue(&user.id, &user.email, now).map_err(Failure::from)?;
    tracing::info!(user = user.id, "a user logged in");
    Ok(LoggedIn { access_token, refresh_token: None })
}

async fn authenticate(
    user: Option<User>,
    password: &Password,
    store: &Store,
    passwords: &Passwords,
) -> Result<User, LoginError> {
    let refused = |reason| Err(LoginError::Refused(reason));
    let Some(user) = user else {
        let _always_a_mismatch = passwords.verify_absent(password).await.map_err(Failure::from)?;
        return refused(LoginRefused::UnknownUser);
    };
    let stored: PasswordHash = user
        .password_hash
        .parse()
        .map_err(|error| LoginError::UnusableHash { user_id: user.id.clone(), error })?;
    let verification = passwords.verify(password, &stored).await.map_err(Failure::from)?;
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
                Ok(replaced) => tracing::debug!(user = user.id, replaced, "a password hash was renewed"),
                Err(error) => tracing::warn!(user = user.id, %error, "a password hash could not be renewed"),
            }
            Ok(user)
        }
    }
}

/// Why a login was refused: for the log. Whoever asked is told the same in each case.
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
    /// The stored hash of the user is of no use.
    #[error("the stored password of user {user_id} cannot be verified: {error}")]
    UnusableHash {
        /// Whose.
        user_id: String,
        /// Why.
        error: UnusableHash,
    },
    /// It is not the caller's fault.
    #[error(transparent)]
    Failed(#[from] Failure),
}
