//! `countersign key show`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Jwk, JwkSet};
use serde::Serialize;

use crate::cli::{
    Failure, Outcome, output,
    place::{IfMissing, Place},
};

/// Show the public half of a signing key as a JWK, or all of them as a JWK Set
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// The `kid` of the key; without it, the set of all keys
    #[arg(value_name = "KID", allow_hyphen_values = true)]
    key_id: Option<String>,

    /// Show the one key as a JWK Set too
    #[arg(long)]
    jwks: bool,

    #[command(flatten)]
    place: Place,
}

impl Show {
    pub(super) fn run(self) -> Outcome {
        let wanted = self.key_id.as_deref();
        let keys = self.place.with_store(IfMissing::Fail, async |_, store| {
            let stored = store.signing_keys().await.map_err(Failure::failed)?;
            let wanted = stored.iter().filter(|key| wanted.is_none_or(|id| id == key.id));
            wanted
                .map(|key| Jwk::from_json(&key.public_jwk))
                .collect::<Result<Vec<_>, _>>()
                .map_err(Failure::failed)
        })?;
        match (wanted, keys.as_slice()) {
            (Some(id), []) => return Err(Failure::failed(format_args!("there is no key {id}"))),
            (Some(_), [key]) if !self.jwks => output::answer(pretty(key)?)?,
            _ => output::answer(pretty(&JwkSet { keys })?)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(Failure::failed)
}
