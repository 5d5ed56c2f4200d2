//! `countersign key import`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use countersign::jwt::{Algorithm, Clock as _, SigningKey, SystemClock};

use crate::{
    app,
    cli::{
        Failure, Outcome, input, output,
        place::{IfMissing, Place},
    },
    key_ring::{self, KeyRingError},
};

/// Make a private key the signing key of a service
///
/// The key is sealed and stored, and signs within seconds, or from the next start of the service on. It is not announced:
/// verifiers that keep the published keys may refuse its tokens until they fetch them again. The key before it is retired: it
/// stays published until its last token has expired. Prints the `kid` of the key.
#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// A file with the private key, in PEM or as a JWK; - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,

    /// The algorithm that the key is for [default: what it says itself, RS256 for an RSA key]
    #[arg(long = "alg", value_name = "A")]
    algorithm: Option<Algorithm>,

    /// The `kid` of the key [default: what it says itself, or its RFC 7638 thumbprint]
    #[arg(long = "kid", value_name = "K", allow_hyphen_values = true)]
    key_id: Option<String>,

    #[command(flatten)]
    place: Place,
}

impl Import {
    pub(super) fn run(self) -> Outcome {
        let key = input::signing_key(&self.file, self.algorithm)?;
        let key = match self.key_id {
            Some(key_id) => key.with_key_id(key_id),
            None => key,
        };
        install(&self.place, &key)
    }
}

/// Seals a key, stores it, and prints its id.
pub(super) fn install(place: &Place, key: &SigningKey) -> Outcome {
    if key.algorithm().is_symmetric() {
        return Err(Failure::wrong_call(KeyRingError::Symmetric));
    }
    place.with_store(IfMissing::Create, async |config, store| {
        let sealer = app::open_sealer(config, store).await.map_err(Failure::failed)?;
        key_ring::install(store, &sealer, key, SystemClock.now()).await.map_err(Failure::failed)?;
        if config.jwt_secret.is_some() {
            output::note("JWT_SECRET is set: as long as it is, it signs and this key does not");
        }
        Ok(())
    })?;
    output::answer(key.key_id().unwrap_or_default())?;
    Ok(ExitCode::SUCCESS)
}
