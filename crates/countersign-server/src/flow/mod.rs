//! The use cases: one function each. What is asked comes in already parsed; HTTP, SQL and pages are elsewhere. The
//! service's routes and the command line call the same flows.

use countersign::{jwt::SignError, password::HashingError};
use countersign_store::StoreError;
use thiserror::Error;

mod email;
mod login;
mod register;
mod token;

pub use email::{EmailAddress, EmailError};
pub use login::{LoggedIn, Login, LoginError, LoginRefused, login};
pub use register::{RegisterError, Registered, Registration, TakenEmail, register};
pub use token::{AccessClaims, AccessToken, AccessTokens, FIRST_PARTY_CLIENT, whole_second};

/// What keeps any flow from ending, and is not the caller's fault.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password queue gave no answer.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The token could not be signed.
    #[error(transparent)]
    Signing(#[from] SignError),
    /// The system's random generator failed.
    #[error("the system's random generator failed")]
    Randomness,
}

#[cfg(test)]
mod tests;
