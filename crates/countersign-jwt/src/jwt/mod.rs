//! JSON Web Tokens (RFC 7519): signing claims, and the only way to claims that are proven.

mod check;
mod expect;
mod explain;
mod presented;
mod seen;
mod signer;
mod token_id;
mod unverified;
mod verified;
mod verifier;

pub use expect::{AnyAudience, AnyIssuer, Audiences, Issuers};
pub(crate) use explain::{Check, Trace};
pub use explain::{CheckOutcome, CheckReport, Explanation};
pub use presented::Presented;
pub(crate) use seen::{NOT_ASKED, Seen, count, key_name, list, list_keys};
pub use signer::{SignError, Signer};
pub use unverified::Unverified;
pub use verified::Verified;
pub use verifier::{NumericSubject, PayloadBuffer, Verifier};
