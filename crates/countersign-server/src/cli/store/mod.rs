//! `countersign store`: what concerns a database as a whole.

use clap::Subcommand;

use super::Outcome;

mod copy;

/// Move an installation from one database to another
#[derive(Debug, Subcommand)]
pub(super) enum Store {
    Copy(copy::Copy),
}

impl Store {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Copy(command) => command.run(),
        }
    }
}
