//! The strategy of API keys: long random secrets for machines.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, rand};
use http::HeaderName;
use http::request::Parts;
use zeroize::Zeroizing;

use super::{AuthError, Authentication, Denial, Outline, Strategy, Validate, Verdict};
use crate::challenge::{Scheme, is_token};
use crate::decision::Step;
use crate::extract_jwt::ExtractJwt;
use crate::jwt::base64url;

/// Recognises who presents an API key.
///
/// A key reads `<prefix>_<id>_<secret>`: the prefix tells people and scanners of leaked secrets what it is, the id finds it,
/// the secret proves it. `look_up` gets the [`ApiKeyId`] and gives what was stored under it, `None` if there is nothing, or
/// an [`AuthError`] of its own. What is stored is the SHA-256 of the key, which is enough for a secret of 256 random bits and
/// of no use to a thief; it is compared in constant time. An unknown id and a wrong secret are answered the same, 401
/// `api_key_unknown`.
///
/// ```
/// use countersign::strategy::{ApiKey, ApiKeyId, StoredApiKey};
/// use countersign::{ApiKeyStrategy, Guard};
/// use http::request::Parts;
///
/// // When the key is made: show the text once, store id and hash.
/// let key = ApiKey::generate("acme")?;
/// let (shown, id, hash) = (key.text().to_owned(), key.id().to_owned(), key.hash());
/// assert!(shown.starts_with("acme_"));
///
/// // When it is used.
/// let strategy = ApiKeyStrategy::new("acme", move |presented: ApiKeyId, _: &Parts| {
///     // (Ask your store here.)
///     let stored = (presented.as_str() == id).then(|| StoredApiKey::new(hash, "the printer"));
///     async move { stored }
/// });
/// # let _ = Guard::required(strategy);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ApiKeyStrategy<V, R> {
    prefix: &'static str,
    extract: ExtractJwt,
    others: Others,
    look_up: V,
    verdict: PhantomData<fn() -> R>,
}

/// What becomes of credentials that do not have the prefix.
#[derive(Debug, Clone, Copy)]
enum Others {
    Refused,
    LeftToOthers,
}

const NAME: &str = "api-key";
const SCHEME: Scheme = Scheme::new("ApiKey").with_words_of_bearer();

impl<V, R, I> ApiKeyStrategy<V, R>
where
    V: for<'head> Validate<'head, ApiKeyId, Verdict = R>,
    R: Verdict<Identity = StoredApiKey<I>>,
{
    /// Reads a key of this prefix from the header `X-API-Key`, and asks `look_up` for what was stored for it.
    pub fn new(prefix: &'static str, look_up: V) -> Self {
        Self {
            prefix,
            extract: ExtractJwt::header(HeaderName::from_static("x-api-key")),
            others: Others::Refused,
            look_up,
            verdict: PhantomData,
        }
    }
}

impl<V, R> ApiKeyStrategy<V, R> {
    /// Reads the key elsewhere.
    #[must_use]
    pub fn extract(mut self, extract: ExtractJwt) -> Self {
        self.extract = extract;
        self
    }

    /// Leaves whatever does not begin with the prefix to the next strategy of [`any_of`](crate::any_of): where keys stand in
    /// the same place as tokens, `Authorization: Bearer`.
    ///
    /// Otherwise it is refused. Do not choose this for a strategy that stands alone behind an optional guard, for which a
    /// malformed key would then be none.
    #[must_use]
    pub fn leave_others(mut self) -> Self {
        self.others = Others::LeftToOthers;
        self
    }
}

impl<V, R, I> Strategy for ApiKeyStrategy<V, R>
where
    V: for<'head> Validate<'head, ApiKeyId, Verdict = R> + Send + Sync + 'static,
    R: Verdict<Identity = StoredApiKey<I>> + 'static,
    I: Send + Sync + 'static,
{
    type Identity = I;

    fn name(&self) -> &'static str {
        NAME
    }

    fn schemes(&self) -> &[Scheme] {
        const { &[SCHEME] }
    }

    fn outline(&self) -> Outline {
        Outline::one(NAME, self.extract.credentials())
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<I>, AuthError> {
        let found =
            || self.extract.where_found(head).map(|place| Step::new(NAME, format!("found a key in {place}")));
        let presented = self.extract.extract(head).map_err(|error| AuthError::from(error).after(found()))?;
        let presented = presented.ok_or(AuthError::NoCredentials)?;
        let id = match (after_prefix(presented, self.prefix), self.others) {
            (Some(rest), _) => id_of(rest).ok_or_else(|| malformed().after(found()))?,
            (None, Others::Refused) => return Err(malformed().after(found())),
            (None, Others::LeftToOthers) => return Err(AuthError::NoCredentials),
        };
        let looked_up =
            || [found(), Some(Step::new(NAME, format!("looked up the id {id}")))].into_iter().flatten();
        let stored = self.look_up.validate(ApiKeyId(id.into()), head).await.or_unknown(unknown);
        let stored = stored.map_err(|error| error.after(looked_up()))?;
        if verify_slices_are_equal(&ApiKeyHash::of(presented).0, &stored.hash.0).is_err() {
            let compared = Step::new(NAME, "compared the hash of the key");
            return Err(AuthError::from(unknown()).after(looked_up().chain([compared])));
        }
        Ok(Authentication::new(NAME, stored.identity).key_id(id))
    }

    /// That nothing is presented is told at once, for a strategy beside this one.
    fn authenticate_now(&self, head: &Parts) -> Option<Result<Authentication<I>, AuthError>> {
        matches!(self.extract.extract(head), Ok(None)).then_some(Err(AuthError::NoCredentials))
    }
}

