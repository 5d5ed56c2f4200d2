//! The verifiers that rotations wait for, and what each of them was given.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign::jwt::NumericDate;
use countersign_store::{Store, StoreError};

/// Which of the configured verifiers have fetched the next key from this instance, until that is written down.
///
/// Anybody may fetch the keys and call themselves anything, so a name that is not configured is not remembered.
#[derive(Debug)]
pub(crate) struct Pickups {
    names: Vec<String>,
    given: Mutex<BTreeMap<String, String>>,
}

impl Pickups {
    /// For the verifiers of these names.
    pub(crate) fn of(names: Vec<String>) -> Self {
        Self { names, given: Mutex::default() }
    }

    /// A verifier is given the next key.
    pub(crate) fn note(&self, verifier: &str, key_id: &str) {
        if self.names.iter().any(|name| name == verifier) {
            self.lock().insert(verifier.to_owned(), key_id.to_owned());
        }
    }

    /// Writes down what was given by this instance, and says which verifiers no instance has given this key.
    pub(super) async fn missing(
        &self,
        store: &Store,
        next: &str,
        now: NumericDate,
    ) -> Result<Vec<&str>, StoreError> {
        if self.names.is_empty() {
            return Ok(Vec::new());
        }
        let given = self.lock().clone();
        for (verifier, key_id) in given.iter().filter(|(_, key_id)| *key_id == next) {
            store.note_key_pickup(verifier, key_id, now).await?;
        }
        // What was given meanwhile is of the same key, or of one that is looked at next time.
        self.lock().retain(|verifier, key_id| given.get(verifier) != Some(key_id));
        let pickups = store.key_pickups().await?;
        let has = |name: &str| pickups.iter().any(|pickup| pickup.verifier == name && pickup.key_id == next);
        let lacks = |name: &&String| !has(name);
        Ok(self.names.iter().filter(lacks).map(String::as_str).collect())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        // A map is whole, whoever panicked beside it.
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_verifier_is_missing_until_any_instance_has_given_it_this_key() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_file(&folder.path().join("test.db")).await.unwrap();
        let instance = || Pickups::of(vec!["billing".to_owned(), "orders".to_owned()]);
        let (one, other) = (instance(), instance());
        let now = NumericDate::from_secs(1_700_000_000);

        one.note("billing", "key-1");
        one.note("somebody", "key-2");
        assert_eq!(one.missing(&store, "key-2", now).await.unwrap(), ["billing", "orders"]);
        one.note("billing", "key-2");
        assert_eq!(one.missing(&store, "key-2", now).await.unwrap(), ["orders"]);
        assert_eq!(other.missing(&store, "key-2", now).await.unwrap(), ["orders"]);
        other.note("orders", "key-2");
        assert!(other.missing(&store, "key-2", now).await.unwrap().is_empty());
        assert!(one.missing(&store, "key-2", now).await.unwrap().is_empty());
        assert_eq!(one.missing(&store, "key-3", now).await.unwrap(), ["billing", "orders"]);
    }

    #[tokio::test]
    async fn what_could_not_be_written_down_is_written_down_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let pickups = Pickups::of(vec!["billing".to_owned()]);
        pickups.note("billing", "key-1");
        let closed = Store::open_file(&file).await.unwrap();
        closed.close().await;
        let now = NumericDate::from_secs(1_700_000_000);
        pickups.missing(&closed, "key-1", now).await.unwrap_err();
        let store = Store::open_file(&file).await.unwrap();
        assert!(pickups.missing(&store, "key-1", now).await.unwrap().is_empty());
    }
}
