//! The list itself: a few bits for each place, deflated (§4).

use std::io::{Read as _, Write as _};

use countersign_jwt::base64url;
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Serialize};

use super::Status;

/// How many bits there are for each place (§4.1), and so how many statuses can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Bits {
    /// Valid or not.
    One,
    /// Suspended as well, and one of the application's own.
    Two,
    /// 16 statuses.
    Four,
    /// 256 statuses.
    Eight,
}

impl From<Bits> for u8 {
    fn from(bits: Bits) -> Self {
        match bits {
            Bits::One => 1,
            Bits::Two => 2,
            Bits::Four => 4,
            Bits::Eight => 8,
        }
    }
}

impl TryFrom<u8> for Bits {
    type Error = StatusListError;

    fn try_from(number: u8) -> Result<Self, StatusListError> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            4 => Ok(Self::Four),
            8 => Ok(Self::Eight),
            _ => Err(StatusListError::Bits),
        }
    }
}

impl Bits {
    fn per_byte(self) -> u64 {
        u64::from(8 / u8::from(self))
    }

    fn mask(self) -> u8 {
        u8::MAX >> (8 - u8::from(self))
    }
}

/// A status for each of many tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: Bits,
    /// The place 0 is in the lowest bits of the first byte.
    bytes: Vec<u8>,
}

/// Why a list cannot be had, or does not say what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatusListError {
    /// A place has neither 1, 2, 4 nor 8 bits.
    #[error("a status has 1, 2, 4 or 8 bits")]
    Bits,
    /// The list has fewer places.
    #[error("the list has no such place")]
    OutOfRange,
    /// The status has a value for which the places have too few bits.
    #[error("the status does not fit into the bits of the list")]
    TooWide,
    /// It is not the text of a deflated list: not base64url, not zlib, cut off, or followed by something else.
    #[error("the list is not deflated and written as base64url")]
    Malformed,
    /// Inflated, it has more bytes than were allowed.
    #[error("the list is larger than what is accepted")]
    TooLarge,
}

impl StatusList {
    /// A list in which everything is [`VALID`](Status::VALID), with room for this many statuses; what is left of the last byte
    /// is room as well.
    #[must_use]
    pub fn new(bits: Bits, room: usize) -> Self {
        let per_byte = usize::from(8 / u8::from(bits));
        Self { bits, bytes: vec![0; room.div_ceil(per_byte)] }
    }

    /// How many bits a status has.
    #[must_use]
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// How many statuses it has room for.
    #[must_use]
    pub fn room(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX).saturating_mul(self.bits.per_byte())
    }

    /// What stands at a place.
    ///
    /// # Errors
    /// [`StatusListError::OutOfRange`]: what is not in the list is not valid (§8.3).
    pub fn status(&self, index: u64) -> Result<Status, StatusListError> {
        let (byte, shift) = self.place(index);
        let byte = self.bytes.get(byte).ok_or(StatusListError::OutOfRange)?;
        Ok(Status::from_value((byte >> shift) & self.bits.mask()))
    }

    /// Puts a status at a place.
    ///
    /// # Errors
    /// [`StatusListError::OutOfRange`] or [`StatusListError::TooWide`].
    pub fn set(&mut self, index: u64, status: Status) -> Result<(), StatusListError> {
        let mask = self.bits.mask();
        if status.value() & !mask != 0 {
            return Err(StatusListError::TooWide);
        }
        let (byte, shift) = self.place(index);
        let byte = self.bytes.get_mut(byte).ok_or(StatusListError::OutOfRange)?;
        *byte = *byte & !(mask << shift) | status.value() << shift;
        Ok(())
    }

    /// The byte and by how many bits its place is above the lowest.
    fn place(&self, index: u64) -> (usize, u32) {
        let per_byte = self.bits.per_byte();
        let byte = usize::try_from(index / per_byte).unwrap_or(usize::MAX);
        // Less than 8.
        let within = (index % per_byte) as u32;
        (byte, within * u32::from(u8::from(self.bits)))
    }

    /// The member `lst` (§4.2): deflated in the zlib format, as base64url.
    #[must_use]
    pub fn to_lst(&self) -> String {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        // Writing into memory does not fail; if it did, the text would be no list, and be refused.
        let written = encoder.write_all(&self.bytes).and_then(|()| encoder.finish());
        base64url::encode(written.unwrap_or_default())
    }

    /// The list that a member `lst` holds, if it has at most this many bytes when it is inflated.
    ///
    /// # Errors
    /// [`StatusListError::Malformed`] or [`StatusListError::TooLarge`].
    pub fn from_lst(bits: Bits, lst: &str, max_bytes: usize) -> Result<Self, StatusListError> {
        let deflated = base64url::decode(lst).map_err(|_| StatusListError::Malformed)?;
        // One more, to see that there would be more.
        let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
        let mut inflating = ZlibDecoder::new(deflated.as_slice()).take(limit);
        let mut bytes = Vec::new();
        inflating.read_to_end(&mut bytes).map_err(|_| StatusListError::Malformed)?;
        if bytes.len() > max_bytes {
            return Err(StatusListError::TooLarge);
        }
        let read = inflating.into_inner().total_in();
        if u64::try_from(deflated.len()) != Ok(read) {
            return Err(StatusListError::Malformed);
        }
        Ok(Self { bits, bytes })
    }
}

impl std::fmt::Debug for StatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusList")
            .field("bits", &self.bits)
            .field("room", &self.room())
            .finish_non_exhaustive()
    }
}
