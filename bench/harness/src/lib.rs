//! What every contender shares: the [`Task`] it is given, the check that it does all of it, and the clock.
//!
//! A contender is one library doing one operation. Those that cannot live in the coordinator's process (two C libraries
//! with the same symbols) live in a [`worker`], which runs the same batches when it is told to. What a benchmark found is
//! a [`Section`] of docs/benchmarks.md.

mod claims;
mod contender;
mod machine;
mod program;
mod scaling;
mod section;
mod task;
mod verdict;
pub mod worker;

pub use claims::{ClaimsRead, ClaimsToSign, LEEWAY};
pub use contender::{Contender, Cost, Operation, check};
pub use program::{conclude, main, publish};
pub use scaling::Scaling;
pub use section::Section;
pub use task::{Claims, Keys, LIFETIME, Seen, Task, epoch_seconds};
pub use verdict::Verdict;

/// Why a contender cannot take part. It ends the run: a benchmark that measures a failure is worse than none.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Every library's contenders for one task; none where the library does not know the algorithm.
pub type Contenders = Result<Vec<Contender>, Failure>;

/// The middle value.
#[must_use]
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value that this share of the values, between none (0) and all (1), does not exceed.
#[must_use]
pub fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * share) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
