//! Sessions to test with: one store, one clock that stands still.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::jwt::{Clock, ManualClock, NumericDate};
use countersign::session::{
    Grant, MemoryStore, NewSession, RefreshError, RefreshTokenKeys, Revoked, Session, SessionId,
    SessionPolicy, SessionStore, Sessions,
};

pub(crate) const MASTER: [u8; 32] = [7; 32];
pub(crate) const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);
pub(crate) const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn keys() -> RefreshTokenKeys {
    RefreshTokenKeys::new(&MASTER).unwrap()
}

pub(crate) fn id(number: u8) -> SessionId {
    SessionId::from_bytes([number; 16])
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Sessions in memory that last an hour, or ten minutes without use.
pub(crate) struct Scene {
    pub(crate) store: MemoryStore,
    pub(crate) sessions: Sessions<MemoryStore>,
    pub(crate) clock: ManualClock,
    told: Arc<Mutex<Vec<Revoked>>>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with_grace(GRACE)
    }

    pub(crate) fn with_grace(grace: Duration) -> Self {
        let (store, told) = (MemoryStore::new(), Arc::new(Mutex::new(Vec::new())));
        let ear = Arc::clone(&told);
        let policy = SessionPolicy::default().grace(grace).idle_lifetime(secs(600)).lifetime(secs(3600));
        let sessions = Sessions::new(store.clone(), keys(), policy)
            .on_revoked(move |revoked| ear.lock().unwrap().push(revoked.clone()));
        Self { store, sessions, clock: ManualClock::new(NOW), told }
    }

    pub(crate) async fn log_in(&self, number: u8, user_id: &str) -> String {
        let login = NewSession::new(id(number), user_id);
        let grant = self.sessions.start(login, self.clock.now()).await.unwrap();
        grant.token.as_str().to_owned()
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<Grant, RefreshError> {
        self.sessions.refresh(token, None, self.clock.now()).await
    }

    /// The successor of a token that has to get one.
    pub(crate) async fn successor(&self, token: &str) -> String {
        self.refresh(token).await.unwrap().token.as_str().to_owned()
    }

    /// The code with which a token is refused that has to be.
    pub(crate) async fn refusal(&self, token: &str) -> &'static str {
        self.refresh(token).await.unwrap_err().code()
    }

    pub(crate) async fn stored(&self, number: u8) -> Session {
        self.store.load(id(number)).await.unwrap().unwrap()
    }

    /// Of whose end it was told since the last time.
    pub(crate) fn told(&self) -> Vec<Revoked> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}
