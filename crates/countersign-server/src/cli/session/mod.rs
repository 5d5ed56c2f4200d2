//! `countersign session`: who is logged in.

use clap::Subcommand;

use super::Outcome;

mod list;
mod revoke;

/// List the sessions of a user and revoke them
#[derive(Debug, Subcommand)]
pub(super) enum Session {
    List(list::List),
    Revoke(revoke::Revoke),
}

impl Session {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::List(command) => command.run(),
            Self::Revoke(command) => command.run(),
        }
    }
}
