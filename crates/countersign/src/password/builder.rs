//! Choosing threads, queue and cost, and starting.

use std::num::NonZero;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::{io, thread};

use argon2::Params;

use super::Passwords;
use super::hash::{MAX_ITERATIONS, MAX_MEMORY_KIB, OUTPUT_BYTES, PasswordHash};
use super::worker::{Counters, Worker};

/// The cheapest of the parameter sets that OWASP's Password Storage Cheat Sheet recommends is 7 MiB and 5 iterations:
/// no configuration may go below its memory, nor below its product of memory and iterations.
const MIN_MEMORY_KIB: u32 = 7 * 1024;
const MIN_KIB_TIMES_ITERATIONS: u32 = 5 * MIN_MEMORY_KIB;

const MAX_THREADS: usize = 64;
const MAX_QUEUE: usize = 65_536;

/// Chooses how [`Passwords`] works; what is not chosen has a sound default.
///
/// ```
/// use countersign::password::Passwords;
///
/// let passwords = Passwords::builder().threads(1).queue(16).memory_kib(46 * 1024).iterations(1).start()?;
/// # Ok::<(), countersign::password::StartError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PasswordsBuilder {
    threads: usize,
    queue: usize,
    memory_kib: u32,
    iterations: u32,
    cost: Cost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    Protecting,
    InsecureForTests,
}

impl Default for PasswordsBuilder {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            threads: (cores / 2).clamp(1, 4),
            queue: 64,
            memory_kib: Params::DEFAULT_M_COST,
            iterations: Params::DEFAULT_T_COST,
            cost: Cost::Protecting,
        }
    }
}

/// Why the hashing threads did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No threads, or too many.
    #[error("{threads} hashing threads: 1 to {MAX_THREADS} are accepted")]
    Threads {
        /// What was asked for.
        threads: usize,
    },
    /// No queue, or a queue too long to be of use.
    #[error("a password queue of {queue}: 1 to {MAX_QUEUE} are accepted")]
    Queue {
        /// What was asked for.
        queue: usize,
    },
    /// Too little memory to protect anybody, or too much for a login.
    #[error("Argon2 memory of {memory_kib} KiB: {MIN_MEMORY_KIB} to {MAX_MEMORY_KIB} are accepted")]
    Memory {
        /// What was asked for.
        memory_kib: u32,
    },
    /// No iterations, or too many for a login.
    #[error("{iterations} Argon2 iterations: 1 to {MAX_ITERATIONS} are accepted")]
    Iterations {
        /// What was asked for.
        iterations: u32,
    },
    /// Memory and iterations are each acceptable but together cost an attacker too little.
    #[error(
        "{iterations} Argon2 iterations over {memory_kib} KiB are too cheap: \
         their product must be at least {MIN_KIB_TIMES_ITERATIONS}"
    )]
    TooCheap {
        /// What was asked for.
        memory_kib: u32,
        /// What was asked for.
        iterations: u32,
    },
    /// The working memory of the threads could not be allocated.
    #[error("no memory for the hashing threads: {memory_kib} KiB for each of {threads}")]
    OutOfMemory {
        /// How many threads there were to be.
        threads: usize,
        /// What each of them needs.
        memory_kib: u32,
    },
    /// The generator of random numbers gave none.
    #[error("the random number generator does not work")]
    Randomness,
    /// The operating system started no thread.
    #[error("a hashing thread could not be started: {0}")]
    Thread(#[source] io::Error),
}

impl PasswordsBuilder {
    /// How many passwords are hashed at the same time: half of the cores by default, at least 1 and at most 4.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How many passwords may wait for a thread: 64 by default. One more is answered [`Busy`](super::HashingError::Busy).
    pub fn queue(mut self, queue: usize) -> Self {
        self.queue = queue;
        self
    }

    /// Memory of one hash, in KiB: 19,456 by default. Each thread holds this much from start to end.
    pub fn memory_kib(mut self, memory_kib: u32) -> Self {
        self.memory_kib = memory_kib;
        self
    }

    /// How often a hash passes over its memory: 2 by default.
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }

    /// One thread, and hashes that cost next to nothing. In the crate it is for tests that need a small queue too.
    pub(super) fn insecure_for_tests(self) -> Self {
        Self {
            threads: 1,
            memory_kib: Params::MIN_M_COST,
            iterations: 1,
            cost: Cost::InsecureForTests,
            ..self
        }
    }

    /// Allocates the memory and starts the threads.
    ///
    /// # Errors
    /// What of the choices is out of bounds, or [`StartError::OutOfMemory`], [`StartError::Randomness`],
    /// [`StartError::Thread`].
    pub fn start(self) -> Result<Passwords, StartError> {
        let (passwords, workers) = self.prepare()?;
        for worker in workers {
            // A failure drops `passwords`, and with it the queue: the threads that did start end.
            thread::Builder::new()
                .name("countersign-pw".to_owned())
                .spawn(|| worker.run())
                .map_err(StartError::Thread)?;
        }
        Ok(passwords)
    }

    /// Everything but the threads; tests step the workers by hand.
    pub(super) fn prepare(self) -> Result<(Passwords, Vec<Worker>), StartError> {
        let params = self.params()?;
        let (queue, jobs) = sync_channel(self.queue);
        let jobs = Arc::new(Mutex::new(jobs));
        let counters = Arc::new(Counters::default());
        let workers = (0..self.threads)
            .map(|_| Worker::new(Arc::clone(&jobs), params.clone(), Arc::clone(&counters)))
            .collect::<Option<Vec<_>>>()
            .ok_or(StartError::OutOfMemory { threads: self.threads, memory_kib: self.memory_kib })?;
        let nobody = PasswordHash::of_nobody(&params).ok_or(StartError::Randomness)?;
        Ok((Passwords { queue, nobody, counters }, workers))
    }

    fn params(&self) -> Result<Params, StartError> {
        let Self { threads, queue, memory_kib, iterations, cost } = *self;
        if !(1..=MAX_THREADS).contains(&threads) {
            return Err(StartError::Threads { threads });
        }
        if !(1..=MAX_QUEUE).contains(&queue) {
            return Err(StartError::Queue { queue });
        }
        if !(1..=MAX_ITERATIONS).contains(&iterations) {
            return Err(StartError::Iterations { iterations });
        }
        if cost == Cost::Protecting {
            if !(MIN_MEMORY_KIB..=MAX_MEMORY_KIB).contains(&memory_kib) {
                return Err(StartError::Memory { memory_kib });
            }
            // Both are bounded above, so the product fits.
            if memory_kib * iterations < MIN_KIB_TIMES_ITERATIONS {
                return Err(StartError::TooCheap { memory_kib, iterations });
            }
        }
        Params::new(memory_kib, iterations, Params::DEFAULT_P_COST, Some(OUTPUT_BYTES))
            .map_err(|_| StartError::Memory { memory_kib })
    }
}
