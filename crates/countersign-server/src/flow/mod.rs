//! The use cases: one function each. What is asked comes in already parsed; HTTP, SQL and pages are elsewhere. The
//! service's routes and the command line call the same flows.

use std::{net::IpAddr, time::Duration};

use countersign::{
    Sessions,
    jwt::{RenewalFailed, SignError},
    password::{HashingError, Password, PasswordHash, Passwords, UnusableHash, Verification},
    revocation::Revocations,
    session::{Grant, NewSession, RandomnessUnavailable, SessionId, SessionStoreError, StartError},
};
use countersign_store::{Store, StoreError, User};
use thiserror::Error;

mod disable;
mod email;
mod login;
mod logout;
mod password;
mod refresh;
mod register;
mod revoke;
mod sessions;
mod token;

pub use disable::{Disabled, disable};
pub use email::{EmailAddress, EmailError};
pub use login::{Login, LoginError, LoginRefused, login};
pub use logout::{log_out, log_out_all, log_out_others};
pub use password::{PasswordChange, PasswordChangeError, change_password};
pub use refresh::{RefreshError, RefreshRefused, refresh};
pub use register::{RegisterError, Registered, Registration, TakenEmail, register};
pub use revoke::{RevokeTokenError, revoke_token, revoke_token_id, revoke_user};
pub use sessions::{end_session, list_sessions};
pub use token::{AccessClaims, AccessToken, AccessTokens, FIRST_PARTY_CLIENT, whole_second};

/// The sessions of users, where the users are.
pub type UserSessions = Sessions<Store>;

/// What the flows of people with an account work with.
#[derive(Debug)]
pub struct Accounts {
    /// Users.
    pub store: Store,
    /// Their sessions.
    pub sessions: UserSessions,
    /// Hashing, on its own threads.
    pub passwords: Passwords,
    /// What a login and a refresh are answered with.
    pub tokens: AccessTokens,
    /// What was revoked lately, as this instance knows it.
    pub revocations: Revocations,
    /// By how much the clocks of verifiers may differ, wherever they are.
    pub leeway: Duration,
}

/// From what, and from where, somebody logs in: so that they recognise their sessions in a list. It decides nothing.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Where the request came from, as far as that is known.
    pub address: Option<IpAddr>,
}

impl Device {
    fn begin(&self, id: SessionId, user_id: &str) -> NewSession {
        let mut session = NewSession::new(id, user_id);
        if let Some(user_agent) = &self.user_agent {
            session = session.user_agent(user_agent);
        }
        if let Some(address) = self.address {
            session = session.address(address);
        }
        session
    }
}

/// What a login and a refresh are answered with.
#[derive(Debug)]
pub struct TokenPair {
    /// For the guarded routes.
    pub access: AccessToken,
    /// For the next pair, and the session that both belong to.
    pub refresh: Grant,
}

/// Verifies a password against the stored hash of a user: exactly one computation.
async fn verify(
    user: &User,
    password: &Password,
    passwords: &Passwords,
) -> Result<(Verification, PasswordHash), Failure> {
    let stored: PasswordHash = user
        .password_hash
        .parse()
        .map_err(|error| Failure::UnusableHash { user_id: user.id.clone(), error })?;
    Ok((passwords.verify(password, &stored).await?, stored))
}

/// What keeps any flow from ending, and is not the caller's fault.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store gave no answer about sessions.
    #[error(transparent)]
    Sessions(#[from] SessionStoreError),
    /// The password queue gave no answer.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The token could not be signed.
    #[error(transparent)]
    Signing(#[from] SignError),
    /// The keys of other instances gave no answer.
    #[error(transparent)]
    Keys(#[from] RenewalFailed),
    /// No session was started.
    #[error(transparent)]
    Start(StartError),
    /// The stored hash of a user is of no use.
    #[error("the stored password of user {user_id} cannot be verified: {error}")]
    UnusableHash {
        /// Whose.
        user_id: String,
        /// Why.
        error: UnusableHash,
    },
    /// The system's random generator failed.
    #[error("the system's random generator failed")]
    Randomness,
}

impl From<RandomnessUnavailable> for Failure {
    fn from(_: RandomnessUnavailable) -> Self {
        Self::Randomness
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error) => Self::Sessions(error),
            error => Self::Start(error),
        }
    }
}

#[cfg(test)]
mod tests;
