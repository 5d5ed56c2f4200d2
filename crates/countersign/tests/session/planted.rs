//! Stores with one defect each: the suite finds every one of them.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use countersign::jwt::NumericDate;
use countersign::session::{
    Revocation, RevocationReason, Rotation, Session, SessionId, SessionStore, SessionStoreError, conformance,
};

/// A store that nobody reaches.
#[derive(Clone)]
pub(crate) struct Unavailable;

fn outage<T>() -> Result<T, SessionStoreError> {
    Err(SessionStoreError::Unavailable { reason: "the cable is cut".to_owned() })
}

impl SessionStore for Unavailable {
    async fn insert(&self, _: &Session) -> Result<bool, SessionStoreError> {
        outage()
    }

    async fn load(&self, _: SessionId) -> Result<Option<Session>, SessionStoreError> {
        outage()
    }

    async fn rotate(&self, _: &Rotation) -> Result<bool, SessionStoreError> {
        outage()
    }

    async fn revoke(&self, _: SessionId, _: Revocation) -> Result<bool, SessionStoreError> {
        outage()
    }

    async fn revoke_all(
        &self,
        _: &str,
        _: Option<SessionId>,
        _: Revocation,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        outage()
    }

    async fn list(&self, _: &str, _: NumericDate, _: u32) -> Result<Vec<Session>, SessionStoreError> {
        outage()
    }

    async fn purge(&self, _: NumericDate, _: u32) -> Result<u64, SessionStoreError> {
        outage()
    }
}

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    Nothing,
    OverwritesOnInsert,
    GivesAnIndexTwice,
    LosesMilliseconds,
    ForgetsReasons,
    RotatesWhateverTheCounter,
    RotatesTheRevoked,
    LooksBeforeItRotates,
    ForgetsTheAddressOnRotation,
    CountsTo2To31,
    RevokesAgain,
    LooksBeforeItRevokes,
    SparesTheExpired,
    RevokesTheKeptOne,
    RevokesAllUsers,
    KnowsNoCapitals,
    ListsTheRevoked,
    ListsTheIdle,
    ListsWithoutLimit,
    ListsTheOldestFirst,
    NeverPurgesTheIdle,
    PurgesTheRevokedAtOnce,
    PurgesWithoutLimit,
}

/// A store in memory with one defect, written plainly.
#[derive(Clone)]
struct Planted {
    defect: Defect,
    rows: Arc<Mutex<HashMap<SessionId, Session>>>,
}

impl Planted {
    fn new(defect: Defect) -> Self {
        Self { defect, rows: Arc::default() }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn is_users(&self, session: &Session, user_id: &str) -> bool {
        match self.defect {
            Defect::KnowsNoCapitals => session.user_id.eq_ignore_ascii_case(user_id),
            _ => session.user_id == user_id,
        }
    }

    /// The row, if it may change.
    fn changeable(&self, id: SessionId, condition: impl Fn(&Session) -> bool) -> Option<Session> {
        self.rows.lock().unwrap().get(&id).filter(|row| condition(row)).cloned()
    }

    /// Changes a row that was looked at before; in between, others had their turn if the defect is that.
    async fn change(&self, changed: Session, condition: impl Fn(&Session) -> bool) -> bool {
        let looks_first = self.has(Defect::LooksBeforeItRotates) || self.has(Defect::LooksBeforeItRevokes);
        if looks_first {
            tokio::task::yield_now().await;
        }
        let mut rows = self.rows.lock().unwrap();
        let holds = looks_first || rows.get(&changed.id).is_some_and(condition);
        if holds {
            rows.insert(changed.id, changed);
        }
        holds
    }
}

impl SessionStore for Planted {
    async fn insert(&self, session: &Session) -> Result<bool, SessionStoreError> {
        let mut rows = self.rows.lock().unwrap();
        if rows.contains_key(&session.id) && !self.has(Defect::OverwritesOnInsert) {
            return Ok(false);
        }
        let has_its_index = |row: &Session| row.id != session.id && row.status_index == session.status_index;
        let index_taken = session.status_index.is_some() && rows.values().any(has_its_index);
        if index_taken && !self.has(Defect::GivesAnIndexTwice) {
            return Ok(false);
        }
        let mut row = session.clone();
        if self.has(Defect::LosesMilliseconds) {
            row.refreshed_at = NumericDate::from_secs(row.refreshed_at.as_secs());
        }
        if let (true, Some(revocation)) = (self.has(Defect::ForgetsReasons), &mut row.revocation) {
            revocation.reason = RevocationReason::Unknown;
        }
        rows.insert(row.id, row);
        Ok(true)
    }

