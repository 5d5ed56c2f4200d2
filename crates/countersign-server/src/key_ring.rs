//! The signing keys of the service: kept sealed in the store, unsealed once at the start.

use countersign::jwt::{Algorithm, Clock, KeyError, KeySet, NumericDate, SigningKey};
use countersign_store::{InstallSigningKeyError, NewSigningKey, Store, StoreError, StoredSigningKey};
use thiserror::Error;

use crate::{
    config::Secret,
    seal::{Sealer, UnsealError},
};

/// What signs tokens and what verifies them.
#[derive(Debug)]
pub struct KeyRing {
    /// Signs.
    pub signing: SigningKey,
    /// Verify: the public halves of the signing key and of those before it; with a shared secret, that alone.
    pub verifying: KeySet,
}

/// The algorithm of a key that the service makes for itself.
const DEFAULT_ALGORITHM: Algorithm = Algorithm::Es256;

impl KeyRing {
    /// The one key that is the shared secret (`JWT_SECRET`).
    ///
    /// # Errors
    /// [`KeyRingError::Key`] for a secret that is too short.
    pub fn of_secret(secret: &Secret) -> Result<Self, KeyRingError> {
        let signing = SigningKey::from_secret(Algorithm::Hs256, secret.expose().as_bytes())?;
        Ok(Self { verifying: signing.verifying_key().into(), signing })
    }

    /// The keys in the store. If there is none, one is made: of several processes that start at once, the first to
    /// store its key wins, and all of them use that one.
    ///
    /// # Errors
    /// Everything in [`KeyRingError`].
    pub async fn open(store: &Store, sealer: &Sealer, clock: &dyn Clock) -> Result<Self, KeyRingError> {
        if store.current_signing_key().await?.is_none() {
            let key = SigningKey::generate(DEFAULT_ALGORITHM)?;
            let sealed = SealedKey::seal(&key, sealer)?;
            let stored = store.insert_first_signing_key(&sealed.to_store(clock.now())).await?;
            tracing::info!(kid = stored.id, algorithm = stored.algorithm, "made a signing key");
        }
        let mut signing = None;
        let mut verifying = Vec::new();
        for stored in store.signing_keys().await? {
            let key = unseal(&stored, sealer)?;
            verifying.push(key.verifying_key());
            if stored.is_current() {
                signing = Some(key);
            }
        }
        let signing = signing.ok_or(KeyRingError::NoCurrentKey)?;
        Ok(Self { signing, verifying: verifying.into_iter().collect() })
    }
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

/// A key in the form in which it is stored.
struct SealedKey {
    key_id: String,
    algorithm: Algorithm,
    sealed: Vec<u8>,
    public_jwk: String,
}

impl SealedKey {
    fn seal(key: &SigningKey, sealer: &Sealer) -> Result<Self, KeyRingError> {
        let public = key.verifying_key().to_jwk().ok_or(KeyRingError::Symmetric)?;
        let key_id = key.key_id().ok_or(KeyRingError::Symmetric)?.to_owned();
        let algorithm = key.algorithm();
        let sealed = sealer
            .seal(&sealed_name(algorithm.name(), &key_id), &key.to_der()?)
            .map_err(|_| KeyRingError::Key(KeyError::Backend))?;
        let public_jwk = serde_json::to_string(&public).map_err(|_| KeyRingError::Key(KeyError::Backend))?;
        Ok(Self { key_id, algorithm, sealed, public_jwk })
    }

    fn to_store(&self, now: NumericDate) -> NewSigningKey<'_> {
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
fn unseal(stored: &StoredSigningKey, sealer: &Sealer) -> Result<SigningKey, KeyRingError> {
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

/// Why there are no keys to work with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key cannot be made or read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stored key does not open.
    #[error("cannot unseal the signing key {key_id}: {error}")]
    Sealed {
        /// Its id.
        key_id: String,
        /// Why not.
        error: UnsealError,
    },
    /// A stored key opens and is of no use.
    #[error("cannot use the signing key {key_id}: {reason}")]
    Unusable {
        /// Its id.
        key_id: String,
        /// Why not.
        reason: String,
    },
    /// Every stored key is retired.
    #[error("no stored key signs; `countersign key generate --store` makes one")]
    NoCurrentKey,
    /// A shared secret was to be stored.
    #[error("a shared secret is not stored; give it to the service in JWT_SECRET")]
    Symmetric,
    /// The id of a key belongs to another one.
    #[error("another key is stored under the id {key_id}")]
    IdTaken {
        /// The id.
        key_id: String,
    },
}

#[cfg(test)]
mod tests {
    use countersign::jwt::ManualClock;
    use zeroize::Zeroizing;

