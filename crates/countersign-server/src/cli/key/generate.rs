//! `countersign key generate`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use countersign::jwt::{Algorithm, SigningKey};

use super::import;
use crate::cli::{Failure, Outcome, output, place::Place};

/// Generate a private key: print it, or store it as the signing key of a service
#[derive(Debug, Args)]
pub(in crate::cli) struct Generate {
    /// The algorithm that the key is for
    #[arg(long = "alg", value_name = "A", default_value_t = Algorithm::Es256)]
    algorithm: Algorithm,

    /// The `kid` of the key [default: its RFC 7638 thumbprint]
    #[arg(long = "kid", value_name = "K", allow_hyphen_values = true)]
    key_id: Option<String>,

    /// How the key is printed [default: pem, jwk for a shared secret]
    #[arg(long, conflicts_with = "store")]
    format: Option<Format>,

    /// Seal the key and store it as `key import` does: it signs within seconds
    #[arg(long)]
    store: bool,

    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// PKCS#8
    Pem,
    /// JSON Web Key
    Jwk,
}

impl Generate {
    pub(super) fn run(self) -> Outcome {
        let key = SigningKey::generate(self.algorithm).map_err(Failure::failed)?;
        let key = match self.key_id {
            Some(key_id) => key.with_key_id(key_id),
            None => key,
        };
        if self.store {
            return import::install(&self.place, &key);
        }
        let format = self.format.unwrap_or(match self.algorithm.is_symmetric() {
            true => Format::Jwk,
            false => Format::Pem,
        });
        let text = match format {
            Format::Pem => key.to_pem(),
            Format::Jwk => key.to_jwk().map(|jwk| jwk.to_json()),
        };
        output::answer(text.map_err(Failure::wrong_call)?.trim_end())?;
        Ok(ExitCode::SUCCESS)
    }
}
