//! A store that fails when it is told to.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_jwt::NumericDate;

use crate::session::{Revocation, Rotation, Session, SessionId, SessionStore, SessionStoreError};

/// How a store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not.
    None,
    /// No call reaches it.
    Unreachable,
    /// What would change something does not reach it.
    BeforeTheChange,
    /// What changes something is done, and the acknowledgement is lost.
    AfterTheChange,
}

/// The store inside, or its failure.
#[derive(Clone)]
pub(super) struct Faulty<S> {
    inner: S,
    fault: Arc<Mutex<Fault>>,
}

impl<S> Faulty<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, fault: Arc::new(Mutex::new(Fault::None)) }
    }

    /// From now on, for all clones.
    pub(super) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn fault(&self) -> Fault {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reading<T>(
        &self,
        answer: impl Future<Output = Result<T, SessionStoreError>> + Send,
    ) -> Result<T, SessionStoreError> {
        match self.fault() {
            Fault::Unreachable => Err(outage()),
            _ => answer.await,
        }
    }

    async fn changing<T: Send>(
        &self,
        change: impl Future<Output = Result<T, SessionStoreError>> + Send,
    ) -> Result<T, SessionStoreError> {
        match self.fault() {
            Fault::None => change.await,
            Fault::Unreachable | Fault::BeforeTheChange => Err(outage()),
            Fault::AfterTheChange => {
                change.await?;
                Err(outage())
            }
        }
    }
}

fn outage() -> SessionStoreError {
    SessionStoreError::Unavailable { reason: "it was told to fail".to_owned() }
}

impl<S: SessionStore> SessionStore for Faulty<S> {
    async fn insert(&self, session: &Session) -> Result<bool, SessionStoreError> {
        self.changing(self.inner.insert(session)).await
    }

    async fn load(&self, id: SessionId) -> Result<Option<Session>, SessionStoreError> {
        self.reading(self.inner.load(id)).await
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<bool, SessionStoreError> {
        self.changing(self.inner.rotate(rotation)).await
    }

    async fn revoke(&self, id: SessionId, revocation: Revocation) -> Result<bool, SessionStoreError> {
        self.changing(self.inner.revoke(id, revocation)).await
    }

    async fn revoke_all(
        &self,
        user_id: &str,
        keep: Option<SessionId>,
        revocation: Revocation,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        self.changing(self.inner.revoke_all(user_id, keep, revocation)).await
    }

    async fn list(
        &self,
        user_id: &str,
        now: NumericDate,
        limit: u32,
    ) -> Result<Vec<Session>, SessionStoreError> {
        self.reading(self.inner.list(user_id, now, limit)).await
    }

    async fn purge(&self, until: NumericDate, limit: u32) -> Result<u64, SessionStoreError> {
        self.changing(self.inner.purge(until, limit)).await
    }
}
