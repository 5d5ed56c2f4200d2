//! What other instances do: heard of at once where the database tells.
//!
//! What they revoke is also asked for every two seconds, everywhere. That they have changed the signing keys makes this one look into
//! the store, which it does from time to time anyway.

use std::{sync::Arc, time::Duration};

use countersign::{
    jwt::{Clock, NumericDate},
    revocation::{Entry, Revocations},
};
use countersign_store::{Announced, Listener, News, Revoked, Store, StoreError};
use tokio::{
    task::AbortHandle,
    time::{Instant, timeout_at},
};

use crate::key_ring::{KeyRing, Rounds};

/// How long after a question the next one comes. A view is to be fresh for five of them
/// ([`Staleness::FRESH`](countersign::revocation::Staleness::FRESH)).
const INTERVAL: Duration = Duration::from_secs(2);

/// How far a question goes back behind the one before: more than the clocks of instances differ and a commit takes. What is
/// told again changes nothing.
pub(crate) const CLOCKS_DIFFER: Duration = Duration::from_secs(120);

/// Keeps a view up to date with a store, and has the keys looked at when they change, until it is dropped.
#[derive(Debug)]
pub(crate) struct FanOut(AbortHandle);

impl FanOut {
    /// Goes on to ask and to listen in the background.
    pub(crate) fn run(mut task: Task) -> Self {
        Self(tokio::spawn(async move { task.run().await }).abort_handle())
    }
}

impl Drop for FanOut {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks the store for all that still counts. The task goes on with it, if it is [run](FanOut::run).
///
/// # Errors
/// [`StoreError`] when there was no answer.
pub(crate) async fn ask_once(
    store: Store,
    view: Revocations,
    keys: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
) -> Result<Task, StoreError> {
    let mut task = Task { store, view, keys, clock, asked_at: None, listener: None };
    task.ask().await?;
    Ok(task)
}

/// What a view is kept up to date with.
pub(crate) struct Task {
    store: Store,
    view: Revocations,
    keys: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
    /// When the last question was asked that got an answer.
    asked_at: Option<NumericDate>,
    listener: Option<Listener>,
}

impl Task {
    async fn run(&mut self) {
        let mut answered = true;
        loop {
            let due = Instant::now() + INTERVAL;
            if answered && self.listener.is_none() {
                // Without one there is still the next question.
                self.listener = self.store.listen().await.ok().flatten();
                if self.listener.is_some() {
                    // Nobody has told of what was changed before.
                    self.look_at_keys();
                }
            }
            // Whichever comes first: it is time to ask, or messages may have been lost.
            drop(timeout_at(due, self.hear()).await);
            let outcome = self.ask().await;
            match &outcome {
                Ok(()) if !answered => tracing::info!("the store tells again what others have revoked"),
                Err(error) if answered => {
                    tracing::error!(%error, "the store does not tell what others have revoked");
                }
                _ => {}
            }
            answered = outcome.is_ok();
            if !answered {
                self.listener = None;
            }
        }
    }

    /// Takes in what the store holds; the view is then complete up to the moment of the question.
    async fn ask(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        // A clock that was set back must not leave anything out.
        let asked_at = self.asked_at.map(|at| at.min(now) - CLOCKS_DIFFER);
        let all_that_counts = now - self.view.remembered() - CLOCKS_DIFFER;
        let revoked = Announced {
            sessions: self.store.sessions_revoked_since(asked_at.unwrap_or(all_that_counts)).await?,
            others: self.store.revoked_since(asked_at, now).await?,
        };
        self.take_in(revoked);
        self.view.confirm(now, self.clock.now());
        self.asked_at = Some(now);
        Ok(())
    }

    /// Takes in what others tell until some of it may have been lost; for ever, where nobody tells anything.
    async fn hear(&mut self) {
        while let Some(listener) = &mut self.listener {
            match listener.next().await {
                Ok(Some(News::Revoked(revoked))) => self.take_in(revoked),
                Ok(Some(News::SigningKeys)) => self.look_at_keys(),
                // Lost, or of a kind that is not known here: it is asked for.
                Ok(_) | Err(_) => {
                    self.listener = None;
                    return;
                }
            }
        }
        std::future::pending::<()>().await;
    }

    fn look_at_keys(&self) {
        self.keys.rounds().into_iter().for_each(Rounds::ask);
    }

    fn take_in(&self, Announced { sessions, others }: Announced) {
        let remembered = self.view.remembered();
        let sessions = sessions.into_iter().map(|(id, at)| Entry::session(id, at));
        let others =
            others.into_iter().map(|Revoked { entry, counts_until }| entry.until(counts_until, remembered));
        self.view.merge(sessions.chain(others), self.clock.now());
    }
}

#[cfg(test)]
mod tests {
    use countersign::{
        jwt::ManualClock,
        revocation::{Staleness, TokenNames},
        session::{NewSession, RefreshTokenKeys, Revoker, SessionId, SessionPolicy, Sessions},
    };

