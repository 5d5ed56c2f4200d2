//! The keys of the service: the one that signs, and those whose tokens are still about.
//!
//! `current_since` and `retired_at` say what a key is. Current: it signs; the database admits one such key at most. Retired:
//! it signed until then, and is kept to verify what it signed. A key with neither is the next, published before it signs; the
//! database admits one of these, too.
//!
//! Each step from one state to the next is one atomic call that says whether it was this caller who took it.

use std::fmt;
use std::time::Duration;

use countersign_jwt::NumericDate;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::engine::Subject;
use crate::store::{moment, optional_moment};
use crate::{Store, StoreError, statements};

/// A key as stored. `Debug` leaves the sealed key out.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSigningKey {
    /// The `kid` of its tokens.
    pub id: String,
    /// The name of its JWS algorithm.
    pub algorithm: String,
    /// The private key, sealed by whoever stored it.
    pub sealed: Vec<u8>,
    /// The public key, as the text of a JWK.
    pub public_jwk: String,
    /// When it was stored.
    pub created_at: NumericDate,
    /// Since when it signs, or when it began to.
    pub current_since: Option<NumericDate>,
    /// Until when it signed.
    pub retired_at: Option<NumericDate>,
    /// The longest lifetime of a token that it may have signed; `None` while nobody has said.
    pub token_lifetime: Option<Duration>,
}

/// A key to be stored. `Debug` leaves the sealed key out.
#[derive(Clone, Copy)]
pub struct NewSigningKey<'a> {
    /// The `kid` of its tokens.
    pub id: &'a str,
    /// The name of its JWS algorithm.
    pub algorithm: &'a str,
    /// The private key, sealed: it is stored as it is.
    pub sealed: &'a [u8],
    /// The public key, as the text of a JWK.
    pub public_jwk: &'a str,
    /// Now.
    pub created_at: NumericDate,
}

/// That a verifier was given a key before it signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPickup {
    /// The name of the verifier.
    pub verifier: String,
    /// The id of the key.
    pub key_id: String,
    /// When, for the last time that an instance has written it down.
    pub fetched_at: NumericDate,
}

impl KeyPickup {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            verifier: row.try_get("verifier")?,
            key_id: row.try_get("key_id")?,
            fetched_at: moment(row, "fetched_at")?,
        })
    }
}