impl<V, R> fmt::Debug for ApiKeyStrategy<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyStrategy")
            .field("prefix", &self.prefix)
            .field("extract", &self.extract)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

fn unknown() -> Denial {
    Denial::new("api_key_unknown", "no API key with this id and this secret")
        .detail("The API key is not known.")
}

fn malformed() -> AuthError {
    Denial::new("credentials_malformed", "the API key is not a prefix, an id and a secret")
        .detail("This is not an API key.")
        .into()
}

fn after_prefix<'k>(key: &'k str, prefix: &str) -> Option<&'k str> {
    key.strip_prefix(prefix)?.strip_prefix('_')
}

/// The id in `<id>_<secret>`, both of the length that [`ApiKey::generate`] gives them.
fn id_of(rest: &str) -> Option<&str> {
    let (id, secret) = rest.split_at_checked(ID_LENGTH)?;
    let secret = secret.strip_prefix('_')?;
    let hexadecimal = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (hexadecimal(id) && hexadecimal(secret) && secret.len() == 2 * SECRET_BYTES).then_some(id)
}

const ID_BYTES: usize = 8;
const ID_LENGTH: usize = 2 * ID_BYTES;
const SECRET_BYTES: usize = 32;

/// A new API key. Its text is shown to its owner once and stored nowhere; it is erased from memory when dropped.
pub struct ApiKey {
    text: Zeroizing<String>,
    prefix_length: usize,
}

impl ApiKey {
    /// A key with 256 random bits of secret.
    ///
    /// # Errors
    /// [`InvalidApiKey`] when the prefix is not letters, digits, `-` and `_`, or the system's random generator fails.
    pub fn generate(prefix: &str) -> Result<Self, InvalidApiKey> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !is_token(prefix.as_bytes()) || !prefix.bytes().all(legal) {
            return Err(InvalidApiKey::Prefix);
        }
        let mut bytes = Zeroizing::new([0; ID_BYTES + SECRET_BYTES]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| InvalidApiKey::Randomness)?;
        let (id, secret) = bytes.split_at(ID_BYTES);
        // Whole from the start: a text that grows leaves its beginnings behind in memory.
        let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 2 + 2 * bytes.len()));
        text.push_str(prefix);
        for part in [id, secret] {
            text.push('_');
            part.iter().for_each(|byte| push_hexadecimal(&mut text, *byte));
        }
        Ok(Self { text, prefix_length: prefix.len() })
    }

    /// The whole key, for its owner.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Under which it is to be stored, unique and not secret.
    #[must_use]
    pub fn id(&self) -> &str {
        let start = self.prefix_length + 1;
        self.text.get(start..start + ID_LENGTH).unwrap_or_default()
    }

    /// What is to be stored.
    #[must_use]
    pub fn hash(&self) -> ApiKeyHash {
        ApiKeyHash::of(&self.text)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id()).finish_non_exhaustive()
    }
}

fn push_hexadecimal(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 0xf] {
        text.extend(char::from_digit(digit.into(), 16));
    }
}

/// Why there is no new API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidApiKey {
    /// The prefix is empty, or holds something that no key may hold.
    #[error("the prefix of an API key consists of letters, digits, - and _")]
    Prefix,
    /// The system's random generator fails.
    #[error("the system's random generator fails")]
    Randomness,
}

/// The id of a presented API key: what to look it up by. It proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiKeyId(Box<str>);

impl ApiKeyId {
    /// As text: 16 digits, `0` to `9` and `a` to `f`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The SHA-256 of an API key: what is stored of it. Its text is base64url.
///
/// ```
/// use countersign::strategy::{ApiKey, ApiKeyHash};
///
/// let hash = ApiKey::generate("acme")?.hash();
/// let stored = hash.to_string();
/// assert!(stored.parse::<ApiKeyHash>().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct ApiKeyHash([u8; 32]);

impl ApiKeyHash {
    fn of(key: &str) -> Self {
        let digest = digest::digest(&digest::SHA256, key.as_bytes());
        let mut bytes = [0; 32];
        // SHA-256 has 32 bytes.
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, digest)| *byte = *digest);
        Self(bytes)
    }
}

impl fmt::Display for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(self.0))
    }
}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash")
    }
}

impl FromStr for ApiKeyHash {
    type Err = InvalidApiKeyHash;

    fn from_str(text: &str) -> Result<Self, InvalidApiKeyHash> {
        let bytes = base64url::decode(text).map_err(|_| InvalidApiKeyHash)?;
        bytes.try_into().map(Self).map_err(|_| InvalidApiKeyHash)
    }
}

/// The text is not the hash of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hash of an API key is 32 bytes in base64url")]
pub struct InvalidApiKeyHash;

/// What was stored of an API key, and whose it is.
#[derive(Debug, Clone)]
pub struct StoredApiKey<I> {
    hash: ApiKeyHash,
    identity: I,
}

impl<I> StoredApiKey<I> {
    /// The hash that was stored, and who is recognised by the key.
    pub fn new(hash: ApiKeyHash, identity: I) -> Self {
        Self { hash, identity }
    }
}
