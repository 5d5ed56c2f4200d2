//! Passwords as people type them: never printed, wiped when dropped.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

/// A password that someone presents: any bytes, kept in memory that is wiped when the last clone is dropped.
///
/// `Debug` shows nothing of it, and there is no `Display`.
#[derive(Clone)]
pub struct Password(Arc<Zeroizing<Vec<u8>>>);

impl Password {
    /// The shortest password that can be chosen, in bytes.
    pub const MIN_BYTES: usize = 8;
    /// The longest password that can be chosen, in bytes; a longer one that is presented never matches.
    pub const MAX_BYTES: usize = 256;

    /// The bytes to hash.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<Vec<u8>> for Password {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// A password that someone chooses: proof that it is between [`Password::MIN_BYTES`] and [`Password::MAX_BYTES`] long.
///
/// ```
/// use countersign::password::{NewPassword, NewPasswordError, Password};
///
/// let refused = NewPassword::try_from(Password::from("hunter2".to_owned()));
/// assert_eq!(refused.unwrap_err(), NewPasswordError::TooShort { minimum: 8 });
/// ```
#[derive(Clone, Debug)]
pub struct NewPassword(Password);

/// Why a password cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NewPasswordError {
    /// It is shorter than the minimum.
    #[error("the password is too short: at least {minimum} bytes are required")]
    TooShort {
        /// [`Password::MIN_BYTES`].
        minimum: usize,
    },
    /// It is longer than the maximum.
    #[error("the password is too long: at most {maximum} bytes are accepted")]
    TooLong {
        /// [`Password::MAX_BYTES`].
        maximum: usize,
    },
}

impl NewPasswordError {
    /// The stable code of this refusal, for clients.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "password_too_short",
            Self::TooLong { .. } => "password_too_long",
        }
    }
}

impl NewPassword {
    /// The password itself, to be presented.
    #[must_use]
    pub fn as_password(&self) -> &Password {
        &self.0
    }

    /// Whether it is the same as another one that the same person has typed: who changes a password is expected to choose
    /// another. Not for verifying one, which is for [`Passwords::verify`](super::Passwords::verify).
    ///
    /// ```
    /// # use countersign::password::{NewPassword, Password};
    /// let typed = |text: &str| Password::from(text.to_owned());
    /// let chosen = NewPassword::try_from(typed("correct horse"))?;
    /// assert!(chosen.is_same_as(&typed("correct horse")));
    /// assert!(!chosen.is_same_as(&typed("correct horse ")));
    /// # Ok::<(), countersign::password::NewPasswordError>(())
    /// ```
    #[must_use]
    pub fn is_same_as(&self, other: &Password) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }
}

impl TryFrom<Password> for NewPassword {
    type Error = NewPasswordError;

    fn try_from(password: Password) -> Result<Self, Self::Error> {
        match password.as_bytes().len() {
            length if length < Password::MIN_BYTES => {
                Err(NewPasswordError::TooShort { minimum: Password::MIN_BYTES })
            }
            length if length > Password::MAX_BYTES => {
                Err(NewPasswordError::TooLong { maximum: Password::MAX_BYTES })
            }
            _ => Ok(Self(password)),
        }
    }
}
