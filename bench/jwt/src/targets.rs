//! What the token core promises of its speed, and whether one run bears it out.

use bench_harness::{Operation, Verdict};

use crate::report::Race;
use crate::rounds::Measured;
use crate::{BORROWED, OWNED, PRIMITIVE, is_peer};

/// A promise: at most so many times the primitive, at least so many times as fast as the best peer.
struct Promise {
    algorithms: &'static [&'static str],
    operation: Operation,
    ours: &'static str,
    primitive: f64,
    peer: f64,
    /// Allocations of one operation.
    allocations: Option<f64>,
}

/// The application's claims own one string, `email`; the token's text is one allocation more.
const OWNED_ALLOCATIONS: Option<f64> = Some(2.0);

/// The promises, row by row.
const PROMISES: [Promise; 5] = [
    Promise {
        algorithms: &["HS256"],
        operation: Operation::Verify,
        ours: BORROWED,
        primitive: 1.3,
        peer: 2.5,
        allocations: Some(0.0),
    },
    Promise {
        algorithms: &["HS256"],
        operation: Operation::Verify,
        ours: OWNED,
        primitive: 1.7,
        peer: 2.0,
        allocations: OWNED_ALLOCATIONS,
    },
    Promise {
        algorithms: &["HS256"],
        operation: Operation::Sign,
        ours: OWNED,
        primitive: 1.7,
        peer: 1.25,
        allocations: None,
    },
    Promise {
        algorithms: &["RS256", "PS256", "ES256", "EdDSA", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
        operation: Operation::Verify,
        ours: OWNED,
        primitive: 1.04,
        peer: 1.0,
        allocations: OWNED_ALLOCATIONS,
    },
    Promise {
        algorithms: &["RS256", "ES256", "EdDSA"],
        operation: Operation::Sign,
        ours: OWNED,
        primitive: 1.04,
        peer: 1.0,
        allocations: None,
    },
];

/// Half of the last digit that is printed.
const ROUNDING: f64 = 0.005;

/// What `races` say of every promise about them.
#[must_use]
pub fn verdicts(races: &[Race]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for promise in &PROMISES {
        for algorithm in promise.algorithms {
            let race =
                races.iter().find(|race| race.algorithm == *algorithm && race.operation == promise.operation);
            if let Some(race) = race {
                verdicts.extend(judge(promise, race));
            }
        }
    }
    verdicts
}

fn judge(promise: &Promise, race: &Race) -> Vec<Verdict> {
    let Some(ours) = race.of(promise.ours) else { return Vec::new() };
    let what = format!("{} {}, {}", race.algorithm, race.name(), promise.ours);
    let mut verdicts = Vec::new();
    if let Some(primitive) = race.of(PRIMITIVE) {
        let times = ours.times(primitive);
        verdicts.push(Verdict {
            promise: format!("{what}: at most {:.2} × {PRIMITIVE}", promise.primitive),
            measured: format!("{times:.2} × (best rounds: {:.2})", ours.times_at_best(primitive)),
            reached: times < promise.primitive + ROUNDING,
        });
    }
    if let Some(peer) = race.best_peer() {
        let times = peer.times(ours);
        verdicts.push(Verdict {
            promise: format!("{what}: at least {:.2} times as fast as the best other crate", promise.peer),
            measured: format!("{times:.2} (best rounds: {:.2}; {})", peer.times_at_best(ours), peer.library),
            reached: times > promise.peer - ROUNDING,
        });
    }
    if let Some(most) = promise.allocations {
        verdicts.push(allocations(&what, most, ours, race));
    }
    verdicts
}

fn allocations(what: &str, most: f64, ours: &Measured, race: &Race) -> Verdict {
    let peers = race.measured.iter().filter(|measured| is_peer(&measured.library));
    let fewest = peers.map(|peer| peer.cost.allocations).fold(f64::INFINITY, f64::min);
    let found = ours.cost.allocations;
    Verdict {
        promise: format!("{what}: at most {most} allocations, and fewer than each other crate"),
        measured: match fewest.is_finite() {
            true => format!("{found} (the fewest of the others: {fewest})"),
            false => format!("{found}"),
        },
        reached: found <= most && found < fewest,
    }
}
