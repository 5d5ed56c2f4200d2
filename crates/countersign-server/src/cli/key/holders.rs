//! Who holds which signing key, as far as they have said.

use countersign::jwt::{Clock as _, NumericDate, SystemClock};
use countersign_store::{Instance, KeyPickup, Store, StoredSigningKey};
use serde_json::{Value, json};

use crate::{
    cli::{
        Failure,
        age::Age,
        listing::{Form, Listed},
    },
    config::{Config, KeysConfig},
};

/// Writes a line for each instance and for each verifier that a next key waits for.
pub(super) async fn list(config: &Config, store: &Store, form: Form) -> Result<(), Failure> {
    let instances = store.instances().await.map_err(Failure::failed)?;
    let keys = store.signing_keys().await.map_err(Failure::failed)?;
    let pickups = store.key_pickups().await.map_err(Failure::failed)?;
    let (next, now) = (keys.iter().find(|key| key.is_next()), SystemClock.now());
    instances.iter().try_for_each(|instance| form.write(&Holding { instance, now }))?;
    config.keys.verifiers.iter().try_for_each(|name| {
        let pickup = pickups.iter().find(|pickup| pickup.verifier == *name);
        form.write(&Awaited { name, next, pickup, keys: &config.keys, now })
    })
}

/// What an instance has said, read at a moment.
struct Holding<'a> {
    instance: &'a Instance,
    now: NumericDate,
}

impl Holding<'_> {
    fn age(&self) -> Age {
        Age::of(self.instance.keys.as_ref().and_then(|keys| keys.read_at), self.now)
    }
}

impl Listed for Holding<'_> {
    fn text(&self) -> String {
        let id = &self.instance.id;
        match &self.instance.keys {
            Some(keys) => {
                let next = keys.next.as_deref().unwrap_or("none");
                format!("instance  {id}  signs with {}  next {next}  age {}", keys.signing, self.age())
            }
            None => format!("instance  {id}  signs with a shared secret"),
        }
    }

    fn json(&self) -> Value {
        let keys = self.instance.keys.as_ref();
        json!({
            "kind": "instance",
            "id": self.instance.id,
            "signing": keys.map(|keys| &keys.signing),
            "next": keys.and_then(|keys| keys.next.as_ref()),
            "read_at": keys.and_then(|keys| keys.read_at).map(NumericDate::rfc3339),
            "age_seconds": self.age().seconds(),
        })
    }
}

/// A verifier that a next key waits for, at a moment.
struct Awaited<'a> {
    name: &'a str,
    next: Option<&'a StoredSigningKey>,
    /// The key that it was given last.
    pickup: Option<&'a KeyPickup>,
    keys: &'a KeysConfig,
    now: NumericDate,
}

/// Where a verifier stands towards the next key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// There is none.
    Nothing,
    /// It has fetched it.
    HasIt,
    /// It has not, and the key is announced for others still.
    Awaited,
    /// It has not, and the key would sign but for it, or for another one like it.
    HoldsBack,
}

impl Standing {
    fn code(self) -> &'static str {
        match self {
            Self::Nothing => "no_next_key",
            Self::HasIt => "has_it",
            Self::Awaited => "awaited",
            Self::HoldsBack => "holds_back",
        }
    }
}

impl Awaited<'_> {
    fn standing(&self) -> Standing {
        match self.next {
            None => Standing::Nothing,
            Some(next) if self.pickup.is_some_and(|pickup| pickup.key_id == next.id) => Standing::HasIt,
            Some(next) if self.now < next.created_at + self.keys.announce() => Standing::Awaited,
            Some(_) => Standing::HoldsBack,
        }
    }

    /// When the next key signs without it: by the clock of whoever has made the key, and by an instance that runs since then.
    fn deadline(&self) -> Option<NumericDate> {
        let waits = matches!(self.standing(), Standing::Awaited | Standing::HoldsBack);
        let next = self.next.filter(|_| waits)?;
        Some(next.created_at + self.keys.announce() + self.keys.hold_back)
    }
}

impl Listed for Awaited<'_> {
    fn text(&self) -> String {
        let Self { name, pickup, .. } = self;
        let fetched = pickup.map_or_else(
            || "has fetched no next key".to_owned(),
            |pickup| format!("has fetched {} at {}", pickup.key_id, pickup.fetched_at.rfc3339()),
        );
        let until = self.deadline().map(NumericDate::rfc3339).unwrap_or_default();
        let next = self.next.map(|next| next.id.as_str()).unwrap_or_default();
        let standing = match self.standing() {
            Standing::Nothing => return format!("verifier  {name}  {fetched}"),
            Standing::HasIt => "which is the next".to_owned(),
            Standing::Awaited => format!("{next} waits for it until {until}"),
            Standing::HoldsBack => format!("{next} is held back by it until {until}"),
        };
        format!("verifier  {name}  {fetched}  {standing}")
    }

    fn json(&self) -> Value {
        json!({
            "kind": "verifier",
            "name": self.name,
            "state": self.standing().code(),
            "next": self.next.map(|next| &next.id),
            "fetched": self.pickup.map(|pickup| &pickup.key_id),
            "fetched_at": self.pickup.map(|pickup| pickup.fetched_at.rfc3339()),
            "signs_without_it_at": self.deadline().map(NumericDate::rfc3339),
        })
    }
}
