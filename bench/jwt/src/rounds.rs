//! Taking turns: everyone runs a short batch in each round, and is compared round by round.

use std::time::Duration;

use bench_harness::{Cost, Failure, Operation, median};

use crate::field::Field;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How often everyone has a turn.
    pub rounds: usize,
    /// About how long a turn is.
    pub turn: Duration,
}

impl Effort {
    /// For figures that are published.
    pub const FULL: Self = Self { rounds: 61, turn: Duration::from_millis(2) };
    /// For a first impression.
    pub const QUICK: Self = Self { rounds: 9, turn: Duration::from_micros(500) };
}

/// What one contender took.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Its name.
    pub library: String,
    /// Nanoseconds an operation, round by round.
    pub nanoseconds: Vec<f64>,
    /// What an operation asks of the allocator.
    pub cost: Cost,
}

impl Measured {
    /// Nanoseconds an operation in the middle round.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(self.nanoseconds.iter().copied())
    }

    /// Nanoseconds an operation in the best round.
    #[must_use]
    pub fn fastest(&self) -> f64 {
        self.nanoseconds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// How many times as long as `other` this takes: the middle one of the rounds' ratios. What disturbs a round
    /// disturbs both, and what disturbs one of them leaves the middle where it is.
    #[must_use]
    pub fn times(&self, other: &Self) -> f64 {
        let rounds = self.nanoseconds.iter().zip(&other.nanoseconds);
        median(rounds.map(|(one, other)| one / other))
    }

    /// The same of both best rounds, which other work on the machine can hardly touch.
    #[must_use]
    pub fn times_at_best(&self, other: &Self) -> f64 {
        self.fastest() / other.fastest()
    }
}

/// Measures everyone who does `operation`.
///
/// # Errors
/// If a worker ends.
pub fn measure(
    field: &mut Field<'_>,
    operation: Operation,
    effort: Effort,
) -> Result<Vec<Measured>, Failure> {
    let who = field.who(operation);
    let counts: Vec<u64> =
        who.iter().map(|&who| calibrate(field, who, effort.turn)).collect::<Result<_, _>>()?;
    let mut taken = vec![Vec::with_capacity(effort.rounds); who.len()];
    for round in 0..effort.rounds {
        // Another one begins each round, so that nobody always has the same neighbour's caches.
        for turn in 0..who.len() {
            let index = (round + turn) % who.len();
            let took = field.time(who[index], counts[index])?;
            taken[index].push(took.as_nanos() as f64 / counts[index] as f64);
        }
    }
    let measured = |(who, nanoseconds): (usize, Vec<f64>)| {
        let cost = field.count(who)?;
        Ok(Measured { library: field.library(who).to_owned(), nanoseconds, cost })
    };
    who.into_iter().zip(taken).map(measured).collect()
}

/// How many operations fill a turn.
fn calibrate(field: &mut Field<'_>, who: usize, turn: Duration) -> Result<u64, Failure> {
    let mut count = 1;
    loop {
        let took = field.time(who, count)?;
        if took * 4 >= turn {
            let wanted = turn.as_nanos() * u128::from(count) / took.as_nanos().max(1);
            return Ok(u64::try_from(wanted)?.max(1));
        }
        count *= 2;
    }
}
