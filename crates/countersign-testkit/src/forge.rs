//! Tokens over bytes of any kind, and a genuine token taken apart.

use countersign_jwt::{KeyError, NumericDate, SigningKey, base64url};

use crate::members::Members;

/// A token over these very bytes, whatever they say.
pub(crate) fn forge(key: &SigningKey, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    seal(key, &base64url::encode(header), &base64url::encode(payload))
}

/// A token over segments that are encoded already, well or badly.
pub(crate) fn seal(key: &SigningKey, header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let signature = base64url::encode(sign(key, &input));
    format!("{input}.{signature}")
}

#[expect(
    clippy::expect_used,
    reason = "fails only without memory or randomness, and then a test cannot go on"
)]
pub(crate) fn sign(key: &SigningKey, text: &str) -> Vec<u8> {
    key.sign_bytes(text.as_bytes()).expect("the cryptographic library failed to sign")
}

/// Why there can be no [`Battery`](crate::Battery) for a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatteryError {
    /// It is not three segments of base64url of which the first two are JSON objects.
    #[error("not a signed token in the compact form")]
    NotAToken,
    /// The key did not sign it.
    #[error("the token was not signed by this key")]
    OtherKey,
    /// A key that the battery needs could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A token that is accepted, taken apart: whatever is hostile is this one with something wrong.
#[derive(Clone, Debug)]
pub(crate) struct Genuine {
    pub(crate) key: SigningKey,
    pub(crate) token: String,
    pub(crate) header: Members,
    pub(crate) payload: Members,
    pub(crate) signature: Vec<u8>,
    pub(crate) now: NumericDate,
}

impl Genuine {
    pub(crate) fn read(key: &SigningKey, token: &str, now: NumericDate) -> Result<Self, BatteryError> {
        let segments: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = segments[..] else { return Err(BatteryError::NotAToken) };
        let decode = |segment| base64url::decode(segment).map_err(|_| BatteryError::NotAToken);
        let members = |segment| Members::read(&decode(segment)?).ok_or(BatteryError::NotAToken);
        let (signature, signed) = (decode(signature)?, format!("{header}.{payload}"));
        if !key.verifying_key().verify_bytes(signed.as_bytes(), &signature) {
            return Err(BatteryError::OtherKey);
        }
        Ok(Self {
            key: key.clone(),
            token: token.to_owned(),
            header: members(header)?,
            payload: members(payload)?,
            signature,
            now,
        })
    }

    /// The genuine token's three segments.
    pub(crate) fn segments(&self) -> (&str, &str, &str) {
        let (signed, signature) = self.token.rsplit_once('.').unwrap_or_default();
        let (header, payload) = signed.split_once('.').unwrap_or_default();
        (header, payload, signature)
    }

    /// Signed by the genuine key over another header.
    pub(crate) fn with_header(&self, header: impl AsRef<[u8]>) -> String {
        forge(&self.key, header, self.payload.text())
    }

    /// Signed by the genuine key over another payload.
    pub(crate) fn with_payload(&self, payload: impl AsRef<[u8]>) -> String {
        forge(&self.key, self.header.text(), payload)
    }

    /// The genuine token with another signature.
    pub(crate) fn with_signature(&self, signature: &[u8]) -> String {
        let (header, payload, _) = self.segments();
        format!("{header}.{payload}.{}", base64url::encode(signature))
    }

    /// The text of a moment this many seconds from now.
    pub(crate) fn in_secs(&self, seconds: i64) -> String {
        self.now.as_secs().saturating_add(seconds).to_string()
    }
}
