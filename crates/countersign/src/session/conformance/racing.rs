//! What is promised when many come at once.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::contract::{LOGIN, id, revocation, rotation, session};
use super::story::{GRACE, sessions};
use super::{Broken, Violation, ensure, equal};
use crate::session::{
    Grant, NewSession, Occasion, RefreshError, Refusal, RevocationReason, Session, SessionStore, Sessions,
};

/// How many callers race.
const RUNNERS: usize = 50;
/// How often a refresh is raced, each time with the successor of the time before.
const ROUNDS: usize = 5;

/// Races refreshes of one token, and of a token against its logout, over several instances of a store that share their
/// sessions, which must hold none yet: clones of one store, or stores opened on one database.
///
/// ```
/// use countersign::session::{MemoryStore, conformance};
///
/// # fn main() -> Result<(), conformance::Violation> {
/// # let test = async {
/// let store = MemoryStore::new();
/// conformance::race(&[store.clone(), store]).await
/// # };
/// # let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
/// # runtime.block_on(test)
/// # }
/// ```
///
/// # Errors
/// The first [`Violation`].
pub async fn race<S: SessionStore + Clone>(instances: &[S]) -> Result<(), Violation> {
    let lenient: Vec<Sessions<S>> = instances.iter().map(|store| sessions(store.clone(), GRACE)).collect();
    let strict: Vec<_> = instances.iter().map(|store| sessions(store.clone(), Duration::ZERO)).collect();
    refreshes_at_once_rotate_once_and_share_the_successor(&lenient)
        .await
        .map_err(|broken| broken.during("refreshes_at_once_rotate_once_and_share_the_successor"))?;
    without_grace_one_refresh_wins_and_the_session_ends(&strict)
        .await
        .map_err(|broken| broken.during("without_grace_one_refresh_wins_and_the_session_ends"))?;
    a_logout_beside_refreshes_ends_the_session(&lenient)
        .await
        .map_err(|broken| broken.during("a_logout_beside_refreshes_ends_the_session"))
}

async fn refreshes_at_once_rotate_once_and_share_the_successor<S: SessionStore + Clone>(
    instances: &[Sessions<S>],
) -> Result<(), Broken> {
    let [first, ..] = instances else { return Ok(()) };
    let mut token = start(first, 1).await?.token;
    for _ in 0..ROUNDS {
        let presented = token.as_str().to_owned();
        let grants = together(|runner| refresh(&instances[runner % instances.len()], &presented)).await?;
        let grants: Result<Vec<Grant>, RefreshError> = grants.into_iter().collect();
        let grants = grants.map_err(|error| Broken(format!("a refresh was refused: {error}")))?;
        let rotations = grants.iter().filter(|grant| grant.occasion == Occasion::Rotation).count();
        equal("the number of rotations", &rotations, &1)?;
        let successors: HashSet<&str> = grants.iter().map(|grant| grant.token.as_str()).collect();
        equal("the number of different successors", &successors.len(), &1)?;
        ensure(!successors.contains(token.as_str()), "the successor is the token itself")?;
        token = grants.into_iter().next().map(|grant| grant.token).unwrap_or(token);
    }
    let listed = first.list("ada", 10, LOGIN).await?;
    let counters: Vec<u32> = listed.iter().map(|session| session.counter).collect();
    equal("the counters in the list", &counters, &vec![ROUNDS as u32])
}

async fn without_grace_one_refresh_wins_and_the_session_ends<S: SessionStore + Clone>(
    instances: &[Sessions<S>],
) -> Result<(), Broken> {
    let [first, ..] = instances else { return Ok(()) };
    let presented = start(first, 2).await?.token.as_str().to_owned();
    let outcomes = together(|runner| refresh(&instances[runner % instances.len()], &presented)).await?;
    let (mut rotated, mut ended) = (0, 0);
    for outcome in outcomes {
        match outcome {
            Ok(Grant { occasion: Occasion::Rotation, .. }) => rotated += 1,
            Err(RefreshError::Ended(by)) if by.revocation.reason == RevocationReason::Reused => ended += 1,
            Err(RefreshError::Refused { refusal: Refusal::Revoked, .. }) => {}
            Ok(grant) => return Err(Broken(format!("a refresh was a {:?}", grant.occasion))),
            Err(error) => return Err(Broken(format!("a refresh failed: {error}"))),
        }
    }
    equal("the number of rotations, and of those who ended the session", &(rotated, ended), &(1, 1))
}

