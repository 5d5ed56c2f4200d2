//! Signing.

use serde::Serialize;

use crate::{KeyError, SigningKey, base64url};

/// Signs `payload` as it is and returns the compact form, with `alg`, `kid` where the key has one, and `typ` as given
/// (RFC 7515 §4.1.9: the media type of the whole, without `application/`).
///
/// # Errors
/// [`KeyError::Backend`] if the cryptographic library fails.
pub fn sign(key: &SigningKey, token_type: Option<&str>, payload: &[u8]) -> Result<String, KeyError> {
    sign_encoded(key, &encode_header(key, token_type), payload)
}

/// The header of every token that a key signs with one `typ`.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

/// The encoded header of every token that `key` signs with this `typ`, members in a fixed order.
pub(crate) fn encode_header(key: &SigningKey, token_type: Option<&str>) -> String {
    let header = Header { alg: key.algorithm().name(), typ: token_type, kid: key.key_id() };
    // Strings only: nothing that could fail.
    base64url::encode(serde_json::to_vec(&header).unwrap_or_default())
}

/// The compact form of `payload` under a header that is encoded already.
pub(crate) fn sign_encoded(key: &SigningKey, header: &str, payload: &[u8]) -> Result<String, KeyError> {
    /// Room for every signature but those of RSA and ML-DSA.
    const SIGNATURE: usize = 176;
    let room = header.len() + base64url::encoded_length(payload.len()) + SIGNATURE + 2;
    let mut token = String::with_capacity(room);
    token.push_str(header);
    token.push('.');
    base64url::encode_into(payload, &mut token);
    let signature = key.signature(token.as_bytes())?;
    token.push('.');
    base64url::encode_into(signature.as_ref(), &mut token);
    Ok(token)
}
