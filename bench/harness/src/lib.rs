//! What every contender shares: the [`Task`] it is given, the check that it does all of it, and the clock.
//!
//! A contender is one library doing one operation. Those that cannot live in the coordinator's process (two C libraries
//! with the same symbols) live in a [`worker`], which runs the same batches when it is told to. What a benchmark found is
//! a [`Section`] of docs/benchmarks.md.

mod claims;
mod contender;
mod machine;
mod program;
mod section;
mod task;
pub mod worker;

pub use claims::{ClaimsRead, ClaimsToSign, LEEWAY};
pub use contender::{Contender, Cost, Operation, check};
pub use program::{conclude, main, publish};
pub use section::Section;
pub use task::{Claims, Keys, LIFETIME, Seen, Task, epoch_seconds};

/// Why a contender cannot take part. It ends the run: a benchmark that measures a failure is worse than none.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Every library's contenders for one task; none where the library does not know the algorithm.
pub type Contenders = Result<Vec<Contender>, Failure>;
