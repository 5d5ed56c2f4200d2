//! `countersign key`: the keys that sign.

use clap::Subcommand;

use super::Outcome;

mod drop;
mod generate;
mod holders;
mod import;
mod list;
mod reseal;
mod rotate;
mod show;

/// Generate, import, rotate, list, show, drop and reseal signing keys
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    Generate(generate::Generate),
    Import(import::Import),
    List(list::List),
    Rotate(rotate::Rotate),
    Drop(drop::Drop),
    Reseal(reseal::Reseal),
    Show(show::Show),
}

impl Key {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Generate(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Rotate(command) => command.run(),
            Self::Drop(command) => command.run(),
            Self::Reseal(command) => command.run(),
            Self::Show(command) => command.run(),
        }
    }
}
