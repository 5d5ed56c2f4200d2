//! What is stored and must not be read: sealed under the master key.
//!
//! A sealed value is `version (1 byte) | master key id (8) | nonce (12) | AES-256-GCM ciphertext and tag`. The
//! version, the master key's id and the name of what is sealed are authenticated with it, so a sealed value that
//! was moved under another name does not open. The id says which master key opens it, so that there can be
//! several: one seals, all unseal.

use std::{array::TryFromSliceError, fmt};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use countersign::session::{RefreshTokenKeys, WeakMasterSecret};
use thiserror::Error;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const ID_LEN: usize = 8;
const HEADER_LEN: usize = 1 + ID_LEN + NONCE_LEN;

/// The secret from which the keys of this service's stored secrets are derived (HKDF-SHA256, RFC 5869); never used
/// itself.
pub struct MasterKey(Zeroizing<[u8; MasterKey::LEN]>);

impl MasterKey {
    /// Its length in bytes.
    pub const LEN: usize = 32;

    /// Takes the bytes in. They are expected to come from a random generator.
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; Self::LEN]>) -> Self {
        Self(bytes)
    }

    /// Draws a new one.
    ///
    /// # Errors
    /// When the system's random generator fails.
    pub fn generate() -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(digits: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        if digits.len() != 2 * Self::LEN {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let digit = |letter: u8| char::from(letter).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
        }
        Some(Self(bytes))
    }

    /// Writes 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        let digits = self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
        let mut text = Zeroizing::new(String::with_capacity(2 * Self::LEN));
        text.extend(digits);
        text
    }

    /// The keys of refresh tokens that are made and accepted under this one. The derivation has a purpose of its own, so
    /// nothing that is sealed is touched by them.
    ///
    /// # Errors
    /// When the cryptographic library refuses, which it has no reason to.
    pub fn refresh_token_keys(&self) -> Result<RefreshTokenKeys, WeakMasterSecret> {
        RefreshTokenKeys::new(self.0.as_slice())
    }

    /// Has what was issued under this one accepted too.
    ///
    /// # Errors
    /// As [`refresh_token_keys`](Self::refresh_token_keys).
    pub fn accepted_by(&self, keys: RefreshTokenKeys) -> Result<RefreshTokenKeys, WeakMasterSecret> {
        keys.accepting(self.0.as_slice())
    }

    fn derive<const N: usize>(&self, purpose: &str) -> Result<Zeroizing<[u8; N]>, Unspecified> {
        struct Length(usize);
        impl KeyType for Length {
            fn len(&self) -> usize {
                self.0
            }
        }
        let mut key = Zeroizing::new([0; N]);
        let extracted = Salt::new(HKDF_SHA256, b"countersign").extract(self.0.as_slice());
        extracted.expand(&[purpose.as_bytes()], Length(N))?.fill(key.as_mut_slice())?;
        Ok(key)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey([secret])")
    }
}

/// Seals under one master key, and unseals under that and others.
pub struct Sealer {
    first: SealingKey,
    others: Vec<SealingKey>,
}

/// What is derived from one master key.
struct SealingKey {
    id: [u8; ID_LEN],
    key: RandomizedNonceKey,
}

impl SealingKey {
    fn derive(master_key: &MasterKey) -> Result<Self, Unspecified> {
        let key = master_key.derive::<32>("seal/1/key")?;
        Ok(Self {
            id: *master_key.derive::<ID_LEN>("seal/1/id")?,
            key: RandomizedNonceKey::new(&AES_256_GCM, key.as_slice())?,
        })
    }

    fn authenticated(&self, name: &str) -> Aad<Vec<u8>> {
        Aad::from([&[VERSION], self.id.as_slice(), name.as_bytes()].concat())
    }
}

impl Sealer {
    /// Derives the sealing key.
    ///
    /// # Errors
    /// When the cryptographic library refuses, which it has no reason to.
    pub fn new(master_key: &MasterKey) -> Result<Self, Unspecified> {
        Ok(Self { first: SealingKey::derive(master_key)?, others: Vec::new() })
    }

