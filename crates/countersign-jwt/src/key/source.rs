//! Where a verifier finds keys.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::KeySet;
use crate::NumericDate;

/// No usable keys at the moment. This is not the token's fault: a guard answers 503, never 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no keys can be had at the moment")]
pub struct KeysUnavailable;

/// Newer keys could not be had in time, so nothing is known of a token that none of the keys at hand can decide. This is
/// not the token's fault: a guard answers 503, never 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("newer keys cannot be had at the moment")]
pub struct RenewalFailed {
    /// When to ask again.
    pub retry_after: Duration,
}

/// Newer keys on their way: done when the source has them, or knows that it already had the newest.
pub type Renewal<'a> = Pin<Box<dyn Future<Output = Result<(), RenewalFailed>> + Send + 'a>>;

/// Where a verifier finds keys: a fixed [`KeySet`], or one that changes while the program runs.
///
/// A look-up happens on every verification, so it must not block: it hands out the set as it is now.
pub trait KeySource: Send + Sync {
    /// The set as it is now; holding it does not keep the source from changing.
    type Snapshot<'a>: Deref<Target = KeySet>
    where
        Self: 'a;

    /// The keys that are good at `now`.
    ///
    /// # Errors
    /// [`KeysUnavailable`] if the source has none to give, for instance because those it had are too old.
    fn snapshot(&self, now: NumericDate) -> Result<Self::Snapshot<'_>, KeysUnavailable>;

    /// Asks for newer keys, because [`snapshot`](Self::snapshot) gave none, or none that a token names.
    ///
    /// A verification never waits; whoever can, as an async guard, awaits the renewal and verifies once more. `None`,
    /// as a fixed set says, means that nothing newer can be had and that the first verdict stands.
    fn renew(&self, now: NumericDate) -> Option<Renewal<'_>> {
        let _ = now;
        None
    }
}

impl KeySource for KeySet {
    type Snapshot<'a> = &'a Self;

    fn snapshot(&self, _now: NumericDate) -> Result<&Self, KeysUnavailable> {
        Ok(self)
    }
}

impl<T: KeySource> KeySource for Arc<T> {
    type Snapshot<'a>
        = T::Snapshot<'a>
    where
        Self: 'a;

    fn snapshot(&self, now: NumericDate) -> Result<T::Snapshot<'_>, KeysUnavailable> {
        (**self).snapshot(now)
    }

    fn renew(&self, now: NumericDate) -> Option<Renewal<'_>> {
        (**self).renew(now)
    }
}

impl<T: KeySource> KeySource for &T {
    type Snapshot<'a>
        = T::Snapshot<'a>
    where
        Self: 'a;

    fn snapshot(&self, now: NumericDate) -> Result<T::Snapshot<'_>, KeysUnavailable> {
        (**self).snapshot(now)
    }

    fn renew(&self, now: NumericDate) -> Option<Renewal<'_>> {
        (**self).renew(now)
    }
}
