//! One instance's part in the rotation: looks into the store, exchanges the keys, and takes the steps that are due.

use std::{collections::HashMap, sync::Arc, time::Duration};

use countersign::jwt::Clock;
use countersign_store::StoredSigningKey;
use tokio::{task::AbortHandle, time::Instant};

use super::{Schedule, Seen, State, Step, decide, pickups::Pickups};
use crate::key_ring::{self, Announced, KeyRing, KeyRingError, Vault};

/// Keeps a key ring up to date until it is dropped.
#[derive(Debug)]
pub(crate) struct RotationTask(AbortHandle);

impl RotationTask {
    /// Looks into the store every `interval`, and when somebody asks the ring for newer keys.
    pub(crate) fn start(mut keeper: Keeper, interval: Duration) -> Self {
        let ring = Arc::clone(&keeper.ring);
        let looks = async move {
            let Some(rounds) = ring.rounds() else { return };
            let mut answered = true;
            loop {
                let begun = rounds.begin();
                let outcome = keeper.round().await;
                rounds.end(begun, outcome.is_ok());
                match &outcome {
                    Ok(()) if !answered => tracing::info!("the signing keys are up to date again"),
                    Err(error) if answered => {
                        tracing::error!(%error, "the signing keys are not up to date; those at hand are used");
                    }
                    _ => {}
                }
                answered = outcome.is_ok();
                rounds.due(begun, interval).await;
            }
        };
        Self(tokio::spawn(looks).abort_handle())
    }
}

impl Drop for RotationTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What an instance rotates keys with, and what it has seen of them.
pub(crate) struct Keeper {
    ring: Arc<KeyRing>,
    vault: Vault,
    clock: Arc<dyn Clock>,
    schedule: Schedule,
    pickups: Arc<Pickups>,
    /// The next key that the log says is held back.
    held_back: Option<String>,
    /// Since when each key is what it is, by a clock that does not jump.
    seen: HashMap<String, (State, Instant)>,
}

impl Keeper {
    /// For a ring that was opened from this store.
    pub(crate) fn new(
        ring: Arc<KeyRing>,
        vault: Vault,
        clock: Arc<dyn Clock>,
        schedule: Schedule,
        pickups: Arc<Pickups>,
    ) -> Self {
        let seen = HashMap::new();
        Self { ring, vault, clock, schedule, pickups, held_back: None, seen }
    }

    /// One look: takes in what is stored, takes the steps that are due, and takes in what has come of them.
    async fn round(&mut self) -> Result<(), KeyRingError> {
        let stored = self.take_in().await?;
        let steps = self.due(&stored).await?;
        if steps.is_empty() {
            return Ok(());
        }
        for step in steps {
            self.take(step).await?;
        }
        self.take_in().await?;
        Ok(())
    }

    async fn take_in(&mut self) -> Result<Vec<StoredSigningKey>, KeyRingError> {
        let stored = self.vault.store.signing_keys().await?;
        self.ring
            .take_in(&self.vault.store, &stored, &self.vault.sealer, self.schedule.token_lifetime)
            .await?;
        // From here on they are published.
        let now = Instant::now();
        let mut before = std::mem::take(&mut self.seen);
        for key in &stored {
            let seen = before.remove(&key.id).filter(|(seen_as, _)| *seen_as == state(key));
            self.seen.insert(key.id.clone(), seen.unwrap_or_else(|| (state(key), now)));
        }
        Ok(stored)
    }

    async fn due(&mut self, stored: &[StoredSigningKey]) -> Result<Vec<Step>, KeyRingError> {
        let awaited = match stored.iter().find(|key| key.is_next()) {
            Some(next) => self.is_awaited(&next.id).await?,
            None => false,
        };
        let seen =
            |key: &StoredSigningKey| self.seen.get(&key.id).map_or(Duration::ZERO, |(_, at)| at.elapsed());
        let keys: Vec<_> = stored
            .iter()
            .map(|key| Seen {
                id: &key.id,
                state: state(key),
                seen_for: seen(key),
                awaited: awaited && key.is_next(),
                token_lifetime: key.token_lifetime,
            })
            .collect();
        Ok(decide(&keys, self.clock.now(), &self.schedule))
    }

    /// Whether a verifier that is waited for has not fetched the next key. Once it is late, the log says so.
    async fn is_awaited(&mut self, next: &str) -> Result<bool, KeyRingError> {
        let missing = self.pickups.missing(&self.vault.store, next, self.clock.now()).await?;
        let seen_for = self.seen.get(next).map_or(Duration::ZERO, |(_, at)| at.elapsed());
        if !missing.is_empty()
            && seen_for >= self.schedule.announce
            && self.held_back.as_deref() != Some(next)
        {
            tracing::warn!(
                kid = next,
                ?missing,
                "the next signing key is held back for verifiers that have not fetched it"
            );
            self.held_back = Some(next.to_owned());
        }
        Ok(!missing.is_empty())
    }

    /// Takes a step, unless another instance was first.
    async fn take(&self, step: Step) -> Result<(), KeyRingError> {
        match step {
            Step::Announce => {
                if let Announced::Made(kid) =
                    key_ring::announce(&self.vault.store, &self.vault.sealer, self.clock.now()).await?
                {
                    tracing::info!(kid, "made the next signing key");
                }
            }
            Step::Promote { id } => {
                if self.vault.store.promote_signing_key(&id, self.clock.now()).await? {
                    tracing::info!(kid = id, "the next signing key signs now");
                }
            }
            Step::Remove { id, retired_at } => {
                if self.vault.store.remove_retired_signing_key(&id, retired_at).await? {
                    tracing::info!(kid = id, "forgot a signing key whose last token has expired");
                }
            }
        }
        Ok(())
    }
}

fn state(key: &StoredSigningKey) -> State {
    match (key.current_since, key.retired_at) {
        (_, Some(at)) => State::Retired { at },
        (Some(since), None) => State::Current { since },
        (None, None) => State::Next,
    }
}
