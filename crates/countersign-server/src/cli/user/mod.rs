//! `countersign user`: who may log in.

use clap::Subcommand;

use super::Outcome;

mod add;
mod disable;
mod list;

/// Add, list and disable users
#[derive(Debug, Subcommand)]
pub(super) enum User {
    Add(add::Add),
    List(list::List),
    Disable(disable::Disable),
}

impl User {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Add(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Disable(command) => command.run(),
        }
    }
}
