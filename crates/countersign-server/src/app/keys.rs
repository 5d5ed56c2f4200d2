//! The keys of the service, out of the master key or the shared secret that was configured.

use countersign::{
    jwt::Clock,
    session::{RefreshTokenKeys, WeakMasterSecret},
};
use countersign_store::Store;

use super::StartError;
use crate::{
    config::{Config, MasterKeySource, Secret},
    data_folder::{self, DataFolderError, MissingMasterKey},
    key_ring::{KeyRing, KeyRingError},
    seal::{MasterKey, Sealer},
};

/// The keys of access tokens, those of refresh tokens, and what seals the former, if they are stored.
///
/// Refresh tokens are proven with the master key. A service that signs with a shared secret has none unless it is given
/// one, and then the secret does: whoever has it can make access tokens of anybody anyway.
pub(super) async fn open_keys(
    config: &Config,
    store: &Store,
    clock: &dyn Clock,
) -> Result<(KeyRing, RefreshTokenKeys, Option<Sealer>), StartError> {
    if let Some(secret) = &config.jwt_secret {
        let (keys, refresh_keys) = keys_of_secret(config, secret)?;
        return Ok((keys, refresh_keys, None));
    }
    let master_keys = open_master_keys(config, store).await?;
    let sealer = master_keys.sealer()?;
    let keys = KeyRing::open(store, &sealer, config.token.access_lifetime, clock).await?;
    Ok((keys, master_keys.refresh_token_keys()?, Some(sealer)))
}

/// The keys of a service that signs with a shared secret.
fn keys_of_secret(config: &Config, secret: &Secret) -> Result<(KeyRing, RefreshTokenKeys), StartError> {
    let refresh_keys = match &config.master_key {
        MasterKeySource::DataFolder => RefreshTokenKeys::new(secret.expose().as_bytes())?,
        source => MasterKeys::read(config, source, MissingMasterKey::Fail)?.refresh_token_keys()?,
    };
    Ok((KeyRing::of_secret(secret)?, refresh_keys))
}

/// The keys of access tokens as they are stored, and those of refresh tokens, for whoever only looks: none is made, and no
/// master key.
pub(super) async fn read_keys(
    config: &Config,
    store: &Store,
) -> Result<(KeyRing, RefreshTokenKeys), StartError> {
    if let Some(secret) = &config.jwt_secret {
        return keys_of_secret(config, secret);
    }
    // Then no master key is missed either.
    if store.signing_keys().await.map_err(KeyRingError::from)?.is_empty() {
        return Err(KeyRingError::NoCurrentKey.into());
    }
    let master_keys = MasterKeys::read(config, &config.master_key, MissingMasterKey::Fail)?;
    let keys = KeyRing::stored(store, &master_keys.sealer()?).await?;
    Ok((keys, master_keys.refresh_token_keys()?))
}

/// What seals and unseals signing keys, under the configured master key. One is made in the data folder if none is
/// there and nothing in the store was sealed yet.
///
/// # Errors
/// [`StartError::DataFolder`], [`StartError::Keys`] or [`StartError::Cryptography`].
pub async fn open_sealer(config: &Config, store: &Store) -> Result<Sealer, StartError> {
    open_master_keys(config, store).await?.sealer()
}

async fn open_master_keys(config: &Config, store: &Store) -> Result<MasterKeys, StartError> {
    let anything_sealed = !store.signing_keys().await.map_err(KeyRingError::from)?.is_empty();
    let missing = if anything_sealed { MissingMasterKey::Fail } else { MissingMasterKey::Generate };
    if matches!(config.master_key, MasterKeySource::DataFolder) {
        data_folder::create(&config.data)?;
    }
    Ok(MasterKeys::read(config, &config.master_key, missing)?)
}

/// The master key under which everything new is made, and those whose work is accepted.
struct MasterKeys {
    first: MasterKey,
    others: Vec<MasterKey>,
}

impl MasterKeys {
    fn read(
        config: &Config,
        first: &MasterKeySource,
        missing: MissingMasterKey,
    ) -> Result<Self, DataFolderError> {
        let read = |source, missing| data_folder::master_key(&config.data, source, missing);
        let others = config.other_master_keys.iter().map(|source| read(source, MissingMasterKey::Fail));
        Ok(Self { first: read(first, missing)?, others: others.collect::<Result<_, _>>()? })
    }

    fn sealer(&self) -> Result<Sealer, StartError> {
        let first = Sealer::new(&self.first).map_err(|_| StartError::Cryptography)?;
        let all = self.others.iter().try_fold(first, Sealer::unsealing);
        all.map_err(|_| StartError::Cryptography)
    }

    fn refresh_token_keys(&self) -> Result<RefreshTokenKeys, WeakMasterSecret> {
        let first = self.first.refresh_token_keys()?;
        self.others.iter().try_fold(first, |keys, other| other.accepted_by(keys))
    }
}
