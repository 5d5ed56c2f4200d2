//! What a token says of itself.

use serde::Deserialize;

use crate::header::Header;
use crate::jws::{Compact, JwsVerifier, PAYLOAD_ENCODING, decode_header, header_error};
use crate::{VerifyError, base64url, json};

/// What a token says of itself, with nothing proven: for showing it, and for choosing where it is to be verified.
///
/// It is never accepted where a [`Verified`](crate::Verified) is asked for.
///
/// ```
/// # use countersign_jwt::{Algorithm, Claims, NumericDate, Signer, SigningKey};
/// use countersign_jwt::Unverified;
///
/// # let signer = Signer::new(SigningKey::generate(Algorithm::Es256)?, "me", "you", std::time::Duration::from_secs(60));
/// # let token = signer.sign(&Claims::new(()), NumericDate::from_secs(0))?;
/// #[derive(serde::Deserialize)]
/// struct Route {
///     iss: String,
/// }
///
/// let unverified = Unverified::decode(&token)?;
/// assert_eq!(unverified.claims::<Route>()?.iss, "me");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Unverified {
    header: String,
    payload: String,
}

impl Unverified {
    /// Decodes header and payload of a token of up to 16 KiB, both as strictly as a verification would.
    ///
    /// # Errors
    /// [`VerifyError`], when the token could not be verified with any key.
    pub fn decode(token: &str) -> Result<Self, VerifyError> {
        JwsVerifier::new().check_length(token)?;
        let parts = Compact::split(token)?;
        let header = decode_header(parts.header)?;
        Header::read(&header).map_err(header_error)?;
        let payload = base64url::decode(parts.payload).map_err(|_| PAYLOAD_ENCODING)?;
        let payload = String::from_utf8(payload)
            .map_err(|_| VerifyError::Malformed { reason: "the payload is not UTF-8" })?;
        Ok(Self { header, payload })
    }

    /// The header as JSON.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The payload as it stands there, JSON or not.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The payload as `C`, registered claims among the others.
    ///
    /// # Errors
    /// [`VerifyError::InvalidPayload`] when it is not strict JSON or does not fit `C`.
    pub fn claims<'t, C: Deserialize<'t>>(&'t self) -> Result<C, VerifyError> {
        json::from_str(&self.payload).map_err(VerifyError::InvalidPayload)
    }
}
