//! `countersign token`: tools for tokens, with or without a service.

use std::time::Duration;

use clap::Subcommand;
use countersign::jwt::SystemClock;
use countersign_store::Store;

use super::{Failure, Outcome};
use crate::{app, config::Config, key_ring::KeyRing};

mod decode;
mod expectations;
mod explain;
mod revoke;
mod sign;
mod verify;

/// Sign, verify, decode, explain and revoke tokens
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    Sign(sign::Sign),
    Verify(verify::Verify),
    Decode(decode::Decode),
    Explain(Box<explain::Explain>),
    Revoke(revoke::Revoke),
}

/// The keys of the service whose store this is, to sign tokens that live for `lifetime`.
async fn keys_of(config: &Config, store: &Store, lifetime: Duration) -> Result<KeyRing, Failure> {
    if let Some(secret) = &config.jwt_secret {
        return KeyRing::of_secret(secret).map_err(Failure::failed);
    }
    let sealer = app::open_sealer(config, store).await.map_err(Failure::failed)?;
    KeyRing::open(store, &sealer, lifetime, &SystemClock).await.map_err(Failure::failed)
}

impl Token {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Sign(command) => command.run(),
            Self::Verify(command) => command.run(),
            Self::Decode(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Revoke(command) => command.run(),
        }
    }
}
