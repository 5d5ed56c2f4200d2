//! The users: who may log in, and with what.

use std::fmt;

use countersign_jwt::NumericDate;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::store::{moment, optional_moment};
use crate::{Store, StoreError, statements};

/// A user as stored. `Debug` leaves the password hash out.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The subject of the user's tokens.
    pub id: String,
    /// Normalised by whoever stored it.
    pub email: String,
    /// A PHC string.
    pub password_hash: String,
    /// When the user registered.
    pub created_at: NumericDate,
    /// Since when the user may not log in; `None` for one who may.
    pub disabled_at: Option<NumericDate>,
}

/// A user to be stored. `Debug` leaves the password hash out.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// Unique, and never given to another user.
    pub id: &'a str,
    /// Normalised: two spellings of one address must come here as one.
    pub email: &'a str,
    /// A PHC string.
    pub password_hash: &'a str,
    /// Now.
    pub created_at: NumericDate,
}

/// Why a user was not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsertUserError {
    /// Another user has this address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Stores a user, unless the address is taken. Of several at the same moment with one address, one succeeds.
    ///
    /// # Errors
    /// [`InsertUserError::EmailTaken`], or [`InsertUserError::Store`] when the database gave no answer.
    pub async fn insert_user(&self, user: &NewUser<'_>) -> Result<(), InsertUserError> {
        let inserted = self
            .answer(
                sqlx::query(statements::INSERT_USER)
                    .bind(user.id)
                    .bind(user.email)
                    .bind(user.password_hash)
                    .bind(user.created_at.as_millis())
                    .execute(self.writes()),
            )
            .await?;
        match inserted.rows_affected() {
            0 => Err(InsertUserError::EmailTaken),
            _ => Ok(()),
        }
    }

    /// The user with a normalised e-mail address, disabled or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let row = self
            .answer(sqlx::query(statements::USER_BY_EMAIL).bind(email).fetch_optional(self.reads()))
            .await?;
        Ok(row.as_ref().map(User::from_row).transpose()?)
    }

    /// The user with an id, disabled or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn user_by_id(&self, id: &str) -> Result<Option<User>, StoreError> {
        let row =
            self.answer(sqlx::query(statements::USER_BY_ID).bind(id).fetch_optional(self.reads())).await?;
        Ok(row.as_ref().map(User::from_row).transpose()?)
    }

    /// At most `limit` users in the order of their e-mail addresses, beginning after `email`; `None` begins with the
    /// first. The next page begins after the last address of this one; the last page is one with fewer than `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn users_after(&self, email: Option<&str>, limit: u32) -> Result<Vec<User>, StoreError> {
        let rows = self
            .answer(
                sqlx::query(statements::USERS_AFTER)
                    .bind(email.unwrap_or_default())
                    .bind(i64::from(limit))
                    .fetch_all(self.reads()),
            )
            .await?;
        Ok(rows.iter().map(User::from_row).collect::<Result<_, _>>()?)
    }

    /// Keeps a user from logging in. Of a user who is disabled already, the first moment stays. `false` when there is no
    /// such user.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn disable_user(&self, id: &str, at: NumericDate) -> Result<bool, StoreError> {
        let updated = self
            .answer(
                sqlx::query(statements::DISABLE_USER).bind(id).bind(at.as_millis()).execute(self.writes()),
            )
            .await?;
        Ok(updated.rows_affected() > 0)
    }

    /// Replaces the password hash of a user, on condition that it is still the one that was `verified`. `false` when it is
    /// not, or when there is no such user: somebody else has changed it meanwhile, and theirs stays.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn replace_password_hash(
        &self,
        id: &str,
        verified: &str,
        renewed: &str,
    ) -> Result<bool, StoreError> {
        let updated = self
            .answer(
                sqlx::query(statements::REPLACE_PASSWORD_HASH)
                    .bind(id)
                    .bind(verified)
                    .bind(renewed)
                    .execute(self.writes()),
            )
            .await?;
        Ok(updated.rows_affected() > 0)
    }
}

impl User {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            email: row.try_get("email")?,
            password_hash: row.try_get("password_hash")?,
            created_at: moment(row, "created_at")?,
            disabled_at: optional_moment(row, "disabled_at")?,
        })
    }
}

impl fmt::Debug for User {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("User")
            .field("id", &self.id)
            .field("email", &self.email)
            .field("created_at", &self.created_at)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NewUser<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewUser")
            .field("id", &self.id)
            .field("email", &self.email)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}
