//! What must hold for any input whatever: the checks behind the fuzz targets.
//!
//! A check takes bytes and panics when a promise of the token core is broken. "Does not panic" is the least of them: what
//! is accepted must also be what [`mod@reference`], a second and slower reader, says it is. The targets in `fuzz/fuzz_targets`
//! feed these checks from libFuzzer (`cargo xtask fuzz`); the test of this crate feeds them the committed corpus.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise is told by panicking")]

pub mod claims;
pub mod header;
pub mod jwk;
pub mod jwk_set;
mod keys;
pub mod pem;
pub mod reference;
pub mod token;
