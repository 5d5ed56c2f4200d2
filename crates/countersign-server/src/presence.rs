//! What this instance says of itself where the others and `countersign revocation status` can read it.

use std::{sync::Arc, time::Duration};

use countersign::{jwt::Clock, revocation::Revocations};
use countersign_store::{Instance, Store};
use tokio::{task::AbortHandle, time::sleep};

/// How often it does. It is a write, so it is rarer than the questions that it tells of.
const INTERVAL: Duration = Duration::from_secs(10);

/// How long an instance is remembered that says nothing any more: long enough to be missed.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// Reports until it is dropped.
#[derive(Debug)]
pub(crate) struct Presence(AbortHandle);

impl Presence {
    /// Reports what `view` holds, now and then, under an id that no start had before.
    pub(crate) fn start(id: String, store: Store, view: Revocations, clock: Arc<dyn Clock>) -> Self {
        let started_at = clock.now();
        let reports = async move {
            let mut answered = true;
            loop {
                let now = clock.now();
                let instance = Instance {
                    id: id.clone(),
                    started_at,
                    reported_at: now,
                    complete_until: view.as_of(now),
                    revocations: u64::try_from(view.len()).unwrap_or(u64::MAX),
                };
                let outcome = store.report_instance(&instance, now - REMEMBERED).await;
                if let (true, Err(error)) = (answered, &outcome) {
                    tracing::warn!(%error, "the store does not take what this instance says of itself");
                }
                answered = outcome.is_ok();
                sleep(INTERVAL).await;
            }
        };
        Self(tokio::spawn(reports).abort_handle())
    }

    /// Reports nothing more.
    pub(crate) fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.abort();
    }
}
