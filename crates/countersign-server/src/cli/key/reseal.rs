//! `countersign key reseal`.

use std::process::ExitCode;

use clap::Args;

use crate::{
    app,
    cli::{
        Failure, Outcome, output,
        place::{IfMissing, Place},
    },
    key_ring,
};

/// Seal the stored keys anew, under the master key
///
/// For when the master key was changed and the one before it is among the other master keys: afterwards no signing key needs that
/// one any more. Prints how many keys were sealed anew.
#[derive(Debug, Args)]
pub(in crate::cli) struct Reseal {
    #[command(flatten)]
    place: Place,
}

impl Reseal {
    pub(super) fn run(self) -> Outcome {
        let resealed = self.place.with_store(IfMissing::Fail, async |config, store| {
            let sealer = app::open_sealer(config, store).await.map_err(Failure::failed)?;
            key_ring::reseal(store, &sealer).await.map_err(Failure::failed)
        })?;
        output::answer(resealed)?;
        Ok(ExitCode::SUCCESS)
    }
}
