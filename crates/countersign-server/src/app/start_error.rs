//! Why the service did not start.

use std::{io, net::SocketAddr};

use countersign::{password::StartError as PasswordsError, session::WeakMasterSecret};
use countersign_store::{OpenError, StoreError};
use thiserror::Error;

use crate::{data_folder::DataFolderError, key_ring::KeyRingError};

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
    /// The database does not tell what was revoked.
    #[error(transparent)]
    Revocations(#[from] StoreError),
    /// The signing keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The password threads did not start.
    #[error(transparent)]
    Passwords(#[from] PasswordsError),
    /// No refresh token can be proven with the secret.
    #[error(transparent)]
    RefreshTokens(#[from] WeakMasterSecret),
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