    use super::*;
    use crate::seal::MasterKey;

    struct Scene {
        folder: tempfile::TempDir,
        store: Store,
    }

    impl Scene {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open_file(&folder.path().join("keys.db")).await.unwrap();
            Self { folder, store }
        }

        async fn open(&self, master: u8) -> Result<KeyRing, KeyRingError> {
            KeyRing::open(&self.store, &sealer(master), &clock()).await
        }
    }

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&MasterKey::new(Zeroizing::new([byte; MasterKey::LEN]))).unwrap()
    }

    fn clock() -> ManualClock {
        ManualClock::new(NumericDate::from_secs(1_700_000_000))
    }

    fn ids(ring: &KeyRing) -> Vec<String> {
        ring.verifying.iter().filter_map(|key| key.key_id().map(str::to_owned)).collect()
    }

    #[tokio::test]
    async fn the_first_start_makes_a_key_and_the_next_one_finds_it() {
        let scene = Scene::new().await;
        let first = scene.open(1).await.unwrap();
        assert_eq!(first.signing.algorithm(), Algorithm::Es256);
        let second = scene.open(1).await.unwrap();
        assert_eq!(first.signing.key_id(), second.signing.key_id());
        assert_eq!(ids(&second), [first.signing.key_id().unwrap()]);
    }

    #[tokio::test]
    async fn starts_at_the_same_time_end_up_with_one_key() {
        let scene = Scene::new().await;
        let (one, two, three) = tokio::join!(scene.open(1), scene.open(1), scene.open(1));
        let ids = [one, two, three].map(|ring| ring.unwrap().signing.key_id().map(str::to_owned));
        assert!(ids[0].is_some() && ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    }

    #[tokio::test]
    async fn an_installed_key_signs_and_the_one_before_it_still_verifies() {
        let scene = Scene::new().await;
        let before = scene.open(1).await.unwrap().signing;
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap().with_key_id("mine");
        install(&scene.store, &sealer(1), &key, NumericDate::from_secs(1_700_000_100)).await.unwrap();
        let ring = scene.open(1).await.unwrap();
        assert_eq!((ring.signing.key_id(), ring.signing.algorithm()), (Some("mine"), Algorithm::Ed25519));
        assert_eq!(ids(&ring), [before.key_id().unwrap(), "mine"]);
    }

    #[tokio::test]
    async fn keys_do_not_open_under_another_master_key() {
        let scene = Scene::new().await;
        scene.open(1).await.unwrap();
        let error = scene.open(2).await.unwrap_err();
        assert!(
            matches!(error, KeyRingError::Sealed { error: UnsealError::AnotherMasterKey, .. }),
            "{error}"
        );
    }

    #[tokio::test]
    async fn no_private_key_is_in_the_database_in_the_clear() {
        let scene = Scene::new().await;
        let ring = scene.open(1).await.unwrap();
        scene.store.close().await;
        let der = ring.signing.to_der().unwrap();
        let secret = &der[der.len() - 24..];
        for entry in std::fs::read_dir(scene.folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }

    #[tokio::test]
    async fn a_shared_secret_is_not_stored() {
        let scene = Scene::new().await;
        let key = SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap().with_key_id("shared");
        let outcome = install(&scene.store, &sealer(1), &key, clock().now()).await;
        assert!(matches!(outcome, Err(KeyRingError::Symmetric)));
    }

    #[test]
    fn with_a_shared_secret_nothing_is_published() {
        let ring = KeyRing::of_secret(&Secret::new("0123456789abcdef0123456789abcdef".to_owned())).unwrap();
        assert_eq!(ring.signing.algorithm(), Algorithm::Hs256);
        assert!(ring.verifying.to_jwk_set().keys.is_empty());
    }
}
