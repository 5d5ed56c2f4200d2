//! Stories: what people, thieves, operators and clocks do to sessions, in any order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_jwt::NumericDate;
use tokio::task::JoinSet;

use super::contract::LOGIN;
use super::faults::{Fault, Faulty};
use super::model::{Ending, Fate, Ledger, Lifetimes, Millis};
use super::step::{Step, USERS};
use super::{Broken, Violation, ensure, equal};
use crate::session::{
    Grant, NewSession, Occasion, RefreshError, RefreshTokenKeys, RevocationReason, Revoked, Revoker,
    SessionId, SessionPolicy, SessionStore, Sessions,
};

pub(super) const GRACE: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(600);
const LIFETIME: Duration = Duration::from_secs(3600);
/// How long the purge of a story keeps what is over.
const KEPT: Duration = Duration::from_secs(60);

/// How many refreshes come at once where a story says so.
const AT_ONCE: usize = 4;

/// Plays a story on an empty store with this grace window, and compares each step with a simple model that knows nothing
/// of counters and rows: what every token gets, which sessions are listed, whose end was told.
///
/// # Errors
/// The first [`Violation`], with the number of its step.
pub async fn play<S: SessionStore + Clone>(
    store: S,
    grace: Duration,
    steps: &[Step],
) -> Result<(), Violation> {
    let mut scene = Scene::new(store, grace);
    for (number, step) in steps.iter().enumerate() {
        let outcome = match scene.take(step).await {
            Ok(()) => scene.compare().await,
            broken => broken,
        };
        outcome.map_err(|Broken(what)| {
            let what = format!("step {number}, {step:?}: {what}");
            Broken(what).during("every_story_goes_as_the_model_says")
        })?;
    }
    Ok(())
}

/// Sessions of the tests in a store: an idle lifetime of ten minutes, a whole one of an hour.
pub(super) fn sessions<S: SessionStore>(store: S, grace: Duration) -> Sessions<S> {
    let policy = SessionPolicy::default().grace(grace).idle_lifetime(IDLE).lifetime(LIFETIME);
    Sessions::new(store, test_keys(), policy)
}

#[expect(clippy::expect_used, reason = "32 bytes are enough")]
fn test_keys() -> RefreshTokenKeys {
    RefreshTokenKeys::new(&[0x5e; RefreshTokenKeys::MIN_MASTER_BYTES]).expect("32 bytes")
}

/// The sessions beside their model.
struct Scene<S> {
    store: Faulty<S>,
    sessions: Sessions<Faulty<S>>,
    told: Arc<Mutex<Vec<Ending>>>,
    lasts: Lifetimes,
    now: Millis,
    ledgers: Vec<Ledger>,
    /// Whose end is to be told in this step.
    expected: Vec<Ending>,
}

