//! Base64url without padding, as JOSE uses it (RFC 7515 §2), decoded strictly.
//!
//! One encoding per value: padding, white space, the standard alphabet and left-over bits that are not zero are
//! refused, so a token cannot be rewritten into another that means the same.
//!
//! ```
//! use countersign_jwt::base64url;
//!
//! assert_eq!(base64url::encode(b"\xfb\xff"), "-_8");
//! assert_eq!(base64url::decode("-_8").unwrap(), b"\xfb\xff");
//! assert!(base64url::decode("-_9").is_err(), "the last two bits are not zero");
//! assert!(base64url::decode("-_8=").is_err());
//! ```

use base64_simd::{AsOut, URL_SAFE_NO_PAD};

/// The text is not canonical unpadded base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64url without padding")]
pub struct InvalidBase64Url;

/// The base64url form of `bytes`.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Appends the base64url form of `bytes` to `out`.
pub(crate) fn encode_into(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, out);
}

/// The bytes that `text` stands for.
///
/// # Errors
/// [`InvalidBase64Url`] unless `text` is the one canonical encoding of its bytes.
pub fn decode(text: &str) -> Result<Vec<u8>, InvalidBase64Url> {
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| InvalidBase64Url)
}

/// Appends the bytes that `text` stands for to `out`.
pub(crate) fn decode_into(text: &str, out: &mut Vec<u8>) -> Result<(), InvalidBase64Url> {
    URL_SAFE_NO_PAD.decode_append(text, out).map_err(|_| InvalidBase64Url)
}

/// Decodes into `buffer`, which must be large enough, and returns the part that was written.
pub(crate) fn decode_slice<'b>(text: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], InvalidBase64Url> {
    if decoded_length(text) > buffer.len() {
        return Err(InvalidBase64Url);
    }
    URL_SAFE_NO_PAD
        .decode(text.as_bytes(), buffer.as_out())
        .map(|bytes| &*bytes)
        .map_err(|_| InvalidBase64Url)
}

/// How many bytes `text` decodes to, if it decodes at all.
pub(crate) const fn decoded_length(text: &str) -> usize {
    text.len() / 4 * 3 + (text.len() % 4) * 3 / 4
}

/// How many characters `length` bytes are encoded in.
pub(crate) const fn encoded_length(length: usize) -> usize {
    (length * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_canonical_form_decodes() {
        for text in ["A", "AB", "QQ==", "QQ=", "Q Q", "QQ\n", "+/8", "QUI=", "QUJ", "é", "AAAAA"] {
            assert_eq!(decode(text), Err(InvalidBase64Url), "{text:?}");
        }
        assert_eq!(decode(""), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_and_nothing_else_does(bytes: Vec<u8>, noise in "[A-Za-z0-9_=+/-]{0,40}") {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_length(bytes.len()));
            prop_assert_eq!(decoded_length(&text), bytes.len());
            prop_assert_eq!(decode(&text), Ok(bytes));
            if let Ok(decoded) = decode(&noise) {
                prop_assert_eq!(encode(decoded), noise);
            }
        }
    }
}