async fn a_logout_beside_refreshes_ends_the_session<S: SessionStore + Clone>(
    instances: &[Sessions<S>],
) -> Result<(), Broken> {
    let [first, ..] = instances else { return Ok(()) };
    for number in 3..13 {
        let started = start(first, number).await?;
        let presented = started.token.as_str().to_owned();
        // One logs out, all others refresh.
        let outcomes = together(|runner| {
            let sessions = instances[runner % instances.len()].clone();
            let presented = presented.clone();
            async move {
                match runner {
                    0 => sessions
                        .log_out(&presented, LOGIN)
                        .await
                        .map(|_| None)
                        .map_err(|error| error.to_string()),
                    _ => match sessions.refresh(&presented, None, LOGIN).await {
                        Ok(grant) => Ok(Some(grant)),
                        Err(RefreshError::Refused { refusal: Refusal::Revoked, .. }) => Ok(None),
                        Err(error) => Err(error.to_string()),
                    },
                }
            }
        })
        .await?;
        let outcomes: Result<Vec<Option<Grant>>, String> = outcomes.into_iter().collect();
        for grant in outcomes.map_err(Broken)?.into_iter().flatten() {
            let outcome = refresh(first, grant.token.as_str()).await.err();
            let (session_id, refusal) = (grant.session.id, Refusal::Revoked);
            let revoked = RefreshError::Refused { session_id, refusal };
            equal("the answer to a refresh after the logout", &outcome, &Some(revoked))?;
        }
    }
    Ok(())
}

pub(super) async fn of_many_changes_at_once_one_wins<S: SessionStore + Clone>(
    store: S,
) -> Result<(), Broken> {
    let start = session(1, "ada");
    let inserted = together(|_| {
        let (store, start) = (store.clone(), start.clone());
        async move { store.insert(&start).await }
    });
    ensure_one("a session was inserted", inserted.await?)?;
    let rotated = together(|runner| {
        // Each runner is to be told apart: whose rotation is stored must be the one who was told so.
        let step = rotation(&start, LOGIN + Duration::from_millis(runner as u64));
        let store = store.clone();
        async move { store.rotate(&step).await.map(|won| won.then_some(step)) }
    });
    let rotated: Result<Vec<_>, _> = rotated.await?.into_iter().collect();
    let winners: Vec<_> = rotated?.into_iter().flatten().collect();
    let [winner] = winners.as_slice() else {
        return Err(Broken(format!("a session was rotated by {} at once", winners.len())));
    };
    let after = start.clone().after(winner);
    equal("the rotated session", &store.load(start.id).await?, &Some(after.clone()))?;
    let revoked = together(|_| {
        let store = store.clone();
        async move { store.revoke(id(1), revocation(LOGIN)).await }
    });
    ensure_one("a session was revoked", revoked.await?)?;
    let revoked = Session { revocation: Some(revocation(LOGIN)), ..after };
    equal("the revoked session", &store.load(start.id).await?, &Some(revoked))
}

fn ensure_one<E>(what: &str, outcomes: Vec<Result<bool, E>>) -> Result<(), Broken>
where
    Broken: From<E>,
{
    let mut winners = 0;
    for outcome in outcomes {
        winners += usize::from(outcome?);
    }
    ensure(winners == 1, &format!("{what} by {winners} at once"))
}

async fn start<S: SessionStore>(sessions: &Sessions<S>, number: u8) -> Result<Grant, Broken> {
    let login = NewSession::new(id(number), "ada");
    sessions.start(login, LOGIN).await.map_err(|error| Broken(format!("no session was started: {error}")))
}

fn refresh<S: SessionStore + Clone>(
    sessions: &Sessions<S>,
    token: &str,
) -> impl Future<Output = Result<Grant, RefreshError>> + Send + use<S> {
    let (sessions, token) = (sessions.clone(), token.to_owned());
    async move { sessions.refresh(&token, None, LOGIN).await }
}

/// Lets runners go at the same moment, and gives what each of them came back with.
async fn together<F>(runner: impl Fn(usize) -> F) -> Result<Vec<F::Output>, Broken>
where
    F: Future<Output: Send> + Send + 'static,
{
    let ready = Arc::new(Barrier::new(RUNNERS));
    let mut running = JoinSet::new();
    for number in 0..RUNNERS {
        let (run, ready) = (runner(number), Arc::clone(&ready));
        running.spawn(async move {
            ready.wait().await;
            run.await
        });
    }
    let mut outcomes = Vec::with_capacity(RUNNERS);
    while let Some(outcome) = running.join_next().await {
        outcomes.push(outcome.map_err(|error| Broken(format!("a caller did not come back: {error}")))?);
    }
    Ok(outcomes)
}
