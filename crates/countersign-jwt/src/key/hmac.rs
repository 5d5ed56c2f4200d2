//! HMAC with the state of both pads stored (RFC 2104 §4): a signature starts from them instead of from the secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::KeyError;
use crate::Algorithm;
use crate::algorithm::Hash;

/// A secret, and the hash states it was prepared into.
pub(crate) struct HmacKey {
    states: States,
    secret: Zeroizing<Box<[u8]>>,
}

enum States {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl HmacKey {
    pub(crate) fn new(algorithm: Algorithm, hash: Hash, secret: &[u8]) -> Result<Self, KeyError> {
        let (minimum, actual) = (hash.length(), secret.len());
        if actual < minimum {
            return Err(KeyError::SecretTooShort { algorithm, minimum, actual });
        }
        let states = match hash {
            Hash::Sha256 => Hmac::new_from_slice(secret).map(States::Sha256),
            Hash::Sha384 => Hmac::new_from_slice(secret).map(States::Sha384),
            Hash::Sha512 => Hmac::new_from_slice(secret).map(States::Sha512),
        };
        let states = states.map_err(|_| KeyError::Backend)?;
        Ok(Self { states, secret: Zeroizing::new(secret.into()) })
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Hands the tag of `message` to `use_tag`.
    pub(crate) fn sign<R>(&self, message: &[u8], use_tag: impl FnOnce(&[u8]) -> R) -> R {
        match &self.states {
            States::Sha256(state) => use_tag(&tag(state, message)),
            States::Sha384(state) => use_tag(&tag(state, message)),
            States::Sha512(state) => use_tag(&tag(state, message)),
        }
    }

    /// Whether `tag` is that of `message`, in constant time for a tag of the right length.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        match &self.states {
            States::Sha256(state) => state.clone().chain_update(message).verify_slice(tag).is_ok(),
            States::Sha384(state) => state.clone().chain_update(message).verify_slice(tag).is_ok(),
            States::Sha512(state) => state.clone().chain_update(message).verify_slice(tag).is_ok(),
        }
    }
}

fn tag<M: Mac + Clone>(state: &M, message: &[u8]) -> hmac::digest::Output<M> {
    state.clone().chain_update(message).finalize().into_bytes()
}
