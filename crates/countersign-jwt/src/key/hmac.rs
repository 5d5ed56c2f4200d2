//! HMAC (RFC 2104) from stored states: a secret is hashed into both pads once (§4), and each tag starts from there.
//!
//! The compression functions are those of `sha2`. The `hmac` crate on top of them would clone, buffer and wipe a hash in
//! parts; over a message that is whole, that costs a quarter of the time (docs/benchmarks.md). It is what the tests
//! compare with.

use aws_lc_rs::constant_time;
use sha2::block_api::{compress256, compress512};
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::{Zeroize, Zeroizing};

use super::KeyError;
use crate::Algorithm;
use crate::algorithm::Hash;

/// The bytes of a secret's block that make the two pads (RFC 2104 §2).
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// The longest digest, in bytes.
const LONGEST: usize = 64;

/// A secret, and the hash states it was prepared into.
pub(crate) struct HmacKey {
    hash: Hash,
    pads: Pads,
    secret: Zeroizing<Box<[u8]>>,
}

enum Pads {
    Narrow(PadStates<u32, 64>),
    Wide(PadStates<u64, 128>),
}

impl HmacKey {
    pub(crate) fn new(algorithm: Algorithm, hash: Hash, secret: &[u8]) -> Result<Self, KeyError> {
        let (minimum, actual) = (hash.length(), secret.len());
        if actual < minimum {
            return Err(KeyError::SecretTooShort { algorithm, minimum, actual });
        }
        let pads = match hash {
            Hash::Sha256 => Pads::Narrow(PadStates::new::<Sha256>(SHA256, secret)),
            Hash::Sha384 => Pads::Wide(PadStates::new::<Sha384>(SHA384, secret)),
            Hash::Sha512 => Pads::Wide(PadStates::new::<Sha512>(SHA512, secret)),
        };
        Ok(Self { hash, pads, secret: Zeroizing::new(secret.into()) })
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Hands the tag of `message` to `use_tag`.
    pub(crate) fn sign<R>(&self, message: &[u8], use_tag: impl FnOnce(&[u8]) -> R) -> R {
        let length = self.hash.length();
        match &self.pads {
            Pads::Narrow(states) => use_tag(&states.tag(message, length)[..length]),
            Pads::Wide(states) => use_tag(&states.tag(message, length)[..length]),
        }
    }

    /// Whether `tag` is that of `message`, in constant time for a tag of the right length.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        self.sign(message, |expected| constant_time::verify_slices_are_equal(expected, tag).is_ok())
    }
}

/// The states of a hash after the inner and after the outer pad: words `W`, blocks of `BLOCK` bytes.
struct PadStates<W: Zeroize, const BLOCK: usize> {
    inner: Zeroizing<[W; 8]>,
    outer: Zeroizing<[W; 8]>,
}

impl<W: Word<BLOCK>, const BLOCK: usize> PadStates<W, BLOCK> {
    /// Prepares `secret` for the hash `D`, which starts from `initial`.
    fn new<D: Digest>(initial: [W; 8], secret: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; BLOCK]);
        match block.get_mut(..secret.len()) {
            Some(start) => start.copy_from_slice(secret),
            // A secret longer than a block stands for its digest.
            None => block.iter_mut().zip(D::digest(secret)).for_each(|(byte, digest)| *byte = digest),
        }
        let mut state_after = |pad: u8| {
            let mut state = Zeroizing::new(initial);
            block.iter_mut().for_each(|byte| *byte ^= pad);
            W::compress(&mut state, std::slice::from_ref(&*block));
            block.iter_mut().for_each(|byte| *byte ^= pad);
            state
        };
        Self { inner: state_after(INNER), outer: state_after(OUTER) }
    }

    /// The tag of `message`, for a hash whose digests are the first `length` bytes of its state.
    #[inline]
    fn tag(&self, message: &[u8], length: usize) -> [u8; LONGEST] {
        let inner = finish(*self.inner, message);
        finish(*self.outer, &inner[..length])
    }
}

/// Hashes `text`, the last of it, in a state that has taken one block, and pads it as FIPS 180-4 §5.1 says.
#[inline]
fn finish<W: Word<BLOCK>, const BLOCK: usize>(mut state: [W; 8], text: &[u8]) -> [u8; LONGEST] {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    W::compress(&mut state, blocks);

    let mut last = [[0; BLOCK]; 2];
    let length = 2 * size_of::<W>();
    let count = if rest.len() + 1 + length <= BLOCK { 1 } else { 2 };
    let bits = 8 * (BLOCK + text.len()) as u64;
    let padding = last[..count].as_flattened_mut();
    padding[..rest.len()].copy_from_slice(rest);
    padding[rest.len()] = 0x80;
    if let Some(end) = padding.last_chunk_mut() {
        *end = bits.to_be_bytes();
    }
    W::compress(&mut state, &last[..count]);

    let mut digest = [0; LONGEST];
    state.iter().zip(digest.chunks_exact_mut(size_of::<W>())).for_each(|(word, bytes)| word.write(bytes));
    digest
}

