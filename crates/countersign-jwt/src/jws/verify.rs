//! Verifying: from the text of a token to a payload that is proven.

use crate::header::{Header, HeaderError, same_type};
use crate::jws::Compact;
use crate::jwt::{Check, NOT_ASKED, Seen, Trace, count, key_name, list, list_keys};
use crate::key::SelectError;
use crate::{Algorithm, KeySet, KeySource, NumericDate, VerifyError, base64url};

/// Long enough for a token with claims of some kilobytes and the longest signature (ML-DSA-87, 6170 characters).
const DEFAULT_MAX_LENGTH: usize = 16 * 1024;

/// Verifies compact JWS over any payload (RFC 7515 §5.2).
///
/// By default any `typ` and any algorithm that a key is bound to will do, and tokens of up to 16 KiB are read.
#[derive(Clone, Debug)]
pub struct JwsVerifier {
    max_length: usize,
    token_type: TypeRule,
    algorithms: Option<Box<[Algorithm]>>,
}

/// What the `typ` of a token may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypeRule {
    /// Anything, or none.
    Any,
    /// `JWT`, or none (RFC 7519 §5.1).
    Jwt,
    /// Exactly this (RFC 8725 §3.11).
    Exactly(Box<str>),
}

/// A token whose signature is proven. The payload is still encoded.
pub(crate) struct Opened<'t, 'k> {
    pub(crate) payload: &'t str,
    pub(crate) key: &'k crate::VerifyingKey,
}

impl Default for JwsVerifier {
    fn default() -> Self {
        Self { max_length: DEFAULT_MAX_LENGTH, token_type: TypeRule::Any, algorithms: None }
    }
}

impl JwsVerifier {
    /// A verifier with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts only this `typ`, letter case and a leading `application/` aside (RFC 8725 §3.11).
    #[must_use]
    pub fn token_type(mut self, token_type: impl Into<String>) -> Self {
        self.token_type = TypeRule::Exactly(token_type.into().into());
        self
    }

    /// Accepts only these algorithms, although a key may be bound to another.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Reads tokens of up to this many characters.
    #[must_use]
    pub fn max_length(mut self, max_length: usize) -> Self {
        self.max_length = max_length;
        self
    }

    pub(crate) fn set_type_rule(&mut self, rule: TypeRule) {
        self.token_type = rule;
    }

    /// The payload of `token`, if the signature is that of a key in `keys`.
    ///
    /// # Errors
    /// [`VerifyError`]: any case up to [`VerifyError::InvalidSignature`].
    pub fn verify(
        &self,
        token: &str,
        keys: &impl KeySource,
        now: NumericDate,
    ) -> Result<Vec<u8>, VerifyError> {
        let keys = keys.snapshot(now).map_err(|_| VerifyError::KeysUnavailable)?;
        let mut bytes = Vec::new();
        let opened = self.open(token, &keys, &mut bytes, &mut ())?;
        bytes.clear();
        base64url::decode_into(opened.payload, &mut bytes).map_err(|_| PAYLOAD_ENCODING)?;
        Ok(bytes)
    }

    /// Everything up to the signature, in the order of RFC 7515 §5.2; nothing of the payload has been looked at. A long
    /// signature is decoded in `room`, which the payload may have afterwards.
    pub(crate) fn open<'t, 'k>(
        &self,
        token: &'t str,
        keys: &'k KeySet,
        room: &mut Vec<u8>,
        trace: &mut impl Trace,
    ) -> Result<Opened<'t, 'k>, VerifyError> {
        trace.sees(Check::Length, || {
            let most = format!("at most {}", self.max_length);
            Seen::new(count(token.len(), "character", "characters")).expecting(most)
        });
        self.check_length(token)?;
        trace.sees(Check::Form, || {
            Seen::new(count(token.split('.').count(), "part", "parts")).expecting("3, with dots between them")
        });
        let met = keys.recognise(token);
        let parts = match met {
            Some(met) => Compact::split_at(token, met.encoded.len())?,
            None => Compact::split(token)?,
        };

        let decoded;
        let read;
        trace.sees(Check::Header, || {
            Seen::new(decode_header(parts.header).unwrap_or_else(|_| "no text in base64url".to_owned()))
        });
        let header = match met {
            Some(met) => &met.header,
            None => {
                decoded = decode_header(parts.header)?;
                read = Header::read(&decoded).map_err(header_error)?;
                &read
            }
        };
        self.check_type(header, trace)?;
        trace.sees(Check::Key, || {
            let asked = format!("alg {}, kid {}", header.algorithm, header.key_id().unwrap_or("none"));
            if keys.is_empty() { Seen::new(asked) } else { Seen::new(asked).expecting(self.usable(keys)) }
        });
        let index = match met {
            Some(met) => met.key,
            None => keys.select(header).map_err(select_error)?,
        };
        let key = keys.key(index);
        self.check_algorithm(key.algorithm())?;

        trace.sees(Check::Signature, || Seen::new(format!("against {}", key_name(key))));
        verify_signature(key, &parts, room)?;
        if met.is_none() {
            keys.remember(parts.header, header, index);
        }
        Ok(Opened { payload: parts.payload, key })
    }

