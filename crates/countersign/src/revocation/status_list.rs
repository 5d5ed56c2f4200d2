//! Token Status Lists: what became of each token, as a few bits at its place in a signed list
//! (draft-ietf-oauth-status-list).
//!
//! A token says in its claim [`status`](StatusClaim) at which address the list is and which place in it is the token's. Whoever
//! wants to know fetches the list now and then, verifies it with the keys of the issuer, and looks at the place; the issuer does
//! not learn which token was looked up. Beside a [`Feed`](super::Feed) it is late by as long as a list is kept
//! ([`StatusListToken::ttl`]), and readable by software of any maker.
//!
//! ```
//! use std::time::Duration;
//!
//! use countersign::jwt::{Algorithm, KeySet, NumericDate, SigningKey};
//! use countersign::revocation::status_list::{
//!     Bits, Status, StatusList, StatusListToken, StatusListVerifier, StatusReference,
//! };
//!
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let keys = KeySet::from(key.verifying_key());
//! let now = NumericDate::from_secs(1_700_000_000);
//!
//! let mut list = StatusList::new(Bits::One, 1 << 17);
//! list.set(4711, Status::INVALID)?;
//! let signed = StatusListToken::new("https://login.example/auth/status-lists/0", list, now)
//!     .expires_after(Duration::from_secs(300))
//!     .ttl(Duration::from_secs(15))
//!     .sign(&key)?;
//!
//! // The claim of a token whose signature was verified.
//! let named = StatusReference::new(4711, "https://login.example/auth/status-lists/0");
//! let list = StatusListVerifier::new().verify(&signed, &named.uri, &keys, now)?;
//! assert_eq!(list.status_of(&named)?, Status::INVALID);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod list;
mod token;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use list::{Bits, StatusList, StatusListError};
pub use token::{
    STATUS_LIST_TYPE, SignStatusListError, StatusListToken, StatusListVerifier, VerifyStatusListError,
};

/// The claim `status` of a token (§6.1): where to learn what became of it.
///
/// Of the ways to learn it that the claim may name, this release knows status lists. A token that names others only is no
/// token with this claim, and refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StatusClaim {
    /// A place in a status list.
    pub status_list: StatusReference,
}

/// A place in a status list (§6.2).
///
/// Never fetch an address that merely stands in a token: take the lists of the issuer that you trust, and compare.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StatusReference {
    /// Which place, from 0 on.
    #[serde(rename = "idx")]
    pub index: u64,
    /// The address of the list, which is also its `sub`.
    pub uri: String,
}

impl StatusReference {
    /// A place in the list with this address.
    #[must_use]
    pub fn new(index: u64, uri: impl Into<String>) -> Self {
        Self { index, uri: uri.into() }
    }
}

impl From<StatusReference> for StatusClaim {
    fn from(status_list: StatusReference) -> Self {
        Self { status_list }
    }
}

/// What became of a token (§7.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(u8);

impl Status {
    /// It is what it was.
    pub const VALID: Self = Self(0x00);
    /// It is revoked, for good.
    pub const INVALID: Self = Self(0x01);
    /// It is not good at the moment, and may be again.
    pub const SUSPENDED: Self = Self(0x02);

    /// The status with this value. 3 and 12 to 15 are for applications, the rest is not assigned yet.
    #[must_use]
    pub const fn from_value(value: u8) -> Self {
        Self(value)
    }

    /// Its value.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Whether the token is as good as without a list. Only [`VALID`](Self::VALID) is: of a status that an application does not
    /// know, it knows no reason to let the token pass.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.0 == Self::VALID.0
    }

    /// Whether the meaning of the value is the application's own (§7.1).
    #[must_use]
    pub const fn is_application_specific(self) -> bool {
        matches!(self.0, 0x03 | 0x0c..=0x0f)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::VALID => f.write_str("VALID"),
            Self::INVALID => f.write_str("INVALID"),
            Self::SUSPENDED => f.write_str("SUSPENDED"),
            Self(value) => write!(f, "Status({value:#04x})"),
        }
    }
}
