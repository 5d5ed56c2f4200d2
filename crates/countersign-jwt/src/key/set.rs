//! The keys a verifier chooses from.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{KeyError, VerifyingKey};
use crate::header::Header;
use crate::jwk::{JwkSet, JwkSetError, RawJwk, elements};
use crate::{Algorithm, json};

/// How many headers a set remembers. An issuer writes the same header on every token of a key.
const REMEMBERED: usize = 4;
/// The longest header that is remembered, in characters.
const REMEMBERED_LENGTH: usize = 512;

/// The keys a verifier chooses from, one for each token: by `kid` and by `alg`, never by trying.
///
/// - A token with `kid` is verified by the key of that id and its algorithm; if no key has that id, by the one key of
///   its algorithm that has no id.
/// - A token without `kid` is verified by the one key of its algorithm. If several could be meant it is refused.
///
/// ```
/// use countersign_jwt::{Algorithm, KeySet, SigningKey};
///
/// let old = SigningKey::generate(Algorithm::Es256)?;
/// let new = SigningKey::generate(Algorithm::EdDsa)?;
/// let keys: KeySet = [old.verifying_key(), new.verifying_key()].into_iter().collect();
///
/// let published = serde_json::to_string(&keys.to_jwk_set()).unwrap();
/// assert_eq!(KeySet::from_json(&published).unwrap().len(), 2);
/// # Ok::<(), countersign_jwt::KeyError>(())
/// ```
#[derive(Debug, Default)]
pub struct KeySet {
    id: KeySetId,
    keys: Vec<VerifyingKey>,
    skipped: Vec<SkippedKey>,
    remembered: [OnceLock<Remembered>; REMEMBERED],
}

/// Tells one set of keys from every other of this process, and from itself before keys were added to it.
///
/// What was proven by a set holds as long as the set is still this one: a set that was read anew, be it from the same
/// text, is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeySetId(u64);

impl Default for KeySetId {
    /// An id that no set has had.
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A key of a JWK Set that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// Its place in `keys`, from 0.
    pub index: usize,
    /// Its `kid`, where it has one that can be read.
    pub key_id: Option<String>,
    /// Why it is not used.
    pub reason: KeyError,
}

/// A header that was on a token with a good signature: the next token that carries it needs no parsing of it.
#[derive(Debug)]
pub(crate) struct Remembered {
    pub(crate) encoded: Box<str>,
    pub(crate) header: Header<'static>,
    pub(crate) key: usize,
}

/// Why no key was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelectError {
    /// No key has this id, or there is no key of the algorithm.
    Unknown,
    /// There are keys, but none for the token's `alg`.
    OtherAlgorithm,
    /// More than one key could be meant.
    Ambiguous,
}

impl KeySet {
    /// The keys of a JWK Set (RFC 7517 §5). What is not a key for verifying signatures is left out and reported by
    /// [`KeySet::skipped`]. Symmetric keys are taken if they name their algorithm.
    ///
    /// A key without `alg` is bound to `RS256` if it is an RSA key, and by its curve otherwise, Ed25519 under both of
    /// its names. To bind RSA keys differently, use [`KeySet::from_json_for`].
    ///
    /// # Errors
    /// [`JwkSetError`] when the text is not a JWK Set at all.
    pub fn from_json(text: &str) -> Result<Self, JwkSetError> {
        Self::from_json_for(text, &[Algorithm::EdDsa, Algorithm::Ed25519])
    }

    /// The keys of a JWK Set, those without `alg` bound to each of `algorithms` that they fit.
    ///
    /// This binds, it does not restrict: a key that names its algorithm keeps it, and one that fits none of `algorithms`
    /// is bound as [`KeySet::from_json`] binds it, an RSA key for instance to `RS256`. To accept no other algorithms, tell
    /// [`Verifier::algorithms`](crate::Verifier::algorithms).
    ///
    /// # Errors
    /// As [`KeySet::from_json`].
    pub fn from_json_for(text: &str, algorithms: &[Algorithm]) -> Result<Self, JwkSetError> {
        let mut set = Self::default();
        for (index, element) in elements(text)?.into_iter().enumerate() {
            match json::from_str::<RawJwk>(element) {
                Ok(raw) => set.add(index, &raw, algorithms),
                Err(_) => {
                    let reason = KeyError::Jwk { reason: "not a JSON object of strings" };
                    set.skipped.push(SkippedKey { index, key_id: None, reason });
                }
            }
        }
        Ok(set)
    }