    pub(crate) fn check_length(&self, token: &str) -> Result<(), VerifyError> {
        let limit = self.max_length;
        if token.len() > limit { Err(VerifyError::TooLong { limit }) } else { Ok(()) }
    }

    fn check_type(&self, header: &Header<'_>, trace: &mut impl Trace) -> Result<(), VerifyError> {
        let sees = |expected| move || Seen::value(header.token_type()).expecting(expected);
        match &self.token_type {
            TypeRule::Any => trace.skips(Check::TokenType, NOT_ASKED),
            TypeRule::Jwt => trace.sees(Check::TokenType, sees("JWT or none")),
            TypeRule::Exactly(expected) => trace.sees(Check::TokenType, sees(expected)),
        }
        let fits = match (&self.token_type, header.token_type()) {
            (TypeRule::Any, _) | (TypeRule::Jwt, None) => true,
            (TypeRule::Jwt, Some(found)) => same_type(found, "JWT"),
            (TypeRule::Exactly(_), None) => false,
            (TypeRule::Exactly(expected), Some(found)) => same_type(found, expected),
        };
        if fits { Ok(()) } else { Err(VerifyError::TypeMismatch) }
    }

    /// Which keys may be asked for, in words.
    fn usable(&self, keys: &KeySet) -> String {
        let at_hand = list_keys(keys, " or ");
        match &self.algorithms {
            None => at_hand,
            Some(allowed) => format!("{at_hand}, and the algorithm {}", list(allowed, " or ")),
        }
    }

    fn check_algorithm(&self, algorithm: Algorithm) -> Result<(), VerifyError> {
        match &self.algorithms {
            Some(allowed) if !allowed.contains(&algorithm) => Err(VerifyError::AlgorithmMismatch),
            _ => Ok(()),
        }
    }
}

pub(crate) const PAYLOAD_ENCODING: VerifyError =
    VerifyError::Malformed { reason: "the payload is not canonical base64url" };

pub(crate) fn decode_header(encoded: &str) -> Result<String, VerifyError> {
    let malformed = |reason| VerifyError::Malformed { reason };
    let bytes = base64url::decode(encoded).map_err(|_| malformed("the header is not canonical base64url"))?;
    String::from_utf8(bytes).map_err(|_| malformed("the header is not UTF-8"))
}

pub(crate) fn header_error(error: HeaderError) -> VerifyError {
    match error {
        HeaderError::Json(error) => VerifyError::InvalidHeader(error),
        HeaderError::UnsupportedAlgorithm => VerifyError::UnsupportedAlgorithm,
        HeaderError::Critical => VerifyError::UnsupportedCritical,
    }
}

fn select_error(error: SelectError) -> VerifyError {
    match error {
        SelectError::Unknown => VerifyError::UnknownKey,
        SelectError::OtherAlgorithm => VerifyError::AlgorithmMismatch,
        SelectError::Ambiguous => VerifyError::AmbiguousKey,
    }
}

/// Decodes the signature, onto the stack where it is short, and verifies it.
fn verify_signature(
    key: &crate::VerifyingKey,
    parts: &Compact<'_>,
    room: &mut Vec<u8>,
) -> Result<(), VerifyError> {
    /// Two field elements of P-521 in 132 bytes; HMAC, Ed25519 and the smaller curves need less.
    const SHORT: usize = 132;
    let encoding = |_| VerifyError::Malformed { reason: "the signature is not canonical base64url" };
    let message = parts.signing_input.as_bytes();
    let good = if base64url::decoded_length(parts.signature) <= SHORT {
        let mut buffer = [0; SHORT];
        key.verify_bytes(message, base64url::decode_slice(parts.signature, &mut buffer).map_err(encoding)?)
    } else {
        let payload = base64url::decoded_length(parts.payload) + key.key_id().map_or(0, str::len);
        room.clear();
        room.reserve(payload.max(base64url::decoded_length(parts.signature)));
        base64url::decode_into(parts.signature, room).map_err(encoding)?;
        key.verify_bytes(message, room)
    };
    if good { Ok(()) } else { Err(VerifyError::InvalidSignature) }
}
