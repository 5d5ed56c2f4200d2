//! `countersign revocation`: what is known of revocations.

use clap::Subcommand;

use super::Outcome;

mod status;

/// Tell what each instance knows of revocations
#[derive(Debug, Subcommand)]
pub(super) enum Revocation {
    Status(status::Status),
}

impl Revocation {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Status(command) => command.run(),
        }
    }
}
