//! `countersign jws`: tools for whatever is signed and is not a token with claims.

use clap::Subcommand;

use super::Outcome;

mod verify;

/// Verify signed content of any kind (JSON Web Signature)
#[derive(Debug, Subcommand)]
pub(super) enum Jws {
    Verify(verify::Verify),
}

impl Jws {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Verify(command) => command.run(),
        }
    }
}