    use super::*;
    use crate::config::Secret;

    const START: NumericDate = NumericDate::from_secs(1_700_000_000);
    const REMEMBERED: Duration = Duration::from_secs(960);

    /// Two instances on one SQLite file: one revokes, the other asks.
    struct Scene {
        _folder: tempfile::TempDir,
        clock: Arc<ManualClock>,
        sessions: Sessions<Store>,
        other: Task,
    }

    impl Scene {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("test.db");
            let clock = Arc::new(ManualClock::new(START));
            let keys = RefreshTokenKeys::new(&[7; 32]).unwrap();
            let store = Store::open_file(&file).await.unwrap();
            let sessions = Sessions::new(store, keys, SessionPolicy::default());
            let store = Store::open_file(&file).await.unwrap();
            let view = Revocations::fed(REMEMBERED, START);
            let clock_of_other: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
            let keys = Arc::new(KeyRing::of_secret(&Secret::new("0".repeat(32))).unwrap());
            let other = Task { store, view, keys, clock: clock_of_other, asked_at: None, listener: None };
            Self { _folder: folder, clock, sessions, other }
        }

        /// Starts a session and revokes it by a clock that shows this.
        async fn revoked(&self, at: NumericDate) -> SessionId {
            let login = NewSession::new(SessionId::generate().unwrap(), "ada");
            let id = self.sessions.start(login, at).await.unwrap().session.id;
            assert!(self.sessions.revoke(id, Revoker::Administrator, at).await.unwrap().is_some());
            id
        }

        fn knows(&self, id: SessionId) -> bool {
            let names = TokenNames { session_id: Some(id), ..TokenNames::default() };
            self.other.view.find(names).is_some()
        }
    }

    #[tokio::test]
    async fn the_first_question_gets_all_that_still_counts() {
        let mut scene = Scene::new().await;
        let (late, long_ago) =
            (scene.revoked(START - REMEMBERED).await, scene.revoked(START - 2 * REMEMBERED).await);
        scene.other.ask().await.unwrap();
        assert!(scene.knows(late) && !scene.knows(long_ago));
        assert_eq!(scene.other.view.as_of(START), Some(START));
    }

    #[tokio::test]
    async fn later_questions_get_what_clocks_that_are_behind_have_written_late() {
        let mut scene = Scene::new().await;
        scene.other.ask().await.unwrap();
        scene.clock.advance(Duration::from_secs(2));
        let by_clocks =
            [START, START - CLOCKS_DIFFER + Duration::from_secs(3), START + Duration::from_secs(60)];
        for at in by_clocks {
            let id = scene.revoked(at).await;
            scene.other.ask().await.unwrap();
            assert!(scene.knows(id), "{at:?}");
        }
    }

    #[tokio::test]
    async fn users_and_tokens_are_asked_for_as_sessions_are_and_tokens_stay_for_as_long_as_they_live() {
        let mut scene = Scene::new().await;
        let store = scene.other.store.clone();
        let knows = |scene: &Scene, user: &str, token: &str| {
            let user = TokenNames { user_id: Some(user), issued_at: Some(START), ..TokenNames::default() };
            let token = TokenNames { token_id: Some(token), ..TokenNames::default() };
            [user, token].map(|names| scene.other.view.find(names).is_some())
        };
        store.revoke_user("ada", START, START + REMEMBERED).await.unwrap();
        store.revoke_token("long", START - 2 * REMEMBERED, START + 3 * REMEMBERED).await.unwrap();
        store.revoke_token("over", START - Duration::from_secs(1), START).await.unwrap();
        scene.other.ask().await.unwrap();
        assert_eq!(knows(&scene, "ada", "long"), [true, true]);
        assert_eq!(knows(&scene, "eve", "over"), [false, false]);

        // By a clock that is behind, and after the first question.
        let late = START - CLOCKS_DIFFER + Duration::from_secs(3);
        store.revoke_user("eve", START, START + REMEMBERED).await.unwrap();
        store.revoke_token("late", late, late + REMEMBERED).await.unwrap();
        scene.clock.advance(Duration::from_secs(2));
        scene.other.ask().await.unwrap();
        assert_eq!(knows(&scene, "eve", "late"), [true, true]);

        scene.clock.advance(2 * REMEMBERED);
        scene.other.ask().await.unwrap();
        assert_eq!(knows(&scene, "ada", "long"), [false, true]);
    }

    #[tokio::test]
    async fn without_an_answer_the_view_stays_and_grows_old() {
        let mut scene = Scene::new().await;
        let id = scene.revoked(START).await;
        scene.other.ask().await.unwrap();
        scene.other.store.close().await;
        scene.clock.advance(Staleness::FRESH + Duration::from_secs(1));
        scene.other.ask().await.unwrap_err();
        assert!(scene.knows(id));
        assert!(!scene.other.view.is_fresh(Staleness::fail_closed(), scene.clock.now()));
    }
}