    async fn load(&self, id: SessionId) -> Result<Option<Session>, SessionStoreError> {
        Ok(self.rows.lock().unwrap().get(&id).cloned())
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<bool, SessionStoreError> {
        let condition = |row: &Session| {
            (row.counter == rotation.from || self.has(Defect::RotatesWhateverTheCounter))
                && (row.revocation.is_none() || self.has(Defect::RotatesTheRevoked))
        };
        let Some(row) = self.changeable(rotation.session_id, condition) else { return Ok(false) };
        let mut row = row.after(rotation);
        if self.has(Defect::ForgetsTheAddressOnRotation) {
            row.address = rotation.address;
        }
        if self.has(Defect::CountsTo2To31) {
            row.counter = row.counter.min(i32::MAX as u32);
        }
        if self.has(Defect::LooksBeforeItRevokes) {
            self.rows.lock().unwrap().insert(row.id, row);
            return Ok(true);
        }
        Ok(self.change(row, condition).await)
    }

    async fn revoke(&self, id: SessionId, revocation: Revocation) -> Result<bool, SessionStoreError> {
        let condition = |row: &Session| row.revocation.is_none() || self.has(Defect::RevokesAgain);
        let Some(row) = self.changeable(id, condition) else { return Ok(false) };
        if self.has(Defect::SparesTheExpired) && revocation.at >= row.ends_at() {
            return Ok(false);
        }
        let row = Session { revocation: Some(revocation), ..row };
        if self.has(Defect::LooksBeforeItRotates) {
            self.rows.lock().unwrap().insert(row.id, row);
            return Ok(true);
        }
        Ok(self.change(row, condition).await)
    }

    async fn revoke_all(
        &self,
        user_id: &str,
        keep: Option<SessionId>,
        revocation: Revocation,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        let mut revoked = Vec::new();
        for row in self.rows.lock().unwrap().values_mut() {
            let is_theirs = self.is_users(row, user_id) || self.has(Defect::RevokesAllUsers);
            let is_kept = Some(row.id) == keep && !self.has(Defect::RevokesTheKeptOne);
            let is_spared = row.ends_at() <= revocation.at && self.has(Defect::SparesTheExpired);
            if is_theirs && !is_kept && !is_spared && row.revocation.is_none() {
                row.revocation = Some(revocation);
                revoked.push(row.id);
            }
        }
        Ok(revoked)
    }

    async fn list(
        &self,
        user_id: &str,
        now: NumericDate,
        limit: u32,
    ) -> Result<Vec<Session>, SessionStoreError> {
        let rows = self.rows.lock().unwrap();
        let is_listed = |row: &&Session| {
            self.is_users(row, user_id)
                && (row.revocation.is_none() || self.has(Defect::ListsTheRevoked))
                && now < row.expires_at
                && (now < row.idle_at() || self.has(Defect::ListsTheIdle))
        };
        let mut listed: Vec<Session> = rows.values().filter(is_listed).cloned().collect();
        listed.sort_by_key(|row| Reverse(row.refreshed_at));
        if self.has(Defect::ListsTheOldestFirst) {
            listed.reverse();
        }
        if !self.has(Defect::ListsWithoutLimit) {
            listed.truncate(limit as usize);
        }
        Ok(listed)
    }

    async fn purge(&self, until: NumericDate, limit: u32) -> Result<u64, SessionStoreError> {
        let mut rows = self.rows.lock().unwrap();
        let is_over = |row: &&Session| {
            row.expires_at <= until
                || (row.idle_at() <= until && !self.has(Defect::NeverPurgesTheIdle))
                || row
                    .revocation
                    .is_some_and(|its| its.at <= until || self.has(Defect::PurgesTheRevokedAtOnce))
        };
        let limit = if self.has(Defect::PurgesWithoutLimit) { usize::MAX } else { limit as usize };
        let over: Vec<SessionId> = rows.values().filter(is_over).take(limit).map(|row| row.id).collect();
        for id in &over {
            rows.remove(id);
        }
        Ok(over.len() as u64)
    }
}

async fn found(defect: Defect) -> Option<&'static str> {
    conformance::run(async || Planted::new(defect)).await.err().map(|violation| violation.check())
}

#[tokio::test]
async fn a_store_without_a_defect_passes() {
    assert_eq!(found(Defect::Nothing).await, None);
}

#[tokio::test]
async fn every_defect_is_found_by_the_check_of_its_name() {
    for (defect, check) in [
        (Defect::OverwritesOnInsert, "an_id_is_given_once"),
        (Defect::GivesAnIndexTwice, "a_status_index_is_given_once_while_its_session_is_stored"),
        (Defect::LosesMilliseconds, "a_session_is_loaded_as_it_was_inserted"),
        (Defect::ForgetsReasons, "a_session_is_loaded_as_it_was_inserted"),
        (Defect::RotatesWhateverTheCounter, "a_rotation_moves_the_counter_it_was_decided_from"),
        (Defect::CountsTo2To31, "a_rotation_moves_the_counter_it_was_decided_from"),
        (Defect::RotatesTheRevoked, "a_revoked_session_does_not_rotate"),
        (Defect::ForgetsTheAddressOnRotation, "a_rotation_keeps_the_address_when_it_knows_no_other"),
        (Defect::RevokesAgain, "the_first_revocation_stays"),
        (Defect::SparesTheExpired, "an_expired_session_can_be_revoked"),
        (Defect::RevokesTheKeptOne, "revoking_all_of_a_user_spares_the_kept_one_and_everybody_else"),
        (Defect::RevokesAllUsers, "revoking_all_of_a_user_spares_the_kept_one_and_everybody_else"),
        (Defect::KnowsNoCapitals, "user_ids_are_compared_byte_by_byte"),
        (Defect::ListsTheRevoked, "the_list_holds_the_live_sessions_last_refreshed_first"),
        (Defect::ListsTheIdle, "the_list_holds_the_live_sessions_last_refreshed_first"),
        (Defect::ListsWithoutLimit, "the_list_holds_the_live_sessions_last_refreshed_first"),
        (Defect::ListsTheOldestFirst, "the_list_holds_the_live_sessions_last_refreshed_first"),
        (Defect::NeverPurgesTheIdle, "purging_takes_what_is_over_and_nothing_else"),
        (Defect::PurgesTheRevokedAtOnce, "purging_takes_what_is_over_and_nothing_else"),
        (Defect::PurgesWithoutLimit, "purging_goes_in_batches"),
        (Defect::LooksBeforeItRotates, "of_many_changes_at_once_one_wins"),
        (Defect::LooksBeforeItRevokes, "of_many_changes_at_once_one_wins"),
    ] {
        assert_eq!(found(defect).await, Some(check), "{defect:?}");
    }
}

#[tokio::test]
async fn a_store_that_gives_no_answer_does_not_pass() {
    assert!(conformance::run(async || Unavailable).await.is_err());
}

#[tokio::test]
async fn a_store_that_contradicts_itself_is_a_defect_and_no_endless_loop() {
    use countersign::session::{NewSession, SessionPolicy, Sessions};

    use crate::common::{NOW, id, keys};

    /// Shows every session as unchanged, and refuses every change of it.
    struct Stubborn(Planted);

    impl SessionStore for Stubborn {
        async fn insert(&self, session: &Session) -> Result<bool, SessionStoreError> {
            self.0.insert(session).await
        }

        async fn load(&self, id: SessionId) -> Result<Option<Session>, SessionStoreError> {
            self.0.load(id).await
        }

        async fn rotate(&self, _: &Rotation) -> Result<bool, SessionStoreError> {
            Ok(false)
        }

        async fn revoke(&self, _: SessionId, _: Revocation) -> Result<bool, SessionStoreError> {
            Ok(false)
        }

        async fn revoke_all(
            &self,
            _: &str,
            _: Option<SessionId>,
            _: Revocation,
        ) -> Result<Vec<SessionId>, SessionStoreError> {
            Ok(Vec::new())
        }

        async fn list(&self, _: &str, _: NumericDate, _: u32) -> Result<Vec<Session>, SessionStoreError> {
            Ok(Vec::new())
        }

        async fn purge(&self, _: NumericDate, _: u32) -> Result<u64, SessionStoreError> {
            Ok(0)
        }
    }

    let sessions = Sessions::new(Stubborn(Planted::new(Defect::Nothing)), keys(), SessionPolicy::default());
    let started = sessions.start(NewSession::new(id(1), "ada"), NOW).await.unwrap();
    let error = sessions.refresh(started.token.as_str(), None, NOW).await.unwrap_err();
    assert_eq!(error.code(), "store_defect");
    let ahead = keys().issue(id(1), 7);
    assert_eq!(sessions.refresh(ahead.as_str(), None, NOW).await.unwrap_err().code(), "store_defect");
}
