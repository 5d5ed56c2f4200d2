//! Strict JSON (RFC 8259), read in one pass straight into the caller's type.
//!
//! Stricter than a general reader where JOSE asks for it (RFC 7515 §4, RFC 7519 §4, RFC 8725 §2.4): no member name
//! twice in any object, nothing after the value, nesting of at most [`MAX_DEPTH`], no number out of a double's range,
//! no lone surrogates. Strings without escapes can be borrowed from the input.
//!
//! ```
//! use countersign_jwt::json;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Profile<'t> {
//!     email: &'t str,
//! }
//!
//! let profile: Profile = json::from_str(r#"{"email":"ada@example.com"}"#).unwrap();
//! assert_eq!(profile.email, "ada@example.com");
//! assert!(json::from_str::<Profile>(r#"{"email":"a","email":"b"}"#).is_err());
//! ```

mod deserialize;
mod error;
mod members;
mod parser;

use serde::Deserialize;

pub(crate) use deserialize::seed_name;
pub use error::Error;
pub(crate) use members::{Members, Place};
pub(crate) use parser::{Number, Parser, plain_string_end, ten_digits};

/// How deep arrays and objects may be nested in each other.
pub const MAX_DEPTH: u8 = 32;

/// Reads `text` as exactly one JSON value.
///
/// # Errors
/// [`Error`] when `text` is not strict JSON or does not fit `T`. It names what is wrong and where, never a value.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    let mut parser = Parser::new(text);
    let value = T::deserialize(&mut parser)?;
    parser.finish()?;
    Ok(value)
}

/// Reads UTF-8 `bytes` as exactly one JSON value.
///
/// # Errors
/// As [`from_str`], and when `bytes` are not UTF-8.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
    from_str(std::str::from_utf8(bytes).map_err(|error| Error::syntax("not UTF-8", error.valid_up_to()))?)
}

#[cfg(test)]
mod tests;
