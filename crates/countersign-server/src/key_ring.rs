//! The signing keys of the service: kept sealed in the store, unsealed once, and exchanged while it runs.
//!
//! Whoever signs, verifies or publishes takes the [`Keys`] of the moment out of the [`KeyRing`]: a look into memory. What
//! changes them is the task in `rotation`.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use countersign::jwt::{
    Algorithm, Clock, KeyError, KeySet, KeySource, KeysUnavailable, NumericDate, Renewal, SigningKey,
};
use countersign_store::{Store, StoreError, StoredSigningKey};
use thiserror::Error;

use crate::{
    config::Secret,
    seal::{Sealer, UnsealError},
};

mod rounds;
mod sealed;

pub(crate) use rounds::Rounds;
pub(crate) use sealed::Vault;
pub use sealed::{Announced, announce, install, replace, reseal};
use sealed::{SealedKey, unseal};

/// The keys of the service as they are now. Clones of the `Arc` around it see the same.
pub struct KeyRing {
    keys: ArcSwap<Keys>,
    /// `None` where the keys never change.
    rounds: Option<Rounds>,
}

/// What signs tokens and what verifies them, at one moment.
#[derive(Debug)]
pub struct Keys {
    /// Signs.
    pub signing: SigningKey,
    /// Verify: the public halves of the signing key, of those before it, and of the next; with a shared secret, that alone.
    pub verifying: KeySet,
    /// The id of the next, which is published and signs nothing yet.
    pub next: Option<String>,
    /// All of them, with their public halves as they are stored.
    held: Vec<(String, SigningKey)>,
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
        let verifying = signing.verifying_key().into();
        let keys = Keys { signing, verifying, next: None, held: Vec::new() };
        Ok(Self { keys: ArcSwap::from_pointee(keys), rounds: None })
    }

    /// The keys in the store, to sign tokens that live for `token_lifetime`. If there is none, one is made: of several
    /// processes that start at once, the first to store its key wins, and all of them use that one.
    ///
    /// # Errors
    /// Everything in [`KeyRingError`].
    pub async fn open(
        store: &Store,
        sealer: &Sealer,
        token_lifetime: Duration,
        clock: &dyn Clock,
    ) -> Result<Self, KeyRingError> {
        if store.current_signing_key().await?.is_none() {
            let key = SigningKey::generate(DEFAULT_ALGORITHM)?;
            let sealed = SealedKey::seal(&key, sealer)?;
            let stored = store.insert_first_signing_key(&sealed.to_store(clock.now())).await?;
            tracing::info!(kid = stored.id, algorithm = stored.algorithm, "made a signing key");
        }
        let stored = store.signing_keys().await?;
        let keys = Keys::read(&stored, sealer, None)?;
        keep_for(store, &stored, token_lifetime).await?;
        Ok(Self { keys: ArcSwap::from_pointee(keys), rounds: Some(Rounds::default()) })
    }

    /// The keys in the store as they are now, for whoever only looks: none is made, and they do not change any more.
    ///
    /// # Errors
    /// Everything in [`KeyRingError`]; [`KeyRingError::NoCurrentKey`] where none was ever made.
    pub(crate) async fn stored(store: &Store, sealer: &Sealer) -> Result<Self, KeyRingError> {
        let keys = Keys::read(&store.signing_keys().await?, sealer, None)?;
        Ok(Self { keys: ArcSwap::from_pointee(keys), rounds: None })
    }

    /// The keys as they are now.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    /// Takes in what is stored now; the keys stay what they are if something in it cannot be used.
    pub(crate) async fn take_in(
        &self,
        store: &Store,
        stored: &[StoredSigningKey],
        sealer: &Sealer,
        token_lifetime: Duration,
    ) -> Result<(), KeyRingError> {
        let before = self.keys();
        let keys = Keys::read(stored, sealer, Some(&before))?;
        keep_for(store, stored, token_lifetime).await?;
        if keys.ids() != before.ids() || keys.signing.key_id() != before.signing.key_id() {
            tracing::info!(
                signing = keys.signing.key_id(),
                published = keys.held.len(),
                "the signing keys have changed"
            );
            self.keys.store(Arc::new(keys));
        }
        Ok(())
    }

    /// The looks into the store, where there are any.
    pub(crate) fn rounds(&self) -> Option<&Rounds> {
        self.rounds.as_ref()
    }
}

/// Sees to it that the key that signs is kept until the tokens of this lifetime have expired, before it signs any.
async fn keep_for(
    store: &Store,
    stored: &[StoredSigningKey],
    token_lifetime: Duration,
) -> Result<(), StoreError> {
    match stored.iter().find(|key| key.is_current()) {
        Some(key) if key.token_lifetime < Some(token_lifetime) => {
            store.raise_token_lifetime(&key.id, token_lifetime).await
        }
        _ => Ok(()),
    }
}