/// A word of a SHA-2 state, with the compression function that works on it in blocks of `BLOCK` bytes.
trait Word<const BLOCK: usize>: Copy + Default + Zeroize {
    fn compress(state: &mut [Self; 8], blocks: &[[u8; BLOCK]]);
    /// Writes its bytes, the highest first.
    fn write(self, bytes: &mut [u8]);
}

impl Word<64> for u32 {
    #[inline]
    fn compress(state: &mut [Self; 8], blocks: &[[u8; 64]]) {
        compress256(state, blocks);
    }

    #[inline]
    fn write(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.to_be_bytes());
    }
}

impl Word<128> for u64 {
    #[inline]
    fn compress(state: &mut [Self; 8], blocks: &[[u8; 128]]) {
        compress512(state, blocks);
    }

    #[inline]
    fn write(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.to_be_bytes());
    }
}

/// The states that the hashes start from (FIPS 180-4 §5.3.3 to §5.3.5).
const SHA256: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
const SHA384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];
const SHA512: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;

    use super::*;

    /// The tag of the `hmac` crate.
    fn theirs<M: Mac + KeyInit>(secret: &[u8], message: &[u8]) -> Vec<u8> {
        <M as KeyInit>::new_from_slice(secret).unwrap().chain_update(message).finalize().into_bytes().to_vec()
    }

    /// The tags of each hash, without the least length that a key must have.
    fn ours(secret: &[u8], message: &[u8]) -> [Vec<u8>; 3] {
        let narrow = PadStates::<u32, 64>::new::<Sha256>(SHA256, secret).tag(message, 32);
        let wide = |initial, length| match length {
            48 => PadStates::<u64, 128>::new::<Sha384>(initial, secret).tag(message, length),
            _ => PadStates::<u64, 128>::new::<Sha512>(initial, secret).tag(message, length),
        };
        [narrow[..32].to_vec(), wide(SHA384, 48)[..48].to_vec(), wide(SHA512, 64)[..64].to_vec()]
    }

    fn all_of_theirs(secret: &[u8], message: &[u8]) -> [Vec<u8>; 3] {
        [
            theirs::<Hmac<Sha256>>(secret, message),
            theirs::<Hmac<Sha384>>(secret, message),
            theirs::<Hmac<Sha512>>(secret, message),
        ]
    }

    #[test]
    fn the_vectors_of_rfc_4231_hold() {
        let counted: Vec<u8> = (1..=25).collect();
        let vectors: [(&[u8], &[u8], [&str; 3]); 6] = [
            (
                &[0x0b; 20],
                b"Hi There",
                [
                    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
                    "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
                    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
                ],
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                [
                    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
                    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
                ],
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                [
                    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
                    "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
                    "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
                ],
            ),
            (
                &counted,
                &[0xcd; 50],
                [
                    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
                    "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
                    "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
                ],
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                [
                    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
                    "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
                    "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
                ],
            ),
            (
                &[0xaa; 131],
                b"This is a test using a larger than block-size key and a larger than block-size data. \
               The key needs to be hashed before being used by the HMAC algorithm.",
                [
                    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
                    "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
                    "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
                ],
            ),
        ];
        for (secret, message, expected) in vectors {
            let hexadecimal = |tag: Vec<u8>| tag.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert_eq!(ours(secret, message).map(hexadecimal), expected);
        }
    }

    #[test]
    fn every_length_around_the_blocks_gives_the_tag_of_the_hmac_crate() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300).collect();
        for length in 0..=bytes.len() {
            assert_eq!(
                ours(b"a secret", &bytes[..length]),
                all_of_theirs(b"a secret", &bytes[..length]),
                "{length}"
            );
            assert_eq!(
                ours(&bytes[..length], b"a text"),
                all_of_theirs(&bytes[..length], b"a text"),
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_secret_and_message_give_the_tag_of_the_hmac_crate(
            secret in proptest::collection::vec(any::<u8>(), 0..300),
            message in proptest::collection::vec(any::<u8>(), 0..2000),
        ) {
            prop_assert_eq!(ours(&secret, &message), all_of_theirs(&secret, &message));
        }
    }
}
