//! `countersign migrate`: the tables, before the service needs them.

use std::process::ExitCode;

use clap::Args;

use super::{
    Outcome, output,
    place::{IfMissing, Place},
};

/// Bring the tables of the database up to date
///
/// `countersign serve` does so by itself when it starts. This is for those who do it in a step of its own, before the new
/// version is rolled out. It may run any number of times, also from several machines at once.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    place: Place,
}

impl Migrate {
    pub(super) fn run(self) -> Outcome {
        let migrated = self.place.with_store(IfMissing::Create, async |_, store| Ok(store.migrated()))?;
        let (from, to) = (migrated.from, migrated.to);
        match from {
            0 => output::answer(format_args!("made the tables, version {to}"))?,
            _ if from == to => output::answer(format_args!("the tables are up to date, version {to}"))?,
            _ => output::answer(format_args!("brought the tables from version {from} to version {to}"))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