impl Keys {
    /// Unseals what is stored, except what was held before.
    fn read(
        stored: &[StoredSigningKey],
        sealer: &Sealer,
        before: Option<&Self>,
    ) -> Result<Self, KeyRingError> {
        let mut signing = None;
        let mut held = Vec::with_capacity(stored.len());
        for key in stored {
            let unsealed = match before.and_then(|before| before.find(key)) {
                Some(unsealed) => unsealed.clone(),
                None => unseal(key, sealer)?,
            };
            if key.is_current() {
                signing = Some(unsealed.clone());
            }
            held.push((key.public_jwk.clone(), unsealed));
        }
        let signing = signing.ok_or(KeyRingError::NoCurrentKey)?;
        let verifying = held.iter().map(|(_, key)| key.verifying_key()).collect();
        let next = stored.iter().find(|key| key.is_next()).map(|key| key.id.clone());
        Ok(Self { signing, verifying, next, held })
    }

    fn find(&self, stored: &StoredSigningKey) -> Option<&SigningKey> {
        let is_it = |(jwk, key): &&(String, SigningKey)| {
            key.key_id() == Some(&stored.id)
                && key.algorithm().name() == stored.algorithm
                && *jwk == stored.public_jwk
        };
        self.held.iter().find(is_it).map(|(_, key)| key)
    }

    fn ids(&self) -> Vec<Option<&str>> {
        self.held.iter().map(|(_, key)| key.key_id()).collect()
    }
}

/// The set that verifies, for as long as one verification takes.
#[derive(Debug)]
pub struct Verifying(Guard<Arc<Keys>>);

impl Deref for Verifying {
    type Target = KeySet;

    fn deref(&self) -> &KeySet {
        &self.0.verifying
    }
}

impl KeySource for KeyRing {
    type Snapshot<'a> = Verifying;

    fn snapshot(&self, _now: NumericDate) -> Result<Verifying, KeysUnavailable> {
        Ok(Verifying(self.keys.load()))
    }

    /// Another instance may have made the key that a token names: then it is in the store.
    fn renew(&self, _now: NumericDate) -> Option<Renewal<'_>> {
        self.rounds.as_ref().map(|rounds| -> Renewal<'_> { Box::pin(rounds.next()) })
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyRing").field("keys", &self.keys()).finish_non_exhaustive()
    }
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
    /// Every stored key is retired, or there is none.
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

    const LIFETIME: Duration = Duration::from_secs(900);

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
            KeyRing::open(&self.store, &sealer(master), LIFETIME, &clock()).await
        }
    }

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&MasterKey::new(Zeroizing::new([byte; MasterKey::LEN]))).unwrap()
    }

    fn clock() -> ManualClock {
        ManualClock::new(NumericDate::from_secs(1_700_000_000))
    }

    fn ids(ring: &KeyRing) -> Vec<String> {
        ring.keys().verifying.iter().filter_map(|key| key.key_id().map(str::to_owned)).collect()
    }

    #[tokio::test]
    async fn the_first_start_makes_a_key_and_the_next_one_finds_it() {
        let scene = Scene::new().await;
        let first = scene.open(1).await.unwrap();
        assert_eq!(first.keys().signing.algorithm(), Algorithm::Es256);
        let second = scene.open(1).await.unwrap();
        assert_eq!(first.keys().signing.key_id(), second.keys().signing.key_id());
        assert_eq!(ids(&second), [first.keys().signing.key_id().unwrap()]);
    }

    #[tokio::test]
    async fn starts_at_the_same_time_end_up_with_one_key() {
        let scene = Scene::new().await;
        let (one, two, three) = tokio::join!(scene.open(1), scene.open(1), scene.open(1));
        let ids = [one, two, three].map(|ring| ring.unwrap().keys().signing.key_id().map(str::to_owned));
        assert!(ids[0].is_some() && ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    }

    #[tokio::test]
    async fn an_installed_key_signs_and_the_one_before_it_still_verifies() {
        let scene = Scene::new().await;
        let before = scene.open(1).await.unwrap().keys().signing.clone();
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap().with_key_id("mine");
        install(&scene.store, &sealer(1), &key, NumericDate::from_secs(1_700_000_100)).await.unwrap();
        let ring = scene.open(1).await.unwrap();
        assert_eq!(
            (ring.keys().signing.key_id(), ring.keys().signing.algorithm()),
            (Some("mine"), Algorithm::Ed25519)
        );
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
        let der = ring.keys().signing.to_der().unwrap();
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
        assert_eq!(ring.keys().signing.algorithm(), Algorithm::Hs256);
        assert!(ring.keys().verifying.to_jwk_set().keys.is_empty());
    }
}
