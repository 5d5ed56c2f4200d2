//! Who asks.

use std::fmt;

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::jwt::base64url;

/// How the resource server proves to the endpoint that it may ask (RFC 7662 §2.1). It is never printed.
#[derive(Clone)]
pub struct ClientAuthentication {
    authorization: HeaderValue,
}

/// Credentials that no header can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credentials of the client are empty, or hold what no header can hold")]
pub struct InvalidClientCredentials;

impl ClientAuthentication {
    /// The identifier and the secret of a client (RFC 6749 §2.3.1).
    ///
    /// # Errors
    /// When one of them is empty.
    pub fn basic(client_id: &str, secret: &str) -> Result<Self, InvalidClientCredentials> {
        if client_id.is_empty() || secret.is_empty() {
            return Err(InvalidClientCredentials);
        }
        let pair = Zeroizing::new(format!("{}:{}", form_encoded(client_id), form_encoded(secret)));
        let unpadded = base64url::encode(pair.as_bytes()).replace('-', "+").replace('_', "/");
        let padding = "=".repeat(unpadded.len().wrapping_neg() % 4);
        Self::from_text(&format!("Basic {unpadded}{padding}"))
    }

    /// A bearer token.
    ///
    /// # Errors
    /// When it is empty or not visible ASCII.
    pub fn bearer(token: &str) -> Result<Self, InvalidClientCredentials> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidClientCredentials);
        }
        Self::from_text(&format!("Bearer {token}"))
    }

    fn from_text(text: &str) -> Result<Self, InvalidClientCredentials> {
        let mut authorization = HeaderValue::try_from(text).map_err(|_| InvalidClientCredentials)?;
        authorization.set_sensitive(true);
        Ok(Self { authorization })
    }

    pub(super) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }
}

impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAuthentication")
    }
}

/// A value of `application/x-www-form-urlencoded`.
pub(super) fn form_encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_and_its_secret_are_encoded_twice() {
        let client = ClientAuthentication::basic("s6BhdRkqt3", "gX1fBat3bV").unwrap();
        assert_eq!(client.authorization(), "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
        let client = ClientAuthentication::basic("a:b", "p ä?>").unwrap();
        // "a%3Ab:p%20%C3%A4%3F%3E"
        assert_eq!(client.authorization(), "Basic YSUzQWI6cCUyMCVDMyVBNCUzRiUzRQ==");
        assert!(client.authorization().is_sensitive());
        assert_eq!(format!("{client:?}"), "ClientAuthentication");
    }

    #[test]
    fn what_no_header_can_hold_is_refused() {
        assert!(ClientAuthentication::basic("", "secret").is_err());
        assert!(ClientAuthentication::basic("client", "").is_err());
        for token in ["", "a b", "a\nb", "ä"] {
            assert!(ClientAuthentication::bearer(token).is_err(), "{token:?}");
        }
        assert_eq!(ClientAuthentication::bearer("a.b").unwrap().authorization(), "Bearer a.b");
    }
}
