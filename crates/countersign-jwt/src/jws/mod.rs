//! JSON Web Signature in compact form (RFC 7515 §7.1) over any payload.
//!
//! For tokens with claims use [`Signer`](crate::Signer) and [`Verifier`](crate::Verifier), which build on this.
//!
//! ```
//! use countersign_jwt::jws::{self, JwsVerifier};
//! use countersign_jwt::{Algorithm, KeySet, NumericDate, SigningKey};
//!
//! let key = SigningKey::generate(Algorithm::EdDsa)?;
//! let signed = jws::sign(&key, Some("webhook+jws"), b"{\"event\":\"paid\"}")?;
//!
//! let keys = KeySet::from(key.verifying_key());
//! let verifier = JwsVerifier::new().token_type("webhook+jws");
//! let payload = verifier.verify(&signed, &keys, NumericDate::from_secs(0)).unwrap();
//! assert_eq!(payload, b"{\"event\":\"paid\"}");
//! # Ok::<(), countersign_jwt::KeyError>(())
//! ```

mod compact;
mod sign;
mod verify;

pub(crate) use compact::Compact;
pub use sign::sign;
pub(crate) use sign::{encode_header, sign_encoded};
pub use verify::JwsVerifier;
pub(crate) use verify::{Opened, PAYLOAD_ENCODING, TypeRule, decode_header, header_error};
