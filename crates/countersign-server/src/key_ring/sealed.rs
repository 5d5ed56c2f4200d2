//! Keys on their way into the store and out of it.

use countersign::jwt::{Algorithm, KeyError, NumericDate, SigningKey};
use countersign_store::{InstallSigningKeyError, NewSigningKey, Store, StoredSigningKey};

use super::{DEFAULT_ALGORITHM, KeyRingError};
use crate::seal::Sealer;

/// Where signing keys are kept, and what opens them.
#[derive(Debug)]
pub(crate) struct Vault {
    pub(crate) store: Store,
    pub(crate) sealer: Sealer,
}

/// Stores a key, sealed, and has it sign from now on.
///
/// # Errors
/// [`KeyRingError::Symmetric`] for a shared secret, [`KeyRingError::IdTaken`] when another key has its id.
pub async fn install(
    store: &Store,
    sealer: &Sealer,
    key: &SigningKey,
    now: NumericDate,
) -> Result<(), KeyRingError> {
    let sealed = SealedKey::seal(key, sealer)?;
    store.install_signing_key(&sealed.to_store(now)).await.map_err(|error| match error {
        InstallSigningKeyError::Store(error) => KeyRingError::Store(error),
        _ => KeyRingError::IdTaken { key_id: sealed.key_id },
    })
}

/// Makes a key that signs from now on, without having been announced; says its id.
///
/// # Errors
/// As [`install`].
pub async fn replace(store: &Store, sealer: &Sealer, now: NumericDate) -> Result<String, KeyRingError> {
    let key = SigningKey::generate(DEFAULT_ALGORITHM)?;
    install(store, sealer, &key, now).await?;
    Ok(key.key_id().unwrap_or_default().to_owned())
}

/// What became of the wish for a next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced {
    /// It was made, and has this id.
    Made(String),
    /// There is one already.
    Already,
}

/// Makes the key that is to sign next, of the algorithm that a service makes for itself, unless there is one.
///
/// # Errors
/// [`KeyRingError::Store`] or [`KeyRingError::Key`].
pub async fn announce(store: &Store, sealer: &Sealer, now: NumericDate) -> Result<Announced, KeyRingError> {
    let key = SigningKey::generate(DEFAULT_ALGORITHM)?;
    let sealed = SealedKey::seal(&key, sealer)?;
    match store.insert_next_signing_key(&sealed.to_store(now)).await? {
        true => Ok(Announced::Made(sealed.key_id)),
        false => Ok(Announced::Already),
    }
}

/// Seals every stored key anew that is sealed under another master key than the one that seals; says how many these were.
///
/// # Errors
/// [`KeyRingError::Sealed`] and [`KeyRingError::Unusable`] for a key that does not open; those before it are done then.
pub async fn reseal(store: &Store, sealer: &Sealer) -> Result<usize, KeyRingError> {
    let mut resealed = 0;
    for stored in store.signing_keys().await? {
        if sealer.seals_as(&stored.sealed) {
            continue;
        }
        let anew = SealedKey::seal(&unseal(&stored, sealer)?, sealer)?;
        // If it is no longer what was read, somebody else has sealed it anew or removed it.
        resealed += usize::from(store.reseal_signing_key(&stored.id, &stored.sealed, &anew.sealed).await?);
    }
    Ok(resealed)
}

/// A key in the form in which it is stored.
pub(super) struct SealedKey {
    key_id: String,
    algorithm: Algorithm,
    sealed: Vec<u8>,
    public_jwk: String,
}

impl SealedKey {
    pub(super) fn seal(key: &SigningKey, sealer: &Sealer) -> Result<Self, KeyRingError> {
        let public = key.verifying_key().to_jwk().ok_or(KeyRingError::Symmetric)?;
        let key_id = key.key_id().ok_or(KeyRingError::Symmetric)?.to_owned();
        let algorithm = key.algorithm();
        let sealed = sealer
            .seal(&sealed_name(algorithm.name(), &key_id), &key.to_der()?)
            .map_err(|_| KeyRingError::Key(KeyError::Backend))?;
        let public_jwk = serde_json::to_string(&public).map_err(|_| KeyRingError::Key(KeyError::Backend))?;
        Ok(Self { key_id, algorithm, sealed, public_jwk })
    }

    pub(super) fn to_store(&self, now: NumericDate) -> NewSigningKey<'_> {
        NewSigningKey {
            id: &self.key_id,
            algorithm: self.algorithm.name(),
            sealed: &self.sealed,
            public_jwk: &self.public_jwk,
            created_at: now,
        }
    }
}

/// The public half is taken from the private one, not from the column beside it: what was sealed is authentic, and
/// whoever can write to the database alone cannot add a key that tokens are accepted from.
pub(super) fn unseal(stored: &StoredSigningKey, sealer: &Sealer) -> Result<SigningKey, KeyRingError> {
    let unusable = |reason: String| KeyRingError::Unusable { key_id: stored.id.clone(), reason };
    let algorithm: Algorithm = stored
        .algorithm
        .parse()
        .map_err(|_| unusable("its algorithm is not known to this release".to_owned()))?;
    let der = sealer
        .unseal(&sealed_name(&stored.algorithm, &stored.id), &stored.sealed)
        .map_err(|error| KeyRingError::Sealed { key_id: stored.id.clone(), error })?;
    let key = SigningKey::from_der(algorithm, &der).map_err(|error| unusable(error.to_string()))?;
    Ok(key.with_key_id(&*stored.id))
}

/// What a key is sealed under: its id and its algorithm, so that neither can be exchanged in the database.
fn sealed_name(algorithm: &str, key_id: &str) -> String {
    format!("signing-key/{algorithm}/{key_id}")
}