    /// Unseals what was sealed under this master key too.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn unsealing(mut self, master_key: &MasterKey) -> Result<Self, Unspecified> {
        self.others.push(SealingKey::derive(master_key)?);
        Ok(self)
    }

    /// Whether this was sealed under the master key that seals.
    #[must_use]
    pub fn seals_as(&self, sealed: &[u8]) -> bool {
        sealed.get(1..=ID_LEN) == Some(self.first.id.as_slice())
    }

    /// Seals a secret under a name, which is not stored and must be given again to unseal it.
    ///
    /// # Errors
    /// When the system's random generator fails.
    pub fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut ciphertext = secret.to_vec();
        let SealingKey { id, key } = &self.first;
        let nonce = key.seal_in_place_append_tag(self.first.authenticated(name), &mut ciphertext)?;
        let mut sealed = Vec::with_capacity(HEADER_LEN + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend(id);
        sealed.extend(nonce.as_ref());
        sealed.extend(ciphertext);
        Ok(sealed)
    }

    /// Opens what [`seal`](Self::seal) sealed under the same name.
    ///
    /// # Errors
    /// See [`UnsealError`].
    pub fn unseal(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let (header, ciphertext) = sealed.split_at_checked(HEADER_LEN).ok_or(UnsealError::Damaged)?;
        let (version, header) = header.split_at(1);
        let (id, nonce) = header.split_at(ID_LEN);
        if version != [VERSION] {
            return Err(UnsealError::UnknownVersion);
        }
        let mut keys = std::iter::once(&self.first).chain(&self.others);
        let sealing = keys.find(|key| key.id == id).ok_or(UnsealError::AnotherMasterKey)?;
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_: TryFromSliceError| UnsealError::Damaged)?;
        let mut secret = Zeroizing::new(ciphertext.to_vec());
        let length = sealing
            .key
            .open_in_place(Nonce::from(&nonce), sealing.authenticated(name), &mut secret)
            .map_err(|Unspecified| UnsealError::Damaged)?
            .len();
        secret.truncate(length);
        Ok(secret)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealer([secret])")
    }
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnsealError {
    /// It was sealed under another master key.
    #[error("it was sealed under another master key")]
    AnotherMasterKey,
    /// It was sealed by a later release.
    #[error("it was sealed in a form that this release does not know")]
    UnknownVersion,
    /// It was altered, cut short, or belongs to another name.
    #[error("it is damaged")]
    Damaged,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&MasterKey::new(Zeroizing::new([byte; MasterKey::LEN]))).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_under_the_same_name_and_master_key() {
        let sealed = sealer(1).seal("signing-key/a", b"private").unwrap();
        assert_eq!(sealer(1).unseal("signing-key/a", &sealed).unwrap().as_slice(), b"private");
    }

    #[test]
    fn a_sealed_value_does_not_hold_the_secret_and_is_never_the_same_twice() {
        let sealer = sealer(1);
        let sealed = sealer.seal("a", b"a rather long private key").unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"private"));
        assert_ne!(sealed, sealer.seal("a", b"a rather long private key").unwrap());
    }

    #[test]
    fn another_master_key_is_told_from_damage() {
        let sealed = sealer(1).seal("a", b"private").unwrap();
        assert_eq!(sealer(2).unseal("a", &sealed).unwrap_err(), UnsealError::AnotherMasterKey);
    }

    #[test]
    fn what_another_master_key_has_sealed_opens_and_nothing_more_is_sealed_under_it() {
        let master_key = |byte| MasterKey::new(Zeroizing::new([byte; MasterKey::LEN]));
        let both = sealer(2).unsealing(&master_key(1)).unwrap();
        let (old, new) = (sealer(1).seal("a", b"private").unwrap(), both.seal("a", b"private").unwrap());
        for sealed in [&old, &new] {
            assert_eq!(both.unseal("a", sealed).unwrap().as_slice(), b"private");
            assert_eq!(both.unseal("b", sealed).unwrap_err(), UnsealError::Damaged);
        }
        assert_eq!((both.seals_as(&old), both.seals_as(&new), both.seals_as(&[1])), (false, true, false));
        assert_eq!(sealer(1).unseal("a", &new).unwrap_err(), UnsealError::AnotherMasterKey);
        // An id that was exchanged does not pass one key's work off as the other's.
        let mut forged = old;
        forged[1..=ID_LEN].copy_from_slice(&new[1..=ID_LEN]);
        assert_eq!(both.unseal("a", &forged).unwrap_err(), UnsealError::Damaged);
    }

    #[test]
    fn a_sealed_value_under_another_name_does_not_open() {
        let sealed = sealer(1).seal("a", b"private").unwrap();
        assert_eq!(sealer(1).unseal("b", &sealed).unwrap_err(), UnsealError::Damaged);
    }

    #[test]
    fn no_altered_byte_and_no_missing_byte_goes_unnoticed() {
        let sealer = sealer(1);
        let sealed = sealer.seal("a", b"private").unwrap();
        for position in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[position] ^= 1;
            assert!(sealer.unseal("a", &altered).is_err(), "byte {position} may be altered");
            assert!(sealer.unseal("a", &sealed[..position]).is_err(), "{position} bytes are enough");
        }
        assert_eq!(sealer.unseal("a", &[9; 64]).unwrap_err(), UnsealError::UnknownVersion);
    }

    #[test]
    fn a_master_key_in_hexadecimal_reads_back_as_itself() {
        let key = MasterKey::generate().unwrap();
        let digits = key.to_hex();
        assert_eq!(digits.len(), 64);
        assert_eq!(MasterKey::from_hex(&digits).unwrap().0, key.0);
        assert_eq!(MasterKey::from_hex(&digits.to_uppercase()).unwrap().0, key.0);
        for wrong in ["", &digits[..63], &format!("{}g", &digits[..63]), &"é".repeat(32)] {
            assert!(MasterKey::from_hex(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{key:?}").contains(digits.as_str()));
    }
}
