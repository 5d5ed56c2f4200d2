//! Sign-up: an address and a password become a user.

use countersign::{
    jwt::NumericDate,
    password::{NewPassword, NewPasswordError, Password, Passwords},
};
use countersign_store::{InsertUserError, NewUser, Store, StoreError};
use thiserror::Error;

use super::{EmailAddress, EmailError, Failure};

/// What a person typed to sign up.
#[derive(Debug)]
pub struct Registration {
    /// As it was typed.
    pub email: String,
    /// As it was typed.
    pub password: Password,
}

/// What is answered when an address has an account already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenEmail {
    /// The same as for one that has none, after the same work, with a user id that nobody has: from the answer, nobody
    /// learns who has an account. The account is not touched.
    ///
    /// It hides what this answer can hide. As long as an address need not be confirmed before its first login, one who
    /// registers an address and then fails to log in still learns that it was taken, at the cost of an account for
    /// every guess that was not.
    Conceal,
    /// That it is taken.
    Reveal,
}

/// A user who has just signed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The `sub` of the tokens to come.
    pub user_id: String,
    /// Normalised.
    pub email: EmailAddress,
}

/// Signs a user up.
///
/// # Errors
/// See [`RegisterError`]. What is wrong with the input is told before anything is hashed.
pub async fn register(
    input: Registration,
    store: &Store,
    passwords: &Passwords,
    taken: TakenEmail,
    now: NumericDate,
) -> Result<Registered, RegisterError> {
    let email = EmailAddress::parse(&input.email)?;
    let password = NewPassword::try_from(input.password)?;
    let hash = passwords.hash(&password).await.map_err(Failure::from)?;
    let user_id = new_user_id(now)?;
    let user = NewUser { id: &user_id, email: email.as_str(), password_hash: hash.as_str(), created_at: now };
    match store.insert_user(&user).await {
        Ok(()) => {
            tracing::info!(user = user_id, "a user registered");
            Ok(Registered { user_id, email })
        }
        Err(InsertUserError::EmailTaken) if taken == TakenEmail::Conceal => {
            tracing::info!("a registration for an address that has an account was answered like any other");
            Ok(Registered { user_id, email })
        }
        Err(InsertUserError::EmailTaken) => Err(RegisterError::Taken),
        Err(InsertUserError::Store(error)) => Err(Failure::from(error).into()),
        // A case that this release does not know: the database has its reason, and no user was stored.
        Err(error) => Err(Failure::from(StoreError::Defect { reason: error.to_string() }).into()),
    }
}

/// A version 7 UUID (RFC 9562 §5.7): the ids of users who sign up one after the other stand together in the index.
fn new_user_id(now: NumericDate) -> Result<String, Failure> {
    let mut random = [0; 10];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Failure::Randomness)?;
    let milliseconds = u64::try_from(now.as_millis()).unwrap_or_default();
    Ok(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid().to_string())
}

/// Why nobody signed up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The address is not one.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// The password is too short or too long.
    #[error(transparent)]
    Password(#[from] NewPasswordError),
    /// The address has an account, and that may be told.
    #[error("there is an account with this e-mail address")]
    Taken,
    /// It is not the caller's fault.
    #[error(transparent)]
    Failed(#[from] Failure),
}
