//! Argon2id for the passwords of people, without hurting the requests beside it.
//!
//! One hash takes tens of milliseconds of a core and about 19 MiB of memory, on purpose. [`Passwords`] computes them on
//! a few operating-system threads of its own, at a low priority; each allocates its memory once and uses it again. A
//! bounded queue stands before them: when it is full the answer is [`HashingError::Busy`] at once, so a flood of
//! logins costs neither memory nor the guarded routes.
//!
//! ```
//! use countersign::password::{NewPassword, Password, Passwords, Verification};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let passwords = Passwords::start()?;
//!
//! // Registration: the length is told before anything is computed.
//! let chosen = NewPassword::try_from(Password::from("correct horse battery".to_owned()))?;
//! let hash = passwords.hash(&chosen).await?;
//! let column: &str = hash.as_str(); // "$argon2id$v=19$m=19456,t=2,p=1$..."
//! # assert!(column.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
//!
//! // Login: the same work whether or not there is such a user.
//! let presented = Password::from("correct horse battery".to_owned());
//! let stored = Some(hash);
//! let verification = match &stored {
//!     Some(hash) => passwords.verify(&presented, hash).await?,
//!     None => passwords.verify_absent(&presented).await?,
//! };
//! assert!(matches!(verification, Verification::Match));
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use tokio::sync::oneshot;

mod builder;
mod hash;
mod secret;
#[cfg(test)]
mod tests;
mod worker;

pub use builder::{PasswordsBuilder, StartError};
pub use hash::{PasswordHash, UnusableHash};
pub use secret::{NewPassword, NewPasswordError, Password};

use worker::{Counters, Job};

/// How long a caller that met a full queue is asked to wait: in that time even one thread empties most of it.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Hashes and verifies passwords on its own threads, behind a bounded queue.
///
/// Clones are cheap and share the threads. When the last clone is dropped the queue closes and each thread ends after
/// the computation it is in, if any. Dropping does not wait for that: it may happen on an async thread, which must not
/// block. Nobody can be waiting for an answer then, because the futures of this type borrow it.
///
/// A future that is dropped gives its caller's interest up, not its place: work that has begun is finished, and work
/// that has not is skipped when its turn comes. So hanging up early buys no extra computation.
#[derive(Clone, Debug)]
pub struct Passwords {
    queue: SyncSender<Job>,
    nobody: PasswordHash,
    counters: Arc<Counters>,
}

/// What a password proved to be.
#[derive(Debug)]
#[must_use]
pub enum Verification {
    /// It is the password.
    Match,
    /// It is the password, but its stored hash was made with other parameters than today's. Store this one in its
    /// place, on condition that the stored one is still the one that was verified.
    MatchRehashed(PasswordHash),
    /// It is another password.
    Mismatch,
}

/// Why there is no answer about a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashingError {
    /// The queue is full. Answer 503 with a `Retry-After` of this duration; nothing was computed.
    #[error("too many passwords are being verified at the moment")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The computation could not be done.
    #[error("the password could not be hashed: {reason}")]
    Failed {
        /// What stood in the way; names no secret.
        reason: &'static str,
    },
}

/// What the threads have done since they started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashingStatistics {
    /// Argon2 computations, finished or under way.
    pub computations: u64,
    /// Working memories allocated: one a thread, and one for each stored hash that needed more than a thread has.
    pub allocations: u64,
}

impl Passwords {
    /// Starts the threads with the default parameters: those of [`Passwords::builder`] left alone.
    ///
    /// # Errors
    /// [`StartError::OutOfMemory`], [`StartError::Randomness`] or [`StartError::Thread`].
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Threads, queue and cost to be chosen one by one.
    pub fn builder() -> PasswordsBuilder {
        PasswordsBuilder::default()
    }

    /// One thread with next to no work in each hash, for tests that log in often. **Its hashes protect nothing**: they
    /// are refused by no one, and are replaced at the first login on a [`Passwords`] of ordinary cost.
    ///
    /// # Errors
    /// As [`Passwords::start`].
    pub fn insecure_for_tests() -> Result<Self, StartError> {
        Self::builder().insecure_for_tests().start()
    }

    /// Hashes a password for storage, with a new random salt and today's parameters.
    ///
    /// # Errors
    /// [`HashingError::Busy`] when the queue is full, [`HashingError::Failed`] when the computation could not be done.
    pub async fn hash(&self, password: &NewPassword) -> Result<PasswordHash, HashingError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash { password: password.as_password().clone(), reply })?;
        answer.await.map_err(|_| THREAD_GONE)?
    }

    /// Verifies a presented password against the stored hash of its user.
    ///
    /// A password longer than [`Password::MAX_BYTES`] is a [`Verification::Mismatch`] without any work: no hash was ever
    /// made of one.
    ///
    /// # Errors
    /// [`HashingError::Busy`] when the queue is full, [`HashingError::Failed`] when the computation could not be done.
    pub async fn verify(
        &self,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<Verification, HashingError> {
        if password.as_bytes().len() > Password::MAX_BYTES {
            return Ok(Verification::Mismatch);
        }
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Verify { password: password.clone(), hash: hash.clone(), reply })?;
        answer.await.map_err(|_| THREAD_GONE)?
    }

    /// The dummy twin of [`Passwords::verify`], for a user who does not exist: the same steps and the same work, with
    /// today's parameters, and always a [`Verification::Mismatch`]. Without it the time of a login tells who has an account.
    ///
    /// # Errors
    /// As [`Passwords::verify`].
    pub async fn verify_absent(&self, password: &Password) -> Result<Verification, HashingError> {
        self.verify(password, &self.nobody).await
    }

    /// What the threads have done since they started.
    #[must_use]
    pub fn statistics(&self) -> HashingStatistics {
        self.counters.read()
    }

    fn submit(&self, job: Job) -> Result<(), HashingError> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => HashingError::Busy { retry_after: RETRY_AFTER },
            TrySendError::Disconnected(_) => THREAD_GONE,
        })
    }
}

const THREAD_GONE: HashingError = HashingError::Failed { reason: "the hashing thread has ended" };
