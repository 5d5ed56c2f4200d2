//! What a request pays, and what a revocation does.

use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign::jwt::{Clock, NumericDate, SystemClock};
use countersign::revocation::{Entry, Revocations, Staleness, TokenNames};
use countersign::session::SessionId;

use crate::{REMEMBERED, SESSIONS, session, view_of};

/// How often everyone has a turn.
const ROUNDS: usize = 41;
/// How many checks are a turn: a few milliseconds.
const CHECKS: usize = 1 << 16;
/// How many tokens take turns: more than the nearest cache of a processor holds.
const TOKENS: usize = 1 << 12;
/// How many revocations are timed.
const REVOCATIONS: u64 = 2_000;

/// Nanoseconds, one for each round.
pub(crate) struct Checks {
    /// A good token, and nothing is revoked.
    pub(crate) empty: Vec<f64>,
    /// A good token, and many others are revoked.
    pub(crate) good: Vec<f64>,
    /// A revoked token among many.
    pub(crate) revoked: Vec<f64>,
    /// A revocation more, with many there already, on average.
    pub(crate) merge: f64,
}

pub(crate) fn measure() -> Checks {
    let now = SystemClock.now();
    let (empty, full) = (view_of(0, now), view_of(SESSIONS, now));
    let good = sessions(SESSIONS);
    let revoked = sessions(0);
    let mut checks = Checks { empty: Vec::new(), good: Vec::new(), revoked: Vec::new(), merge: 0.0 };
    for _ in 0..ROUNDS {
        checks.empty.push(nanoseconds(&empty, &good, now));
        checks.good.push(nanoseconds(&full, &good, now));
        checks.revoked.push(nanoseconds(&full, &revoked, now));
    }
    checks.merge = nanoseconds_of_a_merge(&full, now);
    checks
}

fn sessions(first: u64) -> Vec<SessionId> {
    (first..).take(TOKENS).map(session).collect()
}

/// What a guard asks of a view for a token that can be revoked in every way.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
fn nanoseconds(view: &Revocations, sessions: &[SessionId], now: NumericDate) -> f64 {
    let names = TokenNames {
        session_id: None,
        user_id: Some("01890a5d-ac96-774b-bcce-b302099a8057"),
        token_id: Some("q1sLXyDkTOGcWgjUJhRQrA"),
        issued_at: Some(now - REMEMBERED / 2),
    };
    let start = Instant::now();
    for id in sessions.iter().cycle().take(CHECKS) {
        let names = TokenNames { session_id: Some(*black_box(id)), ..names };
        black_box(view.find(names));
        black_box(view.is_fresh(Staleness::fail_closed(), now));
    }
    per(start.elapsed(), CHECKS as f64)
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
fn nanoseconds_of_a_merge(view: &Revocations, now: NumericDate) -> f64 {
    let start = Instant::now();
    for number in SESSIONS..SESSIONS + REVOCATIONS {
        black_box(view.merge([Entry::session(session(number), now)], now));
    }
    per(start.elapsed(), REVOCATIONS as f64)
}

fn per(time: Duration, count: f64) -> f64 {
    time.as_secs_f64() * 1e9 / count
}
