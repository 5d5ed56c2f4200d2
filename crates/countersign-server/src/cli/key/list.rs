//! `countersign key list`.

use clap::Args;
use countersign::jwt::NumericDate;
use countersign_store::StoredSigningKey;
use serde_json::{Value, json};

use super::holders;
use crate::cli::{
    Failure, Outcome,
    listing::{Listed, Listing},
};

/// List the signing keys of a service, the oldest first
///
/// Each is next (published, signs later), signing, or retired (signs no more, kept until its last token has expired). With --json
/// each has kid, alg, state, created_at, current_since and retired_at.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Tell instead who holds which of them: each instance, which says so every ten seconds, and each verifier that a next key waits
    /// for (`keys.verifiers`), with what it has fetched and until when it holds that key back. With --json each has a kind,
    /// "instance" or "verifier"
    #[arg(long)]
    holders: bool,

    #[command(flatten)]
    listing: Listing,
}

impl List {
    pub(super) fn run(self) -> Outcome {
        self.listing.run_configured(async |config, store, form| {
            if self.holders {
                return holders::list(config, store, form).await;
            }
            let keys = store.signing_keys().await.map_err(Failure::failed)?;
            keys.iter().try_for_each(|key| form.write(key))
        })
    }
}

fn state(key: &StoredSigningKey) -> &'static str {
    match (key.current_since, key.retired_at) {
        (_, Some(_)) => "retired",
        (Some(_), None) => "signing",
        (None, None) => "next",
    }
}

impl Listed for StoredSigningKey {
    fn text(&self) -> String {
        let since = self.retired_at.or(self.current_since).unwrap_or(self.created_at);
        format!("{:<9}  {:<7}  since {}  {}", self.algorithm, state(self), since.rfc3339(), self.id)
    }

    fn json(&self) -> Value {
        json!({
            "kid": self.id,
            "alg": self.algorithm,
            "state": state(self),
            "created_at": self.created_at.rfc3339(),
            "current_since": self.current_since.map(NumericDate::rfc3339),
            "retired_at": self.retired_at.map(NumericDate::rfc3339),
        })
    }
}
