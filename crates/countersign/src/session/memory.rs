//! Sessions in the memory of one process.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_jwt::NumericDate;

use super::{Revocation, Rotation, Session, SessionId, SessionStore, SessionStoreError};

/// Keeps sessions in memory, for tests and for services of one process whose users may log in again after a restart.
///
/// Clones are cheap and share the sessions. A refresh costs the same however many there are; [`list`](SessionStore::list),
/// [`revoke_all`](SessionStore::revoke_all) and [`purge`](SessionStore::purge) look at each.
#[derive(Clone, Default)]
pub struct MemoryStore {
    sessions: Arc<Mutex<HashMap<SessionId, Session>>>,
}

impl MemoryStore {
    /// One without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Never held across an await. Who panics while holding it has not left a session half-changed: each change is one assignment.
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for MemoryStore {
    async fn insert(&self, session: &Session) -> Result<bool, SessionStoreError> {
        let mut sessions = self.lock();
        let has_its_index = |other: &Session| other.status_index == session.status_index;
        let index_is_taken = session.status_index.is_some() && sessions.values().any(has_its_index);
        let absent = !index_is_taken && !sessions.contains_key(&session.id);
        if absent {
            sessions.insert(session.id, session.clone());
        }
        Ok(absent)
    }

    async fn load(&self, id: SessionId) -> Result<Option<Session>, SessionStoreError> {
        Ok(self.lock().get(&id).cloned())
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<bool, SessionStoreError> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(&rotation.session_id);
        let Some(session) = session.filter(|it| it.counter == rotation.from && it.revocation.is_none())
        else {
            return Ok(false);
        };
        *session = session.clone().after(rotation);
        Ok(true)
    }

    async fn revoke(&self, id: SessionId, revocation: Revocation) -> Result<bool, SessionStoreError> {
        let mut sessions = self.lock();
        let Some(session) = sessions.get_mut(&id).filter(|it| it.revocation.is_none()) else {
            return Ok(false);
        };
        session.revocation = Some(revocation);
        Ok(true)
    }

    async fn revoke_all(
        &self,
        user_id: &str,
        keep: Option<SessionId>,
        revocation: Revocation,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        let mut sessions = self.lock();
        let spared = |it: &Session| it.user_id != user_id || it.revocation.is_some() || Some(it.id) == keep;
        let revoked = sessions.values_mut().filter(|it| !spared(it)).map(|session| {
            session.revocation = Some(revocation);
            session.id
        });
        Ok(revoked.collect())
    }

    async fn list(
        &self,
        user_id: &str,
        now: NumericDate,
        limit: u32,
    ) -> Result<Vec<Session>, SessionStoreError> {
        let mut live: Vec<Session> =
            self.lock().values().filter(|it| it.user_id == user_id && it.is_live(now)).cloned().collect();
        live.sort_by_key(|session| (Reverse(session.refreshed_at), session.id));
        live.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(live)
    }

    async fn purge(&self, until: NumericDate, limit: u32) -> Result<u64, SessionStoreError> {
        let mut sessions = self.lock();
        let over = |it: &Session| it.ends_at() <= until || it.revocation.is_some_and(|its| its.at <= until);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let over: Vec<SessionId> =
            sessions.values().filter(|session| over(session)).take(limit).map(|session| session.id).collect();
        for id in &over {
            sessions.remove(id);
        }
        Ok(over.len() as u64)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("sessions", &self.lock().len()).finish()
    }
}
