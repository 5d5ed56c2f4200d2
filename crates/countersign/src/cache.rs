//! Tokens that were verified lately: the signature of one that comes again need not be checked again.
//!
//! For asymmetric algorithms nearly all of a verification is the signature check, and a client presents the same token
//! until it expires. A [`TokenCache`] in a [`JwtStrategy`](crate::JwtStrategy::cache) recognises it:
//!
//! ```
//! use countersign::JwtStrategy;
//! use countersign::cache::TokenCache;
//! use countersign::jwt::{AccessTokenClaims, KeySource, Verifier};
//!
//! # fn strategy(keys: impl KeySource + 'static) {
//! let verifier = Verifier::access_tokens("https://login.example", "https://api.example");
//! let strategy = JwtStrategy::<AccessTokenClaims, _>::new(verifier, keys).cache(TokenCache::new(10_000));
//! # let _ = strategy;
//! # }
//! ```
//!
//! It remembers that a token was good by these very keys, and nothing else:
//!
//! - The token is compared in full; the hash, under a key that is drawn for each cache, only leads to it.
//! - What depends on the moment (`exp`, `nbf`, the greatest age) is checked again every time, with the leeway of the verifier.
//! - It holds for the very set of keys that decided. When the set has changed in anything, every token is verified anew; when
//!   the source of the keys has none to give, or too old ones, nothing is good.
//! - [`validate`](crate::JwtStrategy::validate) and whatever else is asked about a verified token is asked every time.
//! - A token that was refused is not remembered.
//!
//! A hit writes nothing that other threads read: no lock, no counter, no place in a queue. So which token makes room for
//! another is not decided by use: it is one that has expired, or the one of its bucket that came first.

mod table;

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use foldhash::quality::FixedState;
use serde::de::DeserializeOwned;
pub(crate) use table::Table;

use crate::jwt::{KeySetId, KeySource, NumericDate, Verified, Verifier, VerifyError};

/// The longest token that is remembered if not said otherwise, in characters.
const DEFAULT_MAX_TOKEN_LENGTH: usize = 4 * 1024;

/// Room for tokens that were verified. See [the module](self).
///
/// The claims are copied for each request that presents the token, which is cheaper than sharing them: threads that count
/// how many hold the same claims wait for each other.
pub struct TokenCache<C> {
    table: Table<Entry<C>>,
    hash: FixedState,
    max_token_length: usize,
    copy: fn(&Verified<C>) -> Verified<C>,
}

/// A token that was good, and by what.
struct Entry<C> {
    token: Box<str>,
    verified: Verified<C>,
    proof: Proof,
}

/// By which verifier and which keys a token was good.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    /// The number of the verifier among those of the strategy.
    pub(crate) verifier: usize,
    pub(crate) keys: KeySetId,
}

impl<C: Clone> TokenCache<C> {
    /// Room for `capacity` tokens, rounded up to a multiple of 8.
    ///
    /// Tokens have places by chance; where about as many are in use as there is room for, some must go before all places are
    /// taken. Give it twice as many as you expect to be in use at once.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            table: Table::new(capacity),
            hash: FixedState::with_seed(RandomState::new().hash_one("the key of a cache")),
            max_token_length: DEFAULT_MAX_TOKEN_LENGTH,
            copy: Clone::clone,
        }
    }
}

impl<C> TokenCache<C> {
    /// Remembers tokens of up to this many characters, 4096 by default. Longer ones are verified every time.
    #[must_use]
    pub fn max_token_length(mut self, characters: usize) -> Self {
        self.max_token_length = characters;
        self
    }

    /// Hashes under this key instead of one drawn by chance: for tests that must go the same way each time.
    #[must_use]
    pub fn hash_key(mut self, key: u64) -> Self {
        self.hash = FixedState::with_seed(key);
        self
    }

