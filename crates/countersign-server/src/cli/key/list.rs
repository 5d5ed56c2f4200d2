//! `countersign key list`.

use std::process::ExitCode;

use clap::Args;
use countersign_store::StoredSigningKey;
use serde_json::json;

use crate::{
    cli::{
        Failure, Outcome, output,
        place::{IfMissing, Place},
    },
    moment,
};

/// List the signing keys of a service, the oldest first
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// One JSON object a line: kid, alg, state, created_at and retired_at
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    place: Place,
}

impl List {
    pub(super) fn run(self) -> Outcome {
        let line = if self.json { json_line } else { text_line };
        self.place.with_store(IfMissing::Fail, async |_, store| {
            for key in store.signing_keys().await.map_err(Failure::failed)? {
                output::answer(line(&key))?;
            }
            Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn state(key: &StoredSigningKey) -> &'static str {
    match (key.current_since, key.retired_at) {
        (_, Some(_)) => "retired",
        (Some(_), None) => "signing",
        (None, None) => "next",
    }
}

fn text_line(key: &StoredSigningKey) -> String {
    format!("{}  {:<9}  {:<7}  {}", moment::rfc3339(key.created_at), key.algorithm, state(key), key.id)
}

fn json_line(key: &StoredSigningKey) -> String {
    json!({
        "kid": key.id,
        "alg": key.algorithm,
        "state": state(key),
        "created_at": moment::rfc3339(key.created_at),
        "retired_at": key.retired_at.map(moment::rfc3339),
    })
    .to_string()
}