impl<S: SessionStore + Clone> Scene<S> {
    fn new(store: S, grace: Duration) -> Self {
        let store = Faulty::new(store);
        let told = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&told);
        let sessions = sessions(store.clone(), grace).on_revoked(move |revoked: &Revoked| {
            let ending = (revoked.session_id, revoked.revocation.reason);
            ear.lock().unwrap_or_else(PoisonError::into_inner).push(ending);
        });
        let millis = |duration: Duration| duration.as_millis() as Millis;
        let lasts = Lifetimes { grace: millis(grace), idle: millis(IDLE), whole: millis(LIFETIME) };
        let now = LOGIN.as_millis();
        Self { store, sessions, told, lasts, now, ledgers: Vec::new(), expected: Vec::new() }
    }

    /// Where a step is about a session or a token that is not there, nothing happens.
    async fn take(&mut self, step: &Step) -> Result<(), Broken> {
        match *step {
            Step::LogIn { user } => self.log_in(user % USERS.len()).await,
            Step::Refresh { session, age, fault } => self.refresh(self.held(session, age), fault).await,
            Step::RefreshAtOnce { session, age } => self.refresh_at_once(self.held(session, age)).await,
            Step::RefreshForged { session, position } => {
                self.refresh_forged(self.held(session, 0), position).await
            }
            Step::LogOut { session, age } => self.log_out(self.held(session, age)).await,
            Step::LogOutOthers { session } => self.log_out_others(session).await,
            Step::LogOutAll { user } => self.log_out_all(user % USERS.len()).await,
            Step::RevokeAs { user, session } => self.revoke_as(user % USERS.len(), session).await,
            Step::RevokeAsAdministrator { session } => self.revoke_as_administrator(session).await,
            Step::Clock { by } => {
                self.now += by;
                Ok(())
            }
            Step::Purge => self.purge().await,
        }
    }

    /// What can be seen after a step: the lists of all users, and whose end was told.
    async fn compare(&mut self) -> Result<(), Broken> {
        for (user, user_id) in USERS.iter().enumerate() {
            let listed = self.sessions.list(user_id, 1000, self.clock()).await?;
            let mut listed: Vec<SessionId> = listed.into_iter().map(|session| session.id).collect();
            let live =
                self.ledgers.iter().filter(|its| its.user == user && its.is_live(self.now, self.lasts));
            let mut live: Vec<SessionId> = live.map(|ledger| ledger.id).collect();
            listed.sort();
            live.sort();
            equal("the list of a user's sessions", &listed, &live)?;
        }
        let mut told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        let mut expected = std::mem::take(&mut self.expected);
        told.sort_by_key(|(id, _)| *id);
        expected.sort_by_key(|(id, _)| *id);
        equal("whose end was told", &told, &expected)
    }

    async fn log_in(&mut self, user: usize) -> Result<(), Broken> {
        let mut id = [0; SessionId::LEN];
        id[..8].copy_from_slice(&(self.ledgers.len() as u64).to_be_bytes());
        let login = NewSession::new(SessionId::from_bytes(id), USERS[user]);
        let started = self.sessions.start(login, self.clock()).await;
        let grant = started.map_err(|error| Broken(format!("no session was started: {error}")))?;
        let token = grant.token.as_str().to_owned();
        self.ledgers.push(Ledger::new(grant.session.id, user, token, self.now, self.lasts));
        Ok(())
    }

    async fn refresh(&mut self, held: Option<Held>, fault: Fault) -> Result<(), Broken> {
        let Some(held) = held else { return Ok(()) };
        self.store.set(fault);
        let outcome = self.sessions.refresh(&held.token, None, self.clock()).await;
        self.store.set(Fault::None);
        let changes = matches!(held.fate, Fate::Successor | Fate::Theft);
        match fault {
            Fault::Unreachable => return ensure_outage(outcome),
            Fault::BeforeTheChange if changes => return ensure_outage(outcome),
            Fault::AfterTheChange if changes => {
                ensure_outage(outcome)?;
                // It happened, and nobody was told.
                match held.fate {
                    Fate::Theft => drop(self.ledgers[held.session].revoke(self.now)),
                    _ => self.ledgers[held.session].succeed(None, self.now),
                }
                return Ok(());
            }
            _ => {}
        }
        self.settle(&held, outcome)
    }

    /// Compares what a refresh got with what it should have got, and lets the model follow.
    fn settle(&mut self, held: &Held, outcome: Result<Grant, RefreshError>) -> Result<(), Broken> {
        match (held.fate, outcome) {
            (Fate::Successor, Ok(grant)) => {
                equal("the occasion of the grant", &grant.occasion, &Occasion::Rotation)?;
                self.ensure_unseen(&grant)?;
                let now = self.now;
                self.ledgers[held.session].succeed(Some(grant.token.as_str().to_owned()), now);
                Ok(())
            }
            (Fate::Newest, Ok(grant)) => {
                equal("the occasion of the grant", &grant.occasion, &Occasion::Replay)?;
                self.settle_newest(held.session, &grant)
            }
            (Fate::Theft, Err(RefreshError::Ended(revoked))) => {
                self.end_one(held.session, RevocationReason::Reused, Some(&revoked))
            }
            (Fate::Refused(code), Err(error)) => equal("the code of the refusal", &error.code(), &code),
            (fate, outcome) => {
                let got = outcome.map(|grant| grant.occasion).map_err(|error| error.code());
                Err(Broken(format!("a refresh got {got:?} and should have met {fate:?}")))
            }
        }
    }

    fn settle_newest(&mut self, session: usize, grant: &Grant) -> Result<(), Broken> {
        let text = grant.token.as_str();
        match self.ledgers[session].tokens.last().cloned().flatten() {
            Some(newest) => ensure(newest == text, "a replay got another successor than the rotation"),
            None => {
                self.ensure_unseen(grant)?;
                if let Some(newest) = self.ledgers[session].tokens.last_mut() {
                    *newest = Some(text.to_owned());
                }
                Ok(())
            }
        }
    }

    async fn refresh_at_once(&mut self, held: Option<Held>) -> Result<(), Broken> {
        let Some(held) = held else { return Ok(()) };
        let mut running = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (sessions, token) = (self.sessions.clone(), held.token.clone());
            let clock = self.clock();
            running.spawn(async move { sessions.refresh(&token, None, clock).await });
        }
        let mut outcomes = Vec::new();
        while let Some(outcome) = running.join_next().await {
            outcomes.push(outcome.map_err(|error| Broken(format!("a refresh did not come back: {error}")))?);
        }
        // Whoever was first comes first; the others meet what that one has left behind.
        outcomes.sort_by_key(|outcome| match outcome {
            Ok(grant) if grant.occasion == Occasion::Rotation => 0,
            Err(RefreshError::Ended(_)) => 1,
            _ => 2,
        });
        for outcome in outcomes {
            let fate = self.ledgers[held.session].fate(held.generation, self.now, self.lasts);
            self.settle(&Held { fate, ..held.clone() }, outcome)?;
        }
        Ok(())
    }

    async fn refresh_forged(&mut self, held: Option<Held>, position: usize) -> Result<(), Broken> {
        let Some(Held { token: mut forged, .. }) = held else { return Ok(()) };
        let position = position % forged.len();
        let other = if forged.as_bytes()[position] == b'A' { "B" } else { "A" };
        forged.replace_range(position..=position, other);
        self.store.set(Fault::Unreachable);
        let outcome = self.sessions.refresh(&forged, None, self.clock()).await;
        self.store.set(Fault::None);
        ensure(matches!(outcome, Err(RefreshError::Invalid(_))), "a forged token was not refused by itself")
    }

    async fn log_out(&mut self, held: Option<Held>) -> Result<(), Broken> {
        let Some(held) = held else { return Ok(()) };
        let revoked = self.sessions.log_out(&held.token, self.clock()).await;
        let revoked = revoked.map_err(|error| Broken(format!("the logout failed: {error}")))?;
        self.end_one(held.session, RevocationReason::LoggedOut, revoked.as_ref())
    }

    async fn log_out_others(&mut self, session: usize) -> Result<(), Broken> {
        let Some(Ledger { id, user, .. }) = self.chosen(session).map(|index| &self.ledgers[index]) else {
            return Ok(());
        };
        let (id, user) = (*id, *user);
        let revoked = self.sessions.log_out_others(USERS[user], id, self.clock()).await?;
        self.end_all(user, Some(id), &revoked)
    }

    async fn log_out_all(&mut self, user: usize) -> Result<(), Broken> {
        let revoked = self.sessions.log_out_all(USERS[user], self.clock()).await?;
        self.end_all(user, None, &revoked)
    }

    async fn revoke_as(&mut self, user: usize, session: usize) -> Result<(), Broken> {
        let Some(index) = self.chosen(session) else { return Ok(()) };
        let by = Revoker::User(USERS[user]);
        let revoked = self.sessions.revoke(self.ledgers[index].id, by, self.clock()).await?;
        if user != self.ledgers[index].user {
            return equal("what was revoked for a stranger", &revoked, &None);
        }
        self.end_one(index, RevocationReason::LoggedOut, revoked.as_ref())
    }

    async fn revoke_as_administrator(&mut self, session: usize) -> Result<(), Broken> {
        let Some(index) = self.chosen(session) else { return Ok(()) };
        let by = Revoker::Administrator;
        let revoked = self.sessions.revoke(self.ledgers[index].id, by, self.clock()).await?;
        self.end_one(index, RevocationReason::Administrator, revoked.as_ref())
    }

    async fn purge(&mut self) -> Result<(), Broken> {
        let purged = self.sessions.purge(KEPT, 1000, self.clock()).await?;
        let until = self.now - KEPT.as_millis() as Millis;
        let mut expected = 0;
        for ledger in &mut self.ledgers {
            expected += u64::from(ledger.purge(until, self.lasts));
        }
        equal("the number of purged sessions", &purged, &expected)
    }

    fn end_one(
        &mut self,
        session: usize,
        reason: RevocationReason,
        revoked: Option<&Revoked>,
    ) -> Result<(), Broken> {
        let ledger = &mut self.ledgers[session];
        let ended = ledger.revoke(self.now).then_some((ledger.id, reason));
        self.expected.extend(ended);
        let found = revoked.map(|revoked| (revoked.session_id, revoked.revocation.reason));
        equal("what was revoked", &found, &ended)
    }

    fn end_all(&mut self, user: usize, keep: Option<SessionId>, revoked: &[Revoked]) -> Result<(), Broken> {
        let mut ended = Vec::new();
        for ledger in self.ledgers.iter_mut().filter(|its| its.user == user && Some(its.id) != keep) {
            if ledger.revoke(self.now) {
                ended.push((ledger.id, RevocationReason::LoggedOut));
            }
        }
        self.expected.extend(&ended);
        let mut found: Vec<Ending> =
            revoked.iter().map(|revoked| (revoked.session_id, revoked.revocation.reason)).collect();
        found.sort_by_key(|(id, _)| *id);
        ended.sort_by_key(|(id, _)| *id);
        equal("what was revoked", &found, &ended)
    }

    fn ensure_unseen(&self, grant: &Grant) -> Result<(), Broken> {
        let mut seen = self.ledgers.iter().flat_map(|ledger| ledger.tokens.iter().flatten());
        ensure(seen.all(|token| token != grant.token.as_str()), "a successor was handed out before")
    }

    fn clock(&self) -> NumericDate {
        NumericDate::from_millis(self.now)
    }

    fn chosen(&self, session: usize) -> Option<usize> {
        session.checked_rem(self.ledgers.len())
    }

    /// A token that somebody holds; nobody holds one whose answer was lost.
    fn held(&self, session: usize, age: usize) -> Option<Held> {
        let session = self.chosen(session)?;
        let ledger = &self.ledgers[session];
        let generation = ledger.generation(age);
        let token = ledger.tokens[generation].clone()?;
        let fate = ledger.fate(generation, self.now, self.lasts);
        Some(Held { session, generation, token, fate })
    }
}

/// A token in somebody's hands, and what it should get now.
#[derive(Clone)]
struct Held {
    session: usize,
    generation: usize,
    token: String,
    fate: Fate,
}

fn ensure_outage(outcome: Result<Grant, RefreshError>) -> Result<(), Broken> {
    let code = outcome.err().map(|error| error.code());
    equal("the code of a failure", &code, &Some("store_unavailable"))
}
