//! The list as a signed JWT (§5.1), written and verified.

use std::num::NonZeroU64;
use std::time::Duration;

use countersign_jwt::jws::{self, JwsVerifier};
use countersign_jwt::{KeyError, KeySource, NumericDate, SigningKey, VerifyError, json};
use serde::{Deserialize, Serialize};

use super::{Bits, Status, StatusList, StatusListError, StatusReference};

/// The `typ` of a signed list; its media type is `application/statuslist+jwt`.
pub const STATUS_LIST_TYPE: &str = "statuslist+jwt";

/// A status list, what it is the list of, and for how long it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusListToken {
    /// Its address: the `sub`.
    pub uri: String,
    /// When it was made.
    pub issued_at: NumericDate,
    /// From when on it says nothing any more.
    pub expires_at: Option<NumericDate>,
    /// How long it may be kept before a newer one is to be fetched, in whole seconds.
    pub ttl: Option<Duration>,
    /// The statuses.
    pub list: StatusList,
}

#[derive(Serialize, Deserialize)]
struct RawToken {
    sub: String,
    iat: NumericDate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<NumericDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<NumericDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<NonZeroU64>,
    status_list: RawList,
}

#[derive(Serialize, Deserialize)]
struct RawList {
    bits: Bits,
    lst: String,
}

/// Why a list was not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignStatusListError {
    /// A member cannot be written as JSON.
    #[error("a member of the status list cannot be written as JSON")]
    Unwritable,
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why a text is not the list that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyStatusListError {
    /// Not signed by one of the keys, of another `typ`, expired, not yet good, or not the claims of a list.
    #[error(transparent)]
    Token(#[from] VerifyError),
    /// It is the list of another address.
    #[error("the status list is of another address")]
    AnotherList,
    /// What it holds is no list.
    #[error(transparent)]
    List(#[from] StatusListError),
}

impl StatusListToken {
    /// The list of this address, made at `now`, in a whole second. It does not expire, and how long it may be kept is not said.
    #[must_use]
    pub fn new(uri: impl Into<String>, list: StatusList, now: NumericDate) -> Self {
        let issued_at = NumericDate::from_secs(now.as_secs());
        Self { uri: uri.into(), issued_at, expires_at: None, ttl: None, list }
    }

    /// Says that it counts for this long after it was made.
    #[must_use]
    pub fn expires_after(mut self, lifetime: Duration) -> Self {
        self.expires_at = Some(self.issued_at + lifetime);
        self
    }

    /// Says that it may be kept for this long, in whole seconds, at least one.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(Duration::from_secs(ttl.as_secs().max(1)));
        self
    }

    /// The list as a signed JWT. It has no `aud`, since it is for everybody, and no `iss`: it is of whoever has the key.
    ///
    /// # Errors
    /// [`SignStatusListError`] when the key cannot sign.
    pub fn sign(&self, key: &SigningKey) -> Result<String, SignStatusListError> {
        let raw = RawToken {
            sub: self.uri.clone(),
            iat: self.issued_at,
            exp: self.expires_at,
            nbf: None,
            ttl: self.ttl.and_then(|ttl| NonZeroU64::new(ttl.as_secs())),
            status_list: RawList { bits: self.list.bits(), lst: self.list.to_lst() },
        };
        let payload = serde_json::to_vec(&raw).map_err(|_| SignStatusListError::Unwritable)?;
        Ok(jws::sign(key, Some(STATUS_LIST_TYPE), &payload)?)
    }

    /// What became of the token that names this place.
    ///
    /// # Errors
    /// [`VerifyStatusListError::AnotherList`] when the place is in another list, or [`VerifyStatusListError::List`] when there is
    /// no such place: neither says that the token is good.
    pub fn status_of(&self, place: &StatusReference) -> Result<Status, VerifyStatusListError> {
        if place.uri != self.uri {
            return Err(VerifyStatusListError::AnotherList);
        }
        Ok(self.list.status(place.index)?)
    }
}

/// Verifies status lists (§8.3).
#[derive(Clone, Debug)]
pub struct StatusListVerifier {
    jws: JwsVerifier,
    leeway: Duration,
    max_bytes: usize,
}

impl Default for StatusListVerifier {
    fn default() -> Self {
        Self::new()
    }
}

impl StatusListVerifier {
    /// How many bytes a list may have when it is inflated, unless said otherwise: 8 million statuses of one bit.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Takes lists of up to [`MAX_BYTES`](Self::MAX_BYTES), with a leeway of 60 seconds.
    #[must_use]
    pub fn new() -> Self {
        Self { jws: JwsVerifier::new(), leeway: Duration::from_secs(60), max_bytes: 0 }
            .max_bytes(Self::MAX_BYTES)
    }

    /// How far the clocks of issuer and verifier may be apart.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Takes lists of up to this many bytes when they are inflated.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        // What does not deflate grows a little, and is written as base64url twice: by 16/9.
        let text = max_bytes.saturating_mul(2).saturating_add(4096);
        self.jws = JwsVerifier::new().token_type(STATUS_LIST_TYPE).max_length(text);
        self
    }

    /// The list of the address `uri`, if `token` is it at `now`. The address is one that you know to be the issuer's, and the keys
    /// are the issuer's.
    ///
    /// # Errors
    /// [`VerifyStatusListError`].
    pub fn verify(
        &self,
        token: &str,
        uri: &str,
        keys: &impl KeySource,
        now: NumericDate,
    ) -> Result<StatusListToken, VerifyStatusListError> {
        let payload = self.jws.verify(token, keys, now)?;
        let raw: RawToken = json::from_slice(&payload).map_err(VerifyError::InvalidPayload)?;
        if raw.sub != uri {
            return Err(VerifyStatusListError::AnotherList);
        }
        if raw.exp.is_some_and(|expires_at| now >= expires_at + self.leeway) {
            return Err(VerifyError::Expired.into());
        }
        if now + self.leeway < raw.nbf.unwrap_or(raw.iat).max(raw.iat) {
            return Err(VerifyError::NotYetValid.into());
        }
        let RawList { bits, lst } = &raw.status_list;
        Ok(StatusListToken {
            list: StatusList::from_lst(*bits, lst, self.max_bytes)?,
            uri: raw.sub,
            issued_at: raw.iat,
            expires_at: raw.exp,
            ttl: raw.ttl.map(|seconds| Duration::from_secs(seconds.get())),
        })
    }
}
