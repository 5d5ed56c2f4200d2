//! Refresh tokens, and the keys that prove them.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use countersign_jwt::base64url;
use zeroize::Zeroizing;

use super::SessionId;

const VERSION: u8 = 1;
const COUNTER_AT: usize = 1 + SessionId::LEN;
const MAC_AT: usize = COUNTER_AT + size_of::<u32>();
/// Half of the hash: the least that RFC 2104 §5 allows, and one guess in 2^128.
const MAC_LEN: usize = 16;
const LEN: usize = MAC_AT + MAC_LEN;
const TEXT_LEN: usize = (LEN * 4).div_ceil(3);

/// A refresh token (RFC 6749 §1.5): proof that its holder was given a certain step of a certain session.
///
/// Holding one means that the MAC was verified, or has just been made; whether the step is still good is for
/// [`decide`](super::rotation::decide) to say. To clients it is opaque: 50 characters of base64url that stand for
/// `version (1 byte) | session id (16) | counter (4, big-endian) | HMAC-SHA-256, first half (16)`.
///
/// `Debug` shows the session and the counter, which are no secrets, and never the MAC. There is no `Display`. The text
/// is wiped from memory when dropped.
#[derive(Clone)]
pub struct RefreshToken {
    session_id: SessionId,
    counter: u32,
    text: Zeroizing<String>,
}

impl RefreshToken {
    /// The session that it belongs to.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// How many rotations of the session came before it.
    #[must_use]
    pub fn counter(&self) -> u32 {
        self.counter
    }

    /// The token itself, for its client and nobody else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session_id", &self.session_id)
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

/// The keys that refresh tokens are proven with: one makes them, all are accepted.
///
/// Each is derived (HKDF-SHA-256, RFC 5869) from a master secret, which may serve other purposes too.
///
/// To change the master secret without a logout, on any number of instances: first let every instance accept the new one
/// ([`accepting`](Self::accepting)), then make it the first on each, the old one accepted; drop the old one when the
/// longest idle lifetime has passed. Every refresh meanwhile moves a session to the new key. To end all sessions at
/// once, drop the old one at once.
///
/// ```
/// use countersign::session::{RefreshTokenKeys, SessionId};
///
/// let (old, new) = ([1; 32], [2; 32]);
/// let issued = RefreshTokenKeys::new(&old)?.issue(SessionId::from_bytes([3; 16]), 0);
///
/// let keys = RefreshTokenKeys::new(&new)?.accepting(&old)?;
/// assert_eq!(keys.authenticate(issued.as_str())?.session_id(), issued.session_id());
/// assert!(RefreshTokenKeys::new(&new)?.authenticate(issued.as_str()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RefreshTokenKeys {
    current: hmac::Key,
    others: Vec<hmac::Key>,
}

impl RefreshTokenKeys {
    /// The shortest master secret, in bytes: as long as the hash.
    pub const MIN_MASTER_BYTES: usize = 32;

    /// Makes tokens with the key derived from this master secret, and accepts them.
    ///
    /// # Errors
    /// [`WeakMasterSecret`] when it is shorter than [`MIN_MASTER_BYTES`](Self::MIN_MASTER_BYTES). Its bytes are expected
    /// to come from a random generator.
    pub fn new(master_secret: &[u8]) -> Result<Self, WeakMasterSecret> {
        Ok(Self { current: derive(master_secret)?, others: Vec::new() })
    }

    /// Accepts what was made with the key derived from this master secret, too: an older one, or the next.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn accepting(mut self, master_secret: &[u8]) -> Result<Self, WeakMasterSecret> {
        self.others.push(derive(master_secret)?);
        Ok(self)
    }

    /// The token of a session at a count. The same arguments give the same token, as long as the keys are the same.
    #[must_use]
    pub fn issue(&self, session_id: SessionId, counter: u32) -> RefreshToken {
        let mut bytes = Zeroizing::new([0; LEN]);
        let (signed, mac) = bytes.split_at_mut(MAC_AT);
        signed[0] = VERSION;
        signed[1..COUNTER_AT].copy_from_slice(session_id.as_bytes());
        signed[COUNTER_AT..].copy_from_slice(&counter.to_be_bytes());
        mac.copy_from_slice(&hmac::sign(&self.current, signed).as_ref()[..MAC_LEN]);
        RefreshToken { session_id, counter, text: Zeroizing::new(base64url::encode(bytes.as_slice())) }
    }

    /// Reads a presented token and verifies its MAC, in constant time and without any store.
    ///
    /// # Errors
    /// [`InvalidRefreshToken`]: its form, or its MAC.
    pub fn authenticate(&self, text: &str) -> Result<RefreshToken, InvalidRefreshToken> {
        // Before anything is decoded: what strangers send may be of any length.
        if text.len() != TEXT_LEN {
            return Err(InvalidRefreshToken::Malformed);
        }
        let bytes = base64url::decode(text).map_err(|_| InvalidRefreshToken::Malformed)?;
        let bytes: &[u8; LEN] = bytes.as_slice().try_into().map_err(|_| InvalidRefreshToken::Malformed)?;
        let (signed, mac) = bytes.split_at(MAC_AT);
        let ([VERSION], rest) = signed.split_at(1) else { return Err(InvalidRefreshToken::Malformed) };
        let (Some(id), Some(counter)) = (rest.first_chunk(), rest.last_chunk()) else {
            return Err(InvalidRefreshToken::Malformed);
        };
        let mut keys = std::iter::once(&self.current).chain(&self.others);
        if !keys.any(|key| verify_slices_are_equal(&hmac::sign(key, signed).as_ref()[..MAC_LEN], mac).is_ok())
        {
            return Err(InvalidRefreshToken::Forged);
        }
        Ok(RefreshToken {
            session_id: SessionId::from_bytes(*id),
            counter: u32::from_be_bytes(*counter),
            text: Zeroizing::new(text.to_owned()),
        })
    }
}

impl fmt::Debug for RefreshTokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokenKeys").field("accepted", &(1 + self.others.len())).finish_non_exhaustive()
    }
}

fn derive(master_secret: &[u8]) -> Result<hmac::Key, WeakMasterSecret> {
    if master_secret.len() < RefreshTokenKeys::MIN_MASTER_BYTES {
        return Err(WeakMasterSecret { minimum: RefreshTokenKeys::MIN_MASTER_BYTES });
    }
    let extracted = Salt::new(HKDF_SHA256, b"countersign").extract(master_secret);
    // Only an output longer than 255 hashes is refused; a key is one.
    let expanded = extracted
        .expand(&[b"refresh-token/1"], HMAC_SHA256)
        .map_err(|_| WeakMasterSecret { minimum: RefreshTokenKeys::MIN_MASTER_BYTES })?;
    Ok(expanded.into())
}

/// A master secret is too short to derive a key from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the master secret is too short: at least {minimum} bytes are required")]
pub struct WeakMasterSecret {
    /// [`RefreshTokenKeys::MIN_MASTER_BYTES`].
    pub minimum: usize,
}

/// Why a text is not a refresh token. Nothing of it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRefreshToken {
    /// It does not have the form of one: its length, its alphabet, or its version.
    #[error("this does not have the form of a refresh token")]
    Malformed,
    /// It has the form of one, and none of the keys made it.
    #[error("the refresh token was not made with any of the keys in use")]
    Forged,
}

impl InvalidRefreshToken {
    /// The stable code of this refusal: `refresh_token_malformed` or `refresh_token_forged`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "refresh_token_malformed",
            Self::Forged => "refresh_token_forged",
        }
    }
}
