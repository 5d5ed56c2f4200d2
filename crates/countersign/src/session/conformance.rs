//! Proof that a session store keeps its contract: run it in the tests of your own. (Feature `conformance`.)
//!
//! ```
//! use countersign::session::{MemoryStore, conformance};
//!
//! # fn main() -> Result<(), conformance::Violation> {
//! # let test = async {
//! // In a test of yours, under `#[tokio::test(flavor = "multi_thread")]`; each check gets an empty store.
//! conformance::run(async || MemoryStore::new()).await
//! # };
//! # let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
//! # runtime.block_on(test)
//! # }
//! ```
//!
//! [`run`] is the whole of it: what each method of [`SessionStore`] promises alone, what it promises
//! when many call it at once, and stories: sequences of logins, refreshes, lost answers, replays, logouts, revocations
//! and clocks that move, each step compared with a simple model. To let a property test choose the stories, hand the
//! numbers that it draws to [`steps`] and play them with [`play`]. To race two instances of a store that share a
//! database, use [`race`].
//!
//! The checks spawn tasks, so they need a tokio runtime; on a multi-threaded one they race in earnest.

mod contract;
mod faults;
mod model;
mod racing;
mod step;
mod story;

use std::fmt;
use std::time::Duration;

use super::{SessionStore, SessionStoreError};

pub use faults::Fault;
pub use racing::race;
pub use step::{Step, steps};
pub use story::play;

use step::Numbers;
use story::GRACE;

/// How many stories [`run`] plays, and how long they are.
const STORIES: u64 = 16;
const STORY_LENGTH: usize = 60;

/// Runs every check, each on an empty store from `empty`.
///
/// # Errors
/// The first [`Violation`].
pub async fn run<S: SessionStore + Clone>(empty: impl AsyncFn() -> S) -> Result<(), Violation> {
    macro_rules! each {
        ($($check:path),+ $(,)?) => {$(
            $check(empty().await).await.map_err(|broken| broken.during(stringify!($check)))?;
        )+};
    }
    each![
        contract::a_session_is_loaded_as_it_was_inserted,
        contract::an_id_is_given_once,
        contract::a_status_index_is_given_once_while_its_session_is_stored,
        contract::a_session_that_was_never_inserted_is_not_there,
        contract::a_rotation_moves_the_counter_it_was_decided_from,
        contract::a_rotation_keeps_the_address_when_it_knows_no_other,
        contract::a_revoked_session_does_not_rotate,
        contract::the_first_revocation_stays,
        contract::an_expired_session_can_be_revoked,
        contract::revoking_all_of_a_user_spares_the_kept_one_and_everybody_else,
        contract::user_ids_are_compared_byte_by_byte,
        contract::the_list_holds_the_live_sessions_last_refreshed_first,
        contract::purging_takes_what_is_over_and_nothing_else,
        contract::purging_goes_in_batches,
        racing::of_many_changes_at_once_one_wins,
    ];
    let shared = empty().await;
    race(&[shared.clone(), shared]).await?;
    for seed in 0..STORIES {
        let grace = if seed % 4 == 3 { Duration::ZERO } else { GRACE };
        let numbers: Vec<u32> = Numbers::new(seed).take(STORY_LENGTH).collect();
        play(empty().await, grace, &steps(&numbers)).await?;
    }
    Ok(())
}

/// What a store did that it must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    check: &'static str,
    what: String,
}

impl Violation {
    /// The name of the check: a sentence that is not true of this store.
    #[must_use]
    pub fn check(&self) -> &'static str {
        self.check.rsplit("::").next().unwrap_or(self.check)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not so: {}: {}", self.check().replace('_', " "), self.what)
    }
}

impl std::error::Error for Violation {}

/// What a check found, before it is said which check it was.
struct Broken(String);

impl Broken {
    fn during(self, check: &'static str) -> Violation {
        Violation { check, what: self.0 }
    }
}

impl From<SessionStoreError> for Broken {
    fn from(error: SessionStoreError) -> Self {
        Self(format!("the store gave no answer: {error}"))
    }
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(otherwise.to_owned())) }
}

fn equal<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), Broken> {
    if found == expected {
        return Ok(());
    }
    Err(Broken(format!("{what} is {found:?} and should be {expected:?}")))
}
