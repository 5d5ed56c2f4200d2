//! `countersign revocation status`.

use clap::Args;
use countersign::jwt::{Clock as _, NumericDate, SystemClock};
use countersign_store::Instance;
use serde_json::{Value, json};

use crate::{
    cli::{
        Failure, Outcome,
        listing::{Listed, Listing},
    },
    moment,
};

/// Tell for each instance how many revocations it holds and how old its view is
///
/// An instance says so every ten seconds, and is listed for an hour after it has said so last. With --json each has
/// id, started_at, reported_at, complete_until (up to when it knew of every revocation), age_seconds (how long ago
/// that is) and revocations.
#[derive(Debug, Args)]
pub(in crate::cli) struct Status {
    #[command(flatten)]
    listing: Listing,
}

impl Status {
    pub(super) fn run(self) -> Outcome {
        self.listing.run(async |store, form| {
            let instances = store.instances().await.map_err(Failure::failed)?;
            let now = SystemClock.now();
            instances.into_iter().try_for_each(|instance| form.write(&Known { instance, now }))
        })
    }
}

/// What an instance has said, read at a moment.
struct Known {
    instance: Instance,
    now: NumericDate,
}

impl Known {
    fn age_seconds(&self) -> Option<u64> {
        self.instance.complete_until.map(|until| self.now.since(until).as_secs())
    }
}

impl Listed for Known {
    fn text(&self) -> String {
        let Instance { id, started_at, revocations, .. } = &self.instance;
        let age = self.age_seconds().map_or_else(|| "unknown".to_owned(), |seconds| format!("{seconds}s"));
        let started = moment::rfc3339(*started_at);
        format!("{id}  started {started}  revocations {revocations}  age {age}")
    }

    fn json(&self) -> Value {
        let instance = &self.instance;
        json!({
            "id": instance.id,
            "started_at": moment::rfc3339(instance.started_at),
            "reported_at": moment::rfc3339(instance.reported_at),
            "complete_until": instance.complete_until.map(moment::rfc3339),
            "age_seconds": self.age_seconds(),
            "revocations": instance.revocations,
        })
    }
}
