//! `countersign key drop`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::{
    Failure, Outcome, output,
    place::{IfMissing, Place},
};

/// Forget a retired key now, and with it every token that it has signed
///
/// By themselves, services forget a retired key when its last token has expired. This does not wait: within seconds they refuse
/// its tokens, and verifiers elsewhere do when they fetch the published keys again. For a key in wrong hands, after `key rotate
/// --now`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Drop {
    /// The `kid` of the key
    #[arg(value_name = "KID", allow_hyphen_values = true)]
    key_id: String,

    #[command(flatten)]
    place: Place,
}

impl Drop {
    pub(super) fn run(self) -> Outcome {
        let id = self.key_id.as_str();
        self.place.with_store(IfMissing::Fail, async |_, store| {
            let keys = store.signing_keys().await.map_err(Failure::failed)?;
            let key = keys.iter().find(|key| key.id == id);
            let key = key.ok_or_else(|| Failure::failed(format_args!("there is no key {id}")))?;
            let not_retired = || {
                Failure::failed(format_args!(
                    "the key {id} is not retired; `countersign key rotate --now` replaces it"
                ))
            };
            let retired_at = key.retired_at.ok_or_else(not_retired)?;
            match store.remove_retired_signing_key(id, retired_at).await.map_err(Failure::failed)? {
                true => Ok(()),
                false => Err(not_retired()),
            }
        })?;
        output::note(format_args!("{id} is forgotten"));
        Ok(ExitCode::SUCCESS)
    }
}
