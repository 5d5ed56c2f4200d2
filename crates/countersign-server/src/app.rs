//! The composition root: from a configuration to a running service. Nobody else puts parts together.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use countersign::{
    jwt::{Clock, KeySet},
    password::{Passwords, StartError as PasswordsError},
};
use countersign_store::{OpenError, Store};
use thiserror::Error;

use crate::{
    config::{Config, Database, MasterKeySource, PasswordConfig},
    data_folder::{self, DataFolderError, MissingMasterKey},
    flow::{AccessTokens, TakenEmail},
    key_ring::{KeyRing, KeyRingError},
    seal::Sealer,
};

/// Everything the routes need, ready.
pub struct Service {
    /// Users and keys.
    pub(crate) store: Store,
    /// Hashing, on its own threads.
    pub(crate) passwords: Passwords,
    /// What logins are answered with.
    pub(crate) tokens: AccessTokens,
    /// What verifies them.
    pub(crate) keys: Arc<KeySet>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// How far clocks may differ.
    pub(crate) leeway: std::time::Duration,
    /// What registration tells.
    pub(crate) taken_email: TakenEmail,
}

impl Service {
    /// Opens the store, creates what is missing, and starts the password threads.
    ///
    /// `issuer` is the `iss` of the tokens unless the configuration names one.
    ///
    /// # Errors
    /// The first thing that stands in the way, in [`StartError`].
    pub async fn start(config: &Config, issuer: &str, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let passwords = start_passwords(&config.password)?;
        let store = open_store(config).await?;
        let keys = match &config.jwt_secret {
            Some(secret) => KeyRing::of_secret(secret)?,
            None => KeyRing::open(&store, &open_sealer(config, &store).await?, &clock).await?,
        };
        let issuer = config.issuer.as_deref().unwrap_or(issuer);
        let lifetime = config.token.access_lifetime;
        Ok(Self {
            store,
            passwords,
            tokens: AccessTokens::new(keys.signing, issuer, &config.audience, lifetime),
            keys: Arc::new(keys.verifying),
            clock,
            leeway: config.token.leeway,
            taken_email: match config.registration.reveal_taken {
                true => TakenEmail::Reveal,
                false => TakenEmail::Conceal,
            },
        })
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Service").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// Opens the configured database; in the data folder, creates that first.
///
/// # Errors
/// [`StartError::DataFolder`] or [`StartError::Store`].
pub async fn open_store(config: &Config) -> Result<Store, StartError> {
    match &config.database {
        Database::File(file) => {
            if file.starts_with(&config.data) {
                data_folder::create(&config.data)?;
            }
            Ok(Store::open_file(file).await?)
        }
        Database::Server(url) => Ok(Store::open(url.expose()).await?),
    }
}

/// What seals and unseals signing keys, under the configured master key. One is made in the data folder if none is
/// there and nothing in the store was sealed yet.
///
/// # Errors
/// [`StartError::DataFolder`], [`StartError::Keys`] or [`StartError::Cryptography`].
pub async fn open_sealer(config: &Config, store: &Store) -> Result<Sealer, StartError> {
    let anything_sealed = !store.signing_keys().await.map_err(KeyRingError::from)?.is_empty();
    let missing = if anything_sealed { MissingMasterKey::Fail } else { MissingMasterKey::Generate };
    if matches!(config.master_key, MasterKeySource::DataFolder) {
        data_folder::create(&config.data)?;
    }
    let master_key = data_folder::master_key(&config.data, &config.master_key, missing)?;
    Sealer::new(&master_key).map_err(|_| StartError::Cryptography)
}

/// Starts the password threads at the configured cost.
///
/// # Errors
/// [`StartError::Passwords`].
pub fn start_passwords(config: &PasswordConfig) -> Result<Passwords, StartError> {
    let mut builder = Passwords::builder();
    if let Some(threads) = config.threads {
        builder = builder.threads(threads);
    }
    if let Some(queue) = config.queue {
        builder = builder.queue(queue);
    }
    if let Some(memory_kib) = config.memory_kib {
        builder = builder.memory_kib(memory_kib);
    }
    if let Some(iterations) = config.iterations {
        builder = builder.iterations(iterations);
    }
    Ok(builder.start()?)
}

/// The URL under which this machine reaches a service that listens at `address`: the issuer of a service that was not
/// told its name.
#[must_use]
pub fn local_url(address: SocketAddr) -> String {
    match address {
        address if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
        address => format!("http://{address}"),
    }
}

/// Why the service did not start: one line for the operator.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        reason: String,
    },
    /// The data folder or the master key is of no use.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The signing keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The password threads did not start.
    #[error(transparent)]
    Passwords(#[from] PasswordsError),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Cryptography,
}

impl StartError {
    /// Why an address cannot be listened on, with what to do about the two usual reasons.
    #[must_use]
    pub fn listen(address: SocketAddr, error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {} is in use; choose another with --port", address.port())
            }
            io::ErrorKind::PermissionDenied => {
                format!("port {} needs more rights; choose one above 1023", address.port())
            }
            _ => error.to_string(),
        };
        Self::Listen { address, reason }
    }
}

#[cfg(test)]
impl Service {
    /// A service on a database in a folder, whose clock stands still and whose passwords protect nothing.
    pub(crate) async fn for_tests(folder: &std::path::Path, clock: Arc<dyn Clock>) -> Self {
        let secret = "a secret of more than thirty-two bytes".to_owned();
        let keys = KeyRing::of_secret(&crate::config::Secret::new(secret)).unwrap();
        let lifetime = std::time::Duration::from_secs(900);
        Self {
            store: Store::open_file(&folder.join("test.db")).await.unwrap(),
            passwords: Passwords::insecure_for_tests().unwrap(),
            tokens: AccessTokens::new(keys.signing, "https://auth.example", "countersign", lifetime),
            keys: Arc::new(keys.verifying),
            clock,
            leeway: std::time::Duration::ZERO,
            taken_email: TakenEmail::Conceal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_everywhere_is_reached_at_localhost() {
        for (address, url) in [
            ("127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("0.0.0.0:80", "http://localhost:80"),
            ("[::1]:3000", "http://[::1]:3000"),
            ("[::]:3000", "http://localhost:3000"),
        ] {
            assert_eq!(local_url(address.parse().unwrap()), url);
        }
    }
}
