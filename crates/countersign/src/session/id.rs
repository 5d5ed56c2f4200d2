//! The name of a session.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::rand;
use countersign_jwt::base64url;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The name of a session: 16 bytes, written as 22 characters of base64url, for instance in the claim `sid`.
///
/// Serialised, it is that text, and nothing but its one canonical form is read back.
///
/// It is no secret. Only a [`RefreshToken`](super::RefreshToken), which carries a MAC, gets anything for it.
///
/// ```
/// use countersign::session::SessionId;
///
/// let id = SessionId::from_bytes([0; 16]);
/// assert_eq!(id.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
/// assert_eq!("AAAAAAAAAAAAAAAAAAAAAA".parse(), Ok(id));
/// assert_eq!(serde_json::to_string(&id)?, r#""AAAAAAAAAAAAAAAAAAAAAA""#);
/// assert_eq!(serde_json::from_str::<SessionId>(r#""AAAAAAAAAAAAAAAAAAAAAA""#)?, id);
/// assert!(serde_json::from_str::<SessionId>(r#""AAAAAAAAAAAAAAAAAAAAAB""#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; SessionId::LEN]);

impl SessionId {
    /// Its length in bytes.
    pub const LEN: usize = 16;

    /// Draws a new one from the system's random generator.
    ///
    /// # Errors
    /// [`RandomnessUnavailable`] when the generator fails.
    pub fn generate() -> Result<Self, RandomnessUnavailable> {
        let mut bytes = [0; Self::LEN];
        rand::fill(&mut bytes).map_err(|_| RandomnessUnavailable)?;
        Ok(Self(bytes))
    }

    /// The id made of these bytes, which must never have been another session's.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        let bytes = base64url::decode(text).map_err(|_| InvalidSessionId)?;
        bytes.try_into().map(Self).map_err(|_| InvalidSessionId)
    }
}

/// As its text.
impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From its text, in its one canonical form.
impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = SessionId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of a session")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SessionId, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The text is not the one canonical form of a session's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a session")]
pub struct InvalidSessionId;

/// The system's random generator failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random generator failed")]
pub struct RandomnessUnavailable;
