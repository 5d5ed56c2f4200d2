//! One library doing one operation, checked before it is measured.

use std::fmt::Display;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use stats_alloc::{Region, StatsAlloc};

use crate::{Failure, Seen, Task};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// From claims to a token.
    Sign,
    /// From a token to claims that may be relied on.
    Verify,
}

/// What one operation asks of the allocator, on average.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Allocations, growing ones counted again.
    pub allocations: f64,
    /// Bytes asked for.
    pub bytes: f64,
}

/// One library doing one operation.
pub struct Contender {
    /// Its name in the report.
    pub library: String,
    /// What it does.
    pub operation: Operation,
    /// A token that it signed.
    pub sample: Option<String>,
    batch: Box<dyn FnMut(u64)>,
}

impl Contender {
    /// Signs the task's claims. The token is checked by whoever runs the benchmark.
    ///
    /// # Errors
    /// If it cannot sign.
    pub fn sign<E: Display>(
        library: &str,
        mut sign: impl FnMut() -> Result<String, E> + 'static,
    ) -> Result<Self, Failure> {
        let sample = sign().map_err(|error| format!("{library} cannot sign: {error}"))?;
        Ok(Self { sample: Some(sample), ..Self::repeat(library, Operation::Sign, sign) })
    }

    /// Verifies the task's token; `read` says what the library found in it. A wrong answer, or a bad token that is
    /// accepted, is an error.
    ///
    /// # Errors
    /// If the library does not do the whole of a verification.
    pub fn verify<R: 'static, E: Display + 'static>(
        library: &str,
        task: &Task,
        mut verify: impl FnMut(&str) -> Result<R, E> + 'static,
        read: impl Fn(&R) -> Seen,
    ) -> Result<Self, Failure> {
        check(library, task, |token| verify(token).map(|found| read(&found)))?;
        let token = task.token.clone();
        Ok(Self::repeat(library, Operation::Verify, move || verify(black_box(&token))))
    }

    /// An operation whose result is not claims or a token: it is used, and dropped.
    pub fn repeat<R>(library: &str, operation: Operation, mut once: impl FnMut() -> R + 'static) -> Self {
        let batch = Box::new(move |count| {
            for _ in 0..count {
                black_box(once());
            }
        });
        Self { library: library.to_owned(), operation, sample: None, batch }
    }

    /// How long `count` operations take.
    #[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
    pub fn time(&mut self, count: u64) -> Duration {
        let start = Instant::now();
        (self.batch)(count);
        start.elapsed()
    }

    /// What one operation asks of `allocator`, which must be the program's own.
    pub fn count(&mut self, allocator: &StatsAlloc<std::alloc::System>) -> Cost {
        const WARM_UP: u64 = 8;
        const COUNTED: u64 = 64;
        (self.batch)(WARM_UP);
        let region = Region::new(allocator);
        (self.batch)(COUNTED);
        let change = region.change();
        let grown = change.bytes_reallocated.max(0) as f64;
        Cost {
            allocations: (change.allocations + change.reallocations) as f64 / COUNTED as f64,
            bytes: (change.bytes_allocated as f64 + grown) / COUNTED as f64,
        }
    }
}

/// Shows that `verify` finds the claims of the good token and refuses each bad one.
///
/// # Errors
/// What it got wrong.
pub fn check<E: Display>(
    library: &str,
    task: &Task,
    mut verify: impl FnMut(&str) -> Result<Seen, E>,
) -> Result<(), Failure> {
    let algorithm = &task.algorithm;
    match verify(&task.token) {
        Err(error) => return Err(format!("{library} refuses a good {algorithm} token: {error}").into()),
        Ok(seen) if seen != task.expected() => {
            return Err(format!("{library} misreads a good {algorithm} token: {seen:?}").into());
        }
        Ok(_) => {}
    }
    match task.refused.iter().find(|(_, token)| verify(token).is_ok()) {
        Some((wrong, _)) => Err(format!("{library} accepts an {algorithm} token: {wrong}").into()),
        None => Ok(()),
    }
}