    /// How many tokens are remembered at most.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.table.capacity()
    }

    /// How many bytes it takes when it is full of the longest tokens, without what `C` itself allocates.
    ///
    /// A place is taken once a token needs it: a cache that was never full takes less. What has expired stays until its place
    /// is needed.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        // The counts of an `Arc`, and the payload: three bytes for four characters.
        let entry = 2 * size_of::<usize>() + size_of::<Entry<C>>();
        let texts = self.max_token_length.saturating_add(self.max_token_length / 4 * 3);
        let place = Table::<Entry<C>>::place_bytes() + entry;
        self.capacity().saturating_mul(place.saturating_add(texts))
    }

    /// What `read` gives of this token, if it is remembered and `holds` says that it is good still.
    pub(crate) fn find<R>(
        &self,
        token: &str,
        holds: impl FnOnce(&Verified<C>, Proof) -> bool,
        read: impl FnOnce(&Verified<C>) -> R,
    ) -> Option<R> {
        let good = |entry: &Entry<C>| holds(&entry.verified, entry.proof).then(|| read(&entry.verified));
        self.table.find(self.hash(token), |entry| *entry.token == *token, good)?
    }

    /// A copy of what is remembered.
    pub(crate) fn copy(&self, verified: &Verified<C>) -> Verified<C> {
        (self.copy)(verified)
    }

    /// Remembers a token that is good now, unless it is too long.
    pub(crate) fn remember(&self, token: &str, verified: Verified<C>, proof: Proof, now: NumericDate) {
        if token.len() > self.max_token_length {
            return;
        }
        let over = |entry: &Entry<C>| now >= entry.verified.expires_at() || entry.proof.replaced_by(proof);
        self.table.put(self.hash(token), Entry { token: token.into(), verified, proof }, over);
    }

    fn hash(&self, token: &str) -> u64 {
        self.hash.hash_one(token.as_bytes())
    }
}

impl Proof {
    /// Whether this is by earlier keys of the same verifier.
    fn replaced_by(self, other: Self) -> bool {
        self.verifier == other.verifier && self.keys != other.keys
    }
}

/// Whether what was proven by `verifier` and the set `proven_by` still holds: the keys are the same, and it is not too late.
pub(crate) fn still_holds<C>(
    verified: &Verified<C>,
    proven_by: KeySetId,
    verifier: &Verifier,
    keys: &impl KeySource,
    now: NumericDate,
) -> bool {
    keys.snapshot(now).is_ok_and(|keys| keys.id() == proven_by)
        && verifier.check_dates_again(verified, now).is_ok()
}

/// A [`Verifier`] with a [`TokenCache`]: for those who verify without a guard.
///
/// ```
/// use countersign::cache::{CachedVerifier, TokenCache};
/// use countersign::jwt::Verifier;
/// use countersign_testkit::TestIssuer;
/// use serde_json::Value;
///
/// let issuer = TestIssuer::new();
/// let (keys, token, now) = (issuer.keys(), issuer.token("ada"), countersign::jwt::Clock::now(&issuer.clock()));
/// let verifier = CachedVerifier::<Value>::new(issuer.verifier(), TokenCache::new(1000));
/// for _ in 0..2 {
///     // The signature is checked the first time.
///     assert_eq!(verifier.verify(&token, &keys, now)?.subject(), Some("ada"));
/// }
/// # Ok::<(), countersign::jwt::VerifyError>(())
/// ```
#[derive(Debug)]
pub struct CachedVerifier<C> {
    verifier: Verifier,
    cache: TokenCache<C>,
}

impl<C: DeserializeOwned> CachedVerifier<C> {
    /// Verifies as `verifier` does, and remembers in `cache`.
    #[must_use]
    pub fn new(verifier: Verifier, cache: TokenCache<C>) -> Self {
        Self { verifier, cache }
    }

    /// As [`Verifier::verify`].
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify(
        &self,
        token: &str,
        keys: &impl KeySource,
        now: NumericDate,
    ) -> Result<Verified<C>, VerifyError> {
        self.verify_with(token, keys, now, |verified| self.cache.copy(verified))
    }

    /// What `read` gives of the token, if it is good: nothing is copied that is not asked for.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_with<R>(
        &self,
        token: &str,
        keys: &impl KeySource,
        now: NumericDate,
        read: impl Fn(&Verified<C>) -> R,
    ) -> Result<R, VerifyError> {
        let holds = |verified: &Verified<C>, proof: Proof| {
            still_holds(verified, proof.keys, &self.verifier, keys, now)
        };
        if let Some(found) = self.cache.find(token, holds, &read) {
            return Ok(found);
        }
        let keys = keys.snapshot(now).map_err(|_| VerifyError::KeysUnavailable)?;
        let verified = self.verifier.verify(token, &*keys, now)?;
        let found = read(&verified);
        self.cache.remember(token, verified, Proof { verifier: 0, keys: keys.id() }, now);
        Ok(found)
    }
}

impl<C> fmt::Debug for TokenCache<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("capacity", &self.capacity())
            .field("max_token_length", &self.max_token_length)
            .finish_non_exhaustive()
    }
}
