//! What this instance says of itself, and of the verifiers that read its feed, where `countersign revocation status` and
//! `countersign key list --holders` read it.

use std::{sync::Arc, time::Duration};

use countersign::{
    jwt::{Clock, NumericDate},
    revocation::Revocations,
};
use countersign_store::{Instance, InstanceKeys, Store, StoreError};
use tokio::{task::AbortHandle, time::sleep};

use crate::{key_ring::KeyRing, readers::Readers};

/// How often it does. It is a write, so it is rarer than the questions that it tells of.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// How long an instance is remembered that says nothing any more, and a verifier that reads no more: long enough to be missed.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// Reports until it is dropped.
#[derive(Debug)]
pub(crate) struct Presence(AbortHandle);

/// What an instance has to tell.
pub(crate) struct Account {
    /// An id that no start had before.
    pub(crate) id: String,
    pub(crate) view: Revocations,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) readers: Readers,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Presence {
    /// Reports now and then.
    pub(crate) fn start(store: Store, account: Account) -> Self {
        let reports = async move {
            let started_at = account.clock.now();
            let mut answered = true;
            loop {
                let outcome = account.give(&store, started_at).await;
                if let (true, Err(error)) = (answered, &outcome) {
                    tracing::warn!(%error, "the store does not take what this instance says of itself");
                }
                answered = outcome.is_ok();
                sleep(INTERVAL).await;
            }
        };
        Self(tokio::spawn(reports).abort_handle())
    }
}

impl Account {
    async fn give(&self, store: &Store, started_at: NumericDate) -> Result<(), StoreError> {
        let now = self.clock.now();
        let keys = self.keys.rounds().map(|rounds| {
            let keys = self.keys.keys();
            let signing = keys.signing.key_id().unwrap_or_default().to_owned();
            let read_at = rounds.answered_ago().map(|ago| now - ago);
            InstanceKeys { signing, next: keys.next.clone(), read_at }
        });
        let instance = Instance {
            id: self.id.clone(),
            started_at,
            reported_at: now,
            complete_until: self.view.as_of(now),
            revocations: u64::try_from(self.view.len()).unwrap_or(u64::MAX),
            keys,
            unnamed_readers: self.readers.unnamed(),
        };
        store.report_instance(&instance, now - REMEMBERED).await?;
        let verifiers = self.readers.report(&self.id, now, REMEMBERED);
        store.report_verifiers(&verifiers, now - REMEMBERED).await
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.abort();
    }
}
