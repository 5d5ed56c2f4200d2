//! JSON Web Tokens for Rust: strict, fast, and hard to use wrongly.
//!
//! - A key is bound to one [`Algorithm`]; `none` does not exist.
//! - Claims are reached only through [`Verified`], which only a verification makes.
//! - Issuer and audience are arguments of [`Verifier::new`], not options; `exp` must be there.
//! - Time is an argument ([`Clock`], [`NumericDate`]): no function asks for it by itself.
//! - No async, no HTTP, no I/O, and no `unsafe`.
//!
//! ```
//! use countersign_jwt::{Algorithm, Claims, Clock, KeySet, Signer, SigningKey, SystemClock, Verifier};
//! use serde::{Deserialize, Serialize};
//! use std::time::Duration;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Profile {
//!     email: String,
//! }
//!
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let keys = KeySet::from(key.verifying_key());
//!
//! // Who issues tokens:
//! let signer = Signer::new(key, "https://auth.example", "api", Duration::from_secs(15 * 60));
//! let profile = Profile { email: "ada@example.com".into() };
//! let token = signer.sign(&Claims::new(&profile).subject("user-1"), SystemClock.now())?;
//!
//! // Who is handed one:
//! let verifier = Verifier::new("https://auth.example", "api");
//! let verified = verifier.verify::<Profile>(&token, &keys, SystemClock.now())?;
//! assert_eq!((verified.subject(), verified.email.as_str()), (Some("user-1"), "ada@example.com"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access_token;
mod algorithm;
pub mod base64url;
mod claims;
mod clock;
mod header;
pub mod json;
mod jwk;
pub mod jws;
mod jwt;
mod key;
mod verify_error;

pub use access_token::AccessTokenClaims;
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::{Audience, Claims, NumericDate, RegisteredClaim};
pub use clock::{Clock, ManualClock, SystemClock};
pub use header::Header;
pub use jwk::{Jwk, JwkSet, JwkSetError, PrivateJwk};
pub use jwt::{AnyAudience, AnyIssuer, Audiences, CheckOutcome, CheckReport, Explanation, Issuers};
pub use jwt::{NumericSubject, PayloadBuffer, Presented, SignError, Signer, Unverified, Verified, Verifier};
pub use key::only;
pub use key::{KeyError, KeySet, KeySetId, KeySource, KeysUnavailable, Renewal, RenewalFailed};
pub use key::{SigningKey, SkippedKey, VerifyingKey};
pub use verify_error::VerifyError;
