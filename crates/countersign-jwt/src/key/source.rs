//! Where a verifier finds keys.

use std::ops::Deref;
use std::sync::Arc;

use super::KeySet;
use crate::NumericDate;

/// No usable keys at the moment. This is not the token's fault: a guard answers 503, never 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no keys can be had at the moment")]
pub struct KeysUnavailable;

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
}

impl<T: KeySource> KeySource for &T {
    type Snapshot<'a>
        = T::Snapshot<'a>
    where
        Self: 'a;

    fn snapshot(&self, now: NumericDate) -> Result<T::Snapshot<'_>, KeysUnavailable> {
        (**self).snapshot(now)
    }
}
