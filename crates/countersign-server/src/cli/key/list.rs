//! `countersign key list`.

use clap::Args;
use countersign_store::StoredSigningKey;
use serde_json::{Value, json};

use crate::{
    cli::{
        Failure, Outcome,
        listing::{Listed, Listing},
    },
    moment,
};

/// List the signing keys of a service, the oldest first
///
/// With --json each has kid, alg, state, created_at and retired_at.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    listing: Listing,
}

impl List {
    pub(super) fn run(self) -> Outcome {
        self.listing.run(async |store, form| {
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
        let created = moment::rfc3339(self.created_at);
        format!("{created}  {:<9}  {:<7}  {}", self.algorithm, state(self), self.id)
    }

    fn json(&self) -> Value {
        json!({
            "kid": self.id,
            "alg": self.algorithm,
            "state": state(self),
            "created_at": moment::rfc3339(self.created_at),
            "retired_at": self.retired_at.map(moment::rfc3339),
        })
    }
}
