//! What one hashing thread does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::oneshot;
use zeroize::{Zeroize, Zeroizing};

use super::hash::{self, OUTPUT_BYTES, PasswordHash};
use super::{HashingError, HashingStatistics, Password, Verification};

/// Work for a hashing thread, and where its answer goes.
#[derive(Debug)]
pub(super) enum Job {
    /// Hash a password for storage.
    Hash { password: Password, reply: oneshot::Sender<Result<PasswordHash, HashingError>> },
    /// Verify a password against a stored hash.
    Verify {
        password: Password,
        hash: PasswordHash,
        reply: oneshot::Sender<Result<Verification, HashingError>>,
    },
}

/// Shared by all threads and their front.
#[derive(Debug, Default)]
pub(super) struct Counters {
    computations: AtomicU64,
    allocations: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> HashingStatistics {
        HashingStatistics {
            computations: self.computations.load(Ordering::Relaxed),
            allocations: self.allocations.load(Ordering::Relaxed),
        }
    }
}

/// One hashing thread: its working memory, and the queue that it shares with the others.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Arc<Mutex<Receiver<Job>>>,
    engine: Engine,
}

impl Worker {
    /// Allocates the working memory; `None` when there is none to be had.
    pub(super) fn new(
        jobs: Arc<Mutex<Receiver<Job>>>,
        params: Params,
        counters: Arc<Counters>,
    ) -> Option<Self> {
        let memory = Memory::allocate(&params, &counters)?;
        Some(Self { jobs, engine: Engine { params, memory, counters } })
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        lower_priority();
        while self.step() {}
    }

    /// Waits for one job and does it, unless its caller has left meanwhile. `false` when the queue is closed.
    pub(super) fn step(&mut self) -> bool {
        // The lock is held while waiting: the other threads wait for the lock as they would for a job.
        let job = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        // A caller that leaves now takes no answer; that is its business.
        match job {
            Err(_) => return false,
            Ok(Job::Hash { reply, .. }) if reply.is_closed() => {}
            Ok(Job::Verify { reply, .. }) if reply.is_closed() => {}
            Ok(Job::Hash { password, reply }) => drop(reply.send(self.engine.hash(&password))),
            Ok(Job::Verify { password, hash, reply }) => {
                drop(reply.send(self.engine.verify(&password, &hash)));
            }
        }
        true
    }
}

/// The computation, on one working memory.
#[derive(Debug)]
struct Engine {
    params: Params,
    memory: Memory,
    counters: Arc<Counters>,
}

impl Engine {
    fn hash(&mut self, password: &Password) -> Result<PasswordHash, HashingError> {
        let salt = hash::random_salt()
            .ok_or(HashingError::Failed { reason: "the random number generator does not work" })?;
        let params = self.params.clone();
        let computed = self.compute(password, &params, &salt, OUTPUT_BYTES)?;
        let output = phc::Output::new(&computed)
            .map_err(|_| HashingError::Failed { reason: "the output has no PHC encoding" })?;
        Ok(PasswordHash::new(&params, salt, output))
    }

    fn verify(&mut self, password: &Password, hash: &PasswordHash) -> Result<Verification, HashingError> {
        let computed = self.compute(password, hash.params(), hash.salt(), hash.output_length())?;
        if !hash.has_output(&computed) {
            return Ok(Verification::Mismatch);
        }
        if !hash.is_outdated(&self.params) {
            return Ok(Verification::Match);
        }
        match self.hash(password) {
            Ok(rehashed) => Ok(Verification::MatchRehashed(rehashed)),
            Err(error) => {
                // The password was right: the login goes on, and the next one tries again.
                tracing::warn!(%error, "an outdated password hash was not renewed");
                Ok(Verification::Match)
            }
        }
    }

    fn compute(
        &mut self,
        password: &Password,
        params: &Params,
        salt: &[u8],
        output_length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, HashingError> {
        let mut extra;
        let memory = if params.block_count() <= self.memory.0.len() {
            &mut self.memory
        } else {
            // A stored hash of a costlier past: memory for this one time, so that the thread stays as small as configured.
            extra = Memory::allocate(params, &self.counters)
                .ok_or(HashingError::Failed { reason: "no memory for a stored hash of this size" })?;
            &mut extra
        };
        self.counters.computations.fetch_add(1, Ordering::Relaxed);
        let mut output = Zeroizing::new(vec![0; output_length]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory.0)
            .map_err(|_| HashingError::Failed { reason: "Argon2 refused its parameters" })?;
        Ok(output)
    }
}

/// Argon2's working memory. What a computation leaves in it is overwritten by the next and wiped with the last.
#[derive(Debug)]
struct Memory(Vec<Block>);

impl Memory {
    /// `None` when there is none to be had.
    fn allocate(params: &Params, counters: &Counters) -> Option<Self> {
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(params.block_count()).ok()?;
        blocks.resize(params.block_count(), Block::new());
        counters.allocations.fetch_add(1, Ordering::Relaxed);
        Some(Self(blocks))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Lets everything else on the machine go first. Linux keeps a niceness for each thread; elsewhere it belongs to the
/// whole process, which is not ours to slow down.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "a hashing thread runs at ordinary priority");
    }
}

/// Half-way down: the threads give way to requests and still get their share of an idle moment.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