/// Why a key was not installed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstallSigningKeyError {
    /// Another key, or the same for another algorithm, is stored under this id, and tokens name it.
    #[error("another key is stored under this key id")]
    IdTaken,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Stores a key and has it sign, unless there is one that signs already; returns the one that signs in the end.
    ///
    /// The first writer wins: of several processes that start at the same moment, each with a key of its own making,
    /// all get the same one.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn insert_first_signing_key(
        &self,
        key: &NewSigningKey<'_>,
    ) -> Result<StoredSigningKey, StoreError> {
        self.answer(bind(statements::INSERT_FIRST_SIGNING_KEY, key).execute(self.writes())).await?;
        self.current_signing_key().await?.ok_or_else(|| StoreError::Defect {
            reason: "a key with this id is stored already, and no key signs".to_owned(),
        })
    }

    /// Stores a key and has it sign from `created_at` on. The one that signed until then is retired, and stays listed; one that
    /// was to sign next is withdrawn.
    ///
    /// A key that was stored before becomes the one that signs again, sealed anew; one that signs already goes on.
    ///
    /// # Errors
    /// [`InstallSigningKeyError::IdTaken`], and nothing has changed; or [`InstallSigningKeyError::Store`] when the
    /// database gave no answer.
    pub async fn install_signing_key(&self, key: &NewSigningKey<'_>) -> Result<(), InstallSigningKeyError> {
        if self.telling(self.answer(self.replace_current(key)).await?).await {
            Ok(())
        } else {
            Err(InstallSigningKeyError::IdTaken)
        }
    }

    async fn replace_current(&self, key: &NewSigningKey<'_>) -> Result<bool, sqlx::Error> {
        let mut transaction = self.begin_write(Subject::SigningKeys).await?;
        sqlx::query(statements::RETIRE_OTHER_SIGNING_KEYS)
            .bind(key.id)
            .bind(key.created_at.as_millis())
            .execute(&mut *transaction)
            .await?;
        sqlx::query(statements::WITHDRAW_NEXT_SIGNING_KEY).bind(key.id).execute(&mut *transaction).await?;
        let installed = bind(statements::INSTALL_SIGNING_KEY, key).execute(&mut *transaction).await?;
        if installed.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Stores a key that is to sign next; `false`, and nothing is stored, if there is one already.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn insert_next_signing_key(&self, key: &NewSigningKey<'_>) -> Result<bool, StoreError> {
        Ok(self.telling(self.changed(bind(statements::INSERT_NEXT_SIGNING_KEY, key)).await?).await)
    }

    /// Has the next key sign from `now` on, and retires the one that signed until then; `false`, and nothing has changed, if the
    /// key is not the next one (any more).
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn promote_signing_key(&self, id: &str, now: NumericDate) -> Result<bool, StoreError> {
        Ok(self.telling(self.answer(self.promote(id, now)).await?).await)
    }

    async fn promote(&self, id: &str, now: NumericDate) -> Result<bool, sqlx::Error> {
        let mut transaction = self.begin_write(Subject::SigningKeys).await?;
        let mut promoted = 0;
        for statement in [statements::RETIRE_OTHER_SIGNING_KEYS, statements::PROMOTE_SIGNING_KEY] {
            let done =
                sqlx::query(statement).bind(id).bind(now.as_millis()).execute(&mut *transaction).await?;
            promoted = done.rows_affected();
        }
        match promoted {
            0 => transaction.rollback().await?,
            _ => transaction.commit().await?,
        }
        Ok(promoted > 0)
    }

    /// Forgets a key that was retired at this moment; `false` if there is none, or if it has signed again since.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn remove_retired_signing_key(
        &self,
        id: &str,
        retired_at: NumericDate,
    ) -> Result<bool, StoreError> {
        let remove = sqlx::query(statements::REMOVE_RETIRED_SIGNING_KEY);
        let removed = self.changed(remove.bind(id).bind(retired_at.as_millis())).await?;
        Ok(self.telling(removed).await)
    }

    /// Remembers that a key signs tokens of this lifetime, unless it signed longer ones already.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn raise_token_lifetime(&self, id: &str, lifetime: Duration) -> Result<(), StoreError> {
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        self.changed(sqlx::query(statements::RAISE_TOKEN_LIFETIME).bind(id).bind(lifetime)).await?;
        Ok(())
    }

    /// Replaces the sealed form of a key; `false` if it is no longer the one that was read.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn reseal_signing_key(
        &self,
        id: &str,
        before: &[u8],
        sealed: &[u8],
    ) -> Result<bool, StoreError> {
        self.changed(sqlx::query(statements::RESEAL_SIGNING_KEY).bind(id).bind(before).bind(sealed)).await
    }

    /// Remembers that a verifier was given a key.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn note_key_pickup(
        &self,
        verifier: &str,
        key_id: &str,
        now: NumericDate,
    ) -> Result<(), StoreError> {
        let note = sqlx::query(statements::NOTE_KEY_PICKUP);
        self.changed(note.bind(verifier).bind(key_id).bind(now.as_millis())).await?;
        Ok(())
    }

    /// Which next key each verifier was given last, by their names.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn key_pickups(&self) -> Result<Vec<KeyPickup>, StoreError> {
        let rows = self.answer(sqlx::query(statements::KEY_PICKUPS).fetch_all(self.reads())).await?;
        Ok(rows.iter().map(KeyPickup::from_row).collect::<Result<_, _>>()?)
    }

    /// Tells those who listen that the keys have changed, if they have.
    async fn telling(&self, changed: bool) -> bool {
        if changed {
            self.announce_signing_keys().await;
        }
        changed
    }

    /// Whether a statement has changed a row.
    async fn changed(
        &self,
        statement: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<bool, StoreError> {
        Ok(self.answer(statement.execute(self.writes())).await?.rows_affected() > 0)
    }

    /// The key that signs; `None` when none was ever stored.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn current_signing_key(&self) -> Result<Option<StoredSigningKey>, StoreError> {
        let row =
            self.answer(sqlx::query(statements::CURRENT_SIGNING_KEY).fetch_optional(self.reads())).await?;
        Ok(row.as_ref().map(StoredSigningKey::from_row).transpose()?)
    }

    /// Every key, the oldest first, retired ones included.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, StoreError> {
        let rows = self.answer(sqlx::query(statements::SIGNING_KEYS).fetch_all(self.reads())).await?;
        Ok(rows.iter().map(StoredSigningKey::from_row).collect::<Result<_, _>>()?)
    }
}

fn bind<'q>(
    statement: &'static str,
    key: &NewSigningKey<'q>,
) -> sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments> {
    sqlx::query(statement)
        .bind(key.id)
        .bind(key.algorithm)
        .bind(key.sealed)
        .bind(key.public_jwk)
        .bind(key.created_at.as_millis())
}

impl StoredSigningKey {
    /// Whether it is the key that signs.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.current_since.is_some() && self.retired_at.is_none()
    }

    /// Whether it is the key that will sign next.
    #[must_use]
    pub fn is_next(&self) -> bool {
        self.current_since.is_none() && self.retired_at.is_none()
    }

    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            algorithm: row.try_get("algorithm")?,
            sealed: row.try_get("sealed")?,
            public_jwk: row.try_get("public_jwk")?,
            created_at: moment(row, "created_at")?,
            current_since: optional_moment(row, "current_since")?,
            retired_at: optional_moment(row, "retired_at")?,
            token_lifetime: row
                .try_get::<Option<i64>, _>("token_lifetime")?
                .map(|milliseconds| Duration::from_millis(milliseconds.unsigned_abs())),
        })
    }
}

impl fmt::Debug for StoredSigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoredSigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .field("created_at", &self.created_at)
            .field("current_since", &self.current_since)
            .field("retired_at", &self.retired_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NewSigningKey<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewSigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}
