//! The steps that stories consist of.

use super::faults::Fault;

/// Who the stories are about.
pub(super) const USERS: [&str; 3] = ["ada", "bob", "eve"];

/// One event of a story. Sessions are counted in the order of their logins, modulo how many there are; the age of a token
/// is how many generations it is behind the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// One of three users logs in.
    LogIn {
        /// Which.
        user: usize,
    },
    /// A token is presented, by its client, by one that lost the answer, or by a thief.
    Refresh {
        /// Of which session.
        session: usize,
        /// How old.
        age: usize,
        /// How the store fails meanwhile.
        fault: Fault,
    },
    /// A token is presented several times at once.
    RefreshAtOnce {
        /// Of which session.
        session: usize,
        /// How old.
        age: usize,
    },
    /// A token with one character changed is presented, while the store is out of reach: nobody should ask it.
    RefreshForged {
        /// Of which session.
        session: usize,
        /// Which character.
        position: usize,
    },
    /// Somebody logs out.
    LogOut {
        /// Of which session.
        session: usize,
        /// With how old a token.
        age: usize,
    },
    /// Somebody ends all their sessions but this one.
    LogOutOthers {
        /// Which stays.
        session: usize,
    },
    /// Somebody ends all their sessions.
    LogOutAll {
        /// Who.
        user: usize,
    },
    /// One of three users asks to end a session, which may be theirs or not.
    RevokeAs {
        /// Who asks.
        user: usize,
        /// Which session.
        session: usize,
    },
    /// An operator ends a session.
    RevokeAsAdministrator {
        /// Which.
        session: usize,
    },
    /// The clock moves, forwards or backwards.
    Clock {
        /// By how many milliseconds.
        by: i64,
    },
    /// What has been over for a minute is cleared away.
    Purge,
}

/// The story that these numbers tell, one step a number: for property tests, fuzzers and seeds. Small numbers make simple
/// steps, so a property test that shrinks its numbers shrinks the story.
///
/// ```
/// use countersign::session::conformance::{Step, steps};
///
/// assert_eq!(steps(&[0]), [Step::LogIn { user: 0 }]);
/// ```
#[must_use]
pub fn steps(numbers: &[u32]) -> Vec<Step> {
    numbers.iter().map(|number| step(*number)).collect()
}

fn step(number: u32) -> Step {
    let mut rest = number as usize;
    let mut choose = |among: usize| {
        let chosen = rest % among;
        rest /= among;
        chosen
    };
    match choose(16) {
        0 => Step::LogIn { user: choose(USERS.len()) },
        1..=4 => Step::Refresh { session: choose(4), age: AGES[choose(AGES.len())], fault: Fault::None },
        5 => Step::Refresh {
            session: choose(4),
            age: AGES[choose(AGES.len())],
            fault: [Fault::AfterTheChange, Fault::BeforeTheChange, Fault::Unreachable][choose(3)],
        },
        6 => Step::RefreshAtOnce { session: choose(4), age: AGES[choose(AGES.len())] },
        7 => Step::RefreshForged { session: choose(4), position: choose(64) },
        8 => Step::LogOut { session: choose(4), age: AGES[choose(AGES.len())] },
        9 => match choose(3) {
            0 => Step::LogOutOthers { session: choose(4) },
            1 => Step::LogOutAll { user: choose(USERS.len()) },
            _ => Step::RevokeAsAdministrator { session: choose(4) },
        },
        10 => Step::RevokeAs { user: choose(USERS.len()), session: choose(4) },
        11 => Step::Purge,
        12 | 13 => Step::Clock { by: MOVES[choose(4)] },
        _ => Step::Clock { by: MOVES[choose(MOVES.len())] },
    }
}

/// Mostly the newest token, or the one before.
const AGES: [usize; 6] = [0, 0, 0, 1, 1, 2];

/// To both sides of every deadline; the first four happen more often.
const MOVES: [i64; 15] = [
    1, 4_000, 9_999, 10_000, 10_001, 20_000, 60_000, 599_999, 600_000, 3_600_000, -1, -9_999, -10_000,
    -10_001, -600_000,
];

/// Numbers that look drawn and are the same each time.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Iterator for Numbers {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some((mixed >> 32) as u32)
    }
}