    fn add(&mut self, index: usize, raw: &RawJwk, algorithms: &[Algorithm]) {
        let key = |algorithm| VerifyingKey::from_raw_jwk(algorithm, raw);
        let keys =
            raw.algorithms(algorithms).and_then(|algorithms| algorithms.into_iter().map(key).collect());
        match keys {
            Ok::<Vec<_>, _>(keys) => self.keys.extend(keys),
            Err(reason) => self.skipped.push(SkippedKey { index, key_id: raw.kid.clone(), reason }),
        }
    }

    /// The public keys as they are to be published; secrets are never among them.
    #[must_use]
    pub fn to_jwk_set(&self) -> JwkSet {
        JwkSet { keys: self.keys.iter().filter_map(VerifyingKey::to_jwk).collect() }
    }

    /// Which set of keys this is.
    ///
    /// ```
    /// use countersign_jwt::{Algorithm, KeySet, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::Es256)?.verifying_key();
    /// let mut keys = KeySet::from(key.clone());
    /// let id = keys.id();
    /// assert_ne!(id, KeySet::from(key.clone()).id());
    /// keys.extend([key]);
    /// assert_ne!(id, keys.id());
    /// # Ok::<(), countersign_jwt::KeyError>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> KeySetId {
        self.id
    }

    /// The keys that can be chosen.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter()
    }

    /// How many keys can be chosen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys of the JWK Set that are not used, and why.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// What is known of `token` if it begins with a header that was met before, and a dot.
    pub(crate) fn recognise(&self, token: &str) -> Option<&Remembered> {
        let mut remembered = self.remembered.iter().map_while(OnceLock::get);
        remembered.find(|met| {
            token.strip_prefix(&*met.encoded).is_some_and(|rest| rest.as_bytes().first() == Some(&b'.'))
        })
    }

    /// Remembers the header of a token whose signature was good, as long as there is room.
    pub(crate) fn remember(&self, encoded: &str, header: &Header<'_>, key: usize) {
        if encoded.len() > REMEMBERED_LENGTH {
            return;
        }
        let free = self.remembered.iter().find(|place| place.get().is_none());
        if let Some(free) = free {
            let met = Remembered { encoded: encoded.into(), header: header.clone().into_owned(), key };
            // Another thread may have filled the place: then this header is simply met again.
            let _ = free.set(met);
        }
    }

    pub(crate) fn key(&self, index: usize) -> &VerifyingKey {
        &self.keys[index]
    }

    /// The key for a header that has been read.
    pub(crate) fn select(&self, header: &Header<'_>) -> Result<usize, SelectError> {
        let wanted = header.key_id();
        let known = wanted.is_some_and(|id| self.keys.iter().any(|key| key.key_id() == Some(id)));
        let meant = |key: &VerifyingKey| match wanted {
            None => true,
            Some(_) if known => key.key_id() == wanted,
            Some(_) => key.key_id().is_none(),
        };
        let candidates = || self.keys.iter().enumerate().filter(|(_, key)| meant(key));
        let mut fitting = candidates().filter(|(_, key)| key.algorithm() == header.algorithm);
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => Ok(index),
            (Some(_), Some(_)) => Err(SelectError::Ambiguous),
            (None, _) if candidates().next().is_some() => Err(SelectError::OtherAlgorithm),
            (None, _) => Err(SelectError::Unknown),
        }
    }
}

impl From<VerifyingKey> for KeySet {
    fn from(key: VerifyingKey) -> Self {
        Self { keys: vec![key], ..Self::default() }
    }
}

impl FromIterator<VerifyingKey> for KeySet {
    fn from_iter<T: IntoIterator<Item = VerifyingKey>>(keys: T) -> Self {
        Self { keys: keys.into_iter().collect(), ..Self::default() }
    }
}

impl Extend<VerifyingKey> for KeySet {
    /// Adds keys; what was remembered of headers is forgotten, as another key may now be meant.
    fn extend<T: IntoIterator<Item = VerifyingKey>>(&mut self, keys: T) {
        self.id = KeySetId::default();
        self.keys.extend(keys);
        self.remembered = Default::default();
    }
}
