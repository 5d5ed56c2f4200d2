//! `countersign key rotate`.

use std::process::ExitCode;

use clap::Args;
use countersign::jwt::{Clock as _, SystemClock};

use crate::{
    app,
    cli::{
        Failure, Outcome, output,
        place::{IfMissing, Place},
    },
    config::{Config, format_duration},
    key_ring::{self, Announced, KeyRingError},
};

/// Have a new key sign: announced first, so that no request is refused, or at once
///
/// Makes the next key, of the algorithm ES256. Running services publish it within seconds, and have it sign when every verifier
/// that keeps to the max-age of the published keys knows it. The key before it then signs no more, stays published until its last
/// token has expired, and is forgotten. Prints the `kid` of the new key.
#[derive(Debug, Args)]
pub(in crate::cli) struct Rotate {
    /// Have the new key sign at once, when the one that signs is in wrong hands. A next key is dropped as well. Verifiers that keep
    /// the published keys may refuse new tokens until they fetch them again
    #[arg(long)]
    now: bool,

    #[command(flatten)]
    place: Place,
}

impl Rotate {
    pub(super) fn run(self) -> Outcome {
        let key_id = self.place.with_store(IfMissing::Fail, async |config, store| {
            let current = store.current_signing_key().await.map_err(Failure::failed)?;
            let current = current.ok_or_else(|| Failure::failed(KeyRingError::NoCurrentKey))?;
            let sealer = app::open_sealer(config, store).await.map_err(Failure::failed)?;
            let now = SystemClock.now();
            if self.now {
                let key_id = key_ring::replace(store, &sealer, now).await.map_err(Failure::failed)?;
                tell_of_emergency(config, &current.id);
                return Ok(key_id);
            }
            match key_ring::announce(store, &sealer, now).await.map_err(Failure::failed)? {
                Announced::Made(key_id) => {
                    output::note(format_args!(
                        "{key_id} signs once a running service has published it for {}",
                        format_duration(config.keys.announce())
                    ));
                    Ok(key_id)
                }
                Announced::Already => {
                    Err(Failure::failed("a next key is announced already; `countersign key list` shows it"))
                }
            }
        })?;
        output::answer(key_id)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn tell_of_emergency(config: &Config, replaced: &str) {
    output::note(format_args!(
        "warning: verifiers that keep the published keys may refuse new tokens until they fetch them again, for up to {}",
        format_duration(config.keys.max_age)
    ));
    output::note(format_args!(
        "warning: whoever holds {replaced} can still sign until it is forgotten; `countersign key drop {replaced}` forgets it \
         now, and with it the tokens that it has signed"
    ));
}
