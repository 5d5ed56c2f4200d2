//! Keys, each bound to one algorithm and prepared once (RFC 8725 §3.1, §3.5).

mod encoding;
mod error;
mod hmac;
pub mod only;
mod set;
mod signing;
mod source;
mod verifying;

pub use error::KeyError;
pub(crate) use set::SelectError;
pub use set::{KeySet, KeySetId, SkippedKey};
pub use signing::SigningKey;
pub use source::{KeySource, KeysUnavailable, Renewal, RenewalFailed};
pub use verifying::VerifyingKey;
