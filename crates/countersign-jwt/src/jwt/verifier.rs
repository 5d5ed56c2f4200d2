//! From the text of a token to claims that are proven.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::check::{Expectations, missing};
use super::explain::Notes;
use super::verified::Checked;
use super::{Audiences, Check, Explanation, Issuers, Presented, Seen, Trace, Verified, list, list_keys};
use crate::claims::read::{self, PayloadError, SubjectForm};
use crate::claims::registered::Registered;
use crate::jws::{JwsVerifier, Opened, PAYLOAD_ENCODING, TypeRule};
use crate::{Algorithm, KeySource, NumericDate, VerifyError, base64url};

/// Verifies tokens: what is expected of them, said once.
///
/// Issuer and audience must be said. `exp`, `iss` and `aud` must be in every token; `exp` and `nbf` are checked with a
/// leeway of 60 seconds; `typ` must be `JWT` or absent, unless another is asked for.
///
/// ```
/// use countersign_jwt::{Algorithm, Claims, KeySet, NumericDate, Signer, SigningKey, Verifier};
/// use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// #[derive(Serialize, Deserialize)]
/// struct Profile {
///     email: String,
/// }
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let keys = KeySet::from(key.verifying_key());
/// let now = NumericDate::from_secs(1_700_000_000);
///
/// let signer = Signer::new(key, "https://auth.example", "api", Duration::from_secs(900));
/// let profile = Profile { email: "ada@example.com".into() };
/// let token = signer.sign(&Claims::new(&profile).subject("user-1"), now)?;
///
/// let verifier = Verifier::new("https://auth.example", "api");
/// let verified = verifier.verify::<Profile>(&token, &keys, now)?;
/// assert_eq!(verified.subject(), Some("user-1"));
/// assert_eq!(verified.email, "ada@example.com");
///
/// let late = now + Duration::from_secs(961);
/// assert_eq!(verifier.verify::<Profile>(&token, &keys, late).unwrap_err().code(), "token_expired");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    jws: JwsVerifier,
    expected: Expectations,
    subject_form: SubjectForm,
}

/// Room for the payload of one token, to be used again for the next: a verification into it does not allocate.
#[derive(Debug, Default)]
pub struct PayloadBuffer {
    bytes: Vec<u8>,
}

impl PayloadBuffer {
    /// Room that grows as it is needed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Verifier {
    /// A verifier for tokens of these issuers that are meant for one of these audiences.
    ///
    /// Both take a name or several (`&str`, `String`, an array, a `Vec`), or say expressly that any will do
    /// ([`AnyIssuer`](crate::AnyIssuer), [`AnyAudience`](crate::AnyAudience)).
    pub fn new(issuers: impl Into<Issuers>, audiences: impl Into<Audiences>) -> Self {
        let mut jws = JwsVerifier::new();
        jws.set_type_rule(TypeRule::Jwt);
        let expected = Expectations::new(issuers.into().0, audiences.into().0);
        Self { jws, expected, subject_form: SubjectForm::Text }
    }

    /// A verifier for access tokens in the profile of RFC 9068 §4: `typ` is `at+jwt`, and `sub`, `iat` and `jti` must
    /// be there; verify with [`AccessTokenClaims`](crate::AccessTokenClaims), which demands `client_id`.
    pub fn access_tokens(issuers: impl Into<Issuers>, audiences: impl Into<Audiences>) -> Self {
        Self::new(issuers, audiences).token_type("at+jwt").require("sub").require("iat").require("jti")
    }

    /// How far the clocks of issuer and verifier may be apart, for `exp`, `nbf` and the greatest age. 60 seconds by
    /// default; RFC 7519 §4.1.4 means "no more than a few minutes".
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.expected.leeway = leeway;
        self
    }

    /// Accepts only this `typ` (RFC 8725 §3.11), letter case and a leading `application/` aside.
    #[must_use]
    pub fn token_type(mut self, token_type: impl Into<String>) -> Self {
        self.jws = self.jws.token_type(token_type);
        self
    }

    /// Accepts any `typ`, or none: for tools that examine tokens. One kind of token then passes for another.
    #[must_use]
    pub fn any_token_type(mut self) -> Self {
        self.jws.set_type_rule(TypeRule::Any);
        self
    }

    /// Accepts only these algorithms, although a key may be bound to another.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.jws = self.jws.algorithms(algorithms);
        self
    }

    /// Reads tokens of up to this many characters; 16 KiB by default.
    #[must_use]
    pub fn max_length(mut self, max_length: usize) -> Self {
        self.jws = self.jws.max_length(max_length);
        self
    }

    /// Accepts tokens only until this long after their `iat`, which must then be there and not lie in the future.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.expected.max_age = Some(max_age);
        self
    }

    /// Demands that a claim is there, registered or not. The application's own are better demanded by their type: a
    /// field that is not an `Option` must be there.
    #[must_use]
    pub fn require(mut self, claim: impl Into<Cow<'static, str>>) -> Self {
        let claim = claim.into();
        if !self.expected.required.contains(&claim) {
            self.expected.required.push(claim);
        }
        self
    }

    /// Accepts only this `sub`.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.expected.subject = Some(subject.into().into());
        self
    }

    /// Accepts only this `jti`.
    #[must_use]
    pub fn token_id(mut self, token_id: impl Into<String>) -> Self {
        self.expected.token_id = Some(token_id.into().into());
        self
    }

    /// Accepts only this `nonce` (OpenID Connect Core §2).
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.expected.nonce = Some(nonce.into().into());
        self
    }

    /// The claims of `token`, if a key of `keys` signed it and it says what is expected at `now`.
    ///
    /// The payload is decoded and read only after the signature was found good.
    ///
    /// `C` is what the application says beyond the registered claims (RFC 7519 §4.1), which are not handed to it: a
    /// field such as `sub: String` in `C` is therefore never filled, and every token is refused with
    /// [`VerifyError::MissingClaim`] (an `Option` stays `None`). Leave the field out and ask [`Verified::subject`] and its
    /// like; what must be there is said by [`Verifier::require`]. A type with no claims of its own is `()`.
    ///
    /// # Errors
    /// [`VerifyError`], which names the first thing that is wrong.
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &impl KeySource,
        now: NumericDate,
    ) -> Result<Verified<C>, VerifyError> {
        self.verify_traced(token, keys, now, &mut ())
    }

    /// As [`Verifier::verify`], and tells what each check sees and decides.
    ///
    /// ```
    /// # use countersign_jwt::{Algorithm, Claims, KeySet, NumericDate, Signer, SigningKey, Verifier};
    /// # let key = SigningKey::generate(Algorithm::Es256)?;
    /// # let keys = KeySet::from(key.verifying_key());
    /// # let now = NumericDate::from_secs(0);
    /// # let signer = Signer::new(key, "https://auth.example", "orders", std::time::Duration::from_secs(60));
    /// let token = signer.sign(&Claims::new(()), now)?;
    /// let explanation = Verifier::new("https://auth.example", "payments").explain::<()>(&token, &keys, now);
    /// let told = explanation.to_string();
    /// assert!(told.contains("aud             REFUSED     orders; expected payments"));
    /// assert!(told.ends_with("refused: aud_mismatch: the token is meant for someone else (aud)\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &impl KeySource,
        now: NumericDate,
    ) -> Explanation<C> {
        let mut notes = Notes::new();
        let outcome = self.verify_traced(token, keys, now, &mut notes);
        notes.finish(outcome)
    }

    #[inline]
    fn verify_traced<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &impl KeySource,
        now: NumericDate,
        trace: &mut impl Trace,
    ) -> Result<Verified<C>, VerifyError> {
        let keys = keys.snapshot(now);
        trace.sees(Check::Keys, || match &keys {
            Ok(keys) => Seen::new(list_keys(keys, ", ")),
            Err(_) => Seen::new("none at the moment"),
        });
        let keys = keys.map_err(|_| VerifyError::KeysUnavailable)?;
        let mut bytes = Vec::new();
        let opened = self.jws.open(token, &keys, &mut bytes, trace)?;
        trace.sees(Check::Payload, || Seen::new(format!("{} characters", opened.payload.len())));
        let length = decode_payload(&opened, &mut bytes)?;
        let text = String::from_utf8(bytes).map_err(|_| PAYLOAD_UTF8)?;
        let mut registered = Registered::default();
        let checked = self.read(&text[..length], now, &mut registered, trace)?;
        Ok(Verified::new(text, length, opened.key, registered, checked))
    }

    /// As [`Verifier::verify`], into a buffer of the caller's: nothing is allocated but what `C` owns, and `C` may
    /// borrow from the buffer, for instance with `&str` fields. A string with escapes cannot be borrowed.
    ///
    /// ```
    /// # use countersign_jwt::{Algorithm, Claims, KeySet, NumericDate, PayloadBuffer, Signer, SigningKey, Verifier};
    /// # use std::time::Duration;
    /// # let key = SigningKey::generate(Algorithm::Hs256)?;
    /// # let keys = KeySet::from(key.verifying_key());
    /// # let now = NumericDate::from_secs(0);
    /// # let verifier = Verifier::new("iss", "aud");
    /// # let signer = Signer::new(key, "iss", "aud", Duration::from_secs(60));
    /// # let token = signer.sign(&Claims::new(serde_json::json!({"email": "a@b.c"})), now)?;
    /// #[derive(serde::Deserialize)]
    /// struct Profile<'t> {
    ///     email: &'t str,
    /// }
    ///
    /// let mut buffer = PayloadBuffer::new();
    /// let verified = verifier.verify_in::<Profile>(&token, &keys, now, &mut buffer)?;
    /// assert_eq!(verified.email, "a@b.c");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_in<'b, C: Deserialize<'b>>(
        &self,
        token: &str,
        keys: &impl KeySource,
        now: NumericDate,
        buffer: &'b mut PayloadBuffer,
    ) -> Result<Verified<C, &'b str>, VerifyError> {
        let keys = keys.snapshot(now).map_err(|_| VerifyError::KeysUnavailable)?;
        let opened = self.jws.open(token, &keys, &mut buffer.bytes, &mut ())?;
        let length = decode_payload(&opened, &mut buffer.bytes)?;
        let text = std::str::from_utf8(&buffer.bytes).map_err(|_| PAYLOAD_UTF8)?;
        let mut registered = Registered::default();
        let checked = self.read(&text[..length], now, &mut registered, &mut ())?;
        Ok(Verified::new(text, length, opened.key, registered, checked))
    }

    /// As [`Verifier::verify`], for a token that has been decoded to choose this verifier; it is not decoded again.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_presented<C: DeserializeOwned>(
        &self,
        presented: Presented<'_>,
        keys: &impl KeySource,
        now: NumericDate,
    ) -> Result<Verified<C>, VerifyError> {
        let keys = keys.snapshot(now).map_err(|_| VerifyError::KeysUnavailable)?;
        let Presented { token, payload: mut text } = presented;
        let opened = self.jws.open(token, &keys, &mut Vec::new(), &mut ())?;
        let length = text.len();
        text.push_str(opened.key.key_id().unwrap_or_default());
        let mut registered = Registered::default();
        let checked = self.read(&text[..length], now, &mut registered, &mut ())?;
        Ok(Verified::new(text, length, opened.key, registered, checked))
    }

    /// Checks again what was right when `token` was verified by this verifier and time may have changed: `exp`, `nbf` and
    /// the greatest age.
    ///
    /// # Errors
    /// [`VerifyError::Expired`], [`VerifyError::NotYetValid`] or [`VerifyError::TooOld`].
    pub fn check_dates_again<C, B>(
        &self,
        token: &Verified<C, B>,
        now: NumericDate,
    ) -> Result<(), VerifyError> {
        self.expected.check_dates(&token.registered, now, &mut ()).map(drop)
    }

    /// Reads a payload, its registered claims into `registered`, and checks its claims.
    fn read<'p, C: Deserialize<'p>>(
        &self,
        text: &'p str,
        now: NumericDate,
        registered: &mut Registered,
        trace: &mut impl Trace,
    ) -> Result<Checked<C>, VerifyError> {
        trace.sees(Check::Claims, || match read::names(text) {
            Ok(names) => Seen::new(list(names, ", ")),
            Err(_) => Seen::new("no JSON object"),
        });
        let wanted = self.expected.wanted();
        let payload = read::read::<C>(text, self.subject_form, wanted, registered).map_err(payload_error)?;
        let expires_at = self.expected.check(text, registered, &payload, now, trace)?;
        Ok(Checked { expires_at, claims: payload.private })
    }
}

/// A verifier that also takes a `sub` that is an integer, as its decimal digits: for tokens of older systems.
///
/// RFC 7519 §4.1.2 says that `sub` is a string, and everything else here holds to it.
///
/// ```
/// # use countersign_jwt::{Algorithm, KeySet, NumericDate, NumericSubject, SigningKey, Verifier, jws};
/// # let key = SigningKey::generate(Algorithm::Hs256)?;
/// # let keys = KeySet::from(key.verifying_key());
/// # let now = NumericDate::from_secs(0);
/// let old = jws::sign(&key, Some("JWT"), br#"{"iss":"i","aud":"a","exp":60,"sub":42}"#)?;
/// let verifier = Verifier::new("i", "a");
/// assert_eq!(verifier.verify::<()>(&old, &keys, now).unwrap_err().code(), "claim_invalid");
/// assert_eq!(NumericSubject::accept(verifier).verify::<()>(&old, &keys, now)?.subject(), Some("42"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct NumericSubject {
    verifier: Verifier,
}

impl NumericSubject {
    /// Takes what `verifier` takes, and numeric subjects.
    #[must_use]
    pub fn accept(verifier: Verifier) -> Self {
        Self { verifier: Verifier { subject_form: SubjectForm::TextOrInteger, ..verifier } }
    }

    /// As [`Verifier::verify`].
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &impl KeySource,
        now: NumericDate,
    ) -> Result<Verified<C>, VerifyError> {
        self.verifier.verify(token, keys, now)
    }
}

pub(super) const PAYLOAD_UTF8: VerifyError = VerifyError::Malformed { reason: "the payload is not UTF-8" };

/// Decodes the payload and puts the id of the key behind it; the length of the payload.
fn decode_payload(opened: &Opened<'_, '_>, buffer: &mut Vec<u8>) -> Result<usize, VerifyError> {
    let key_id = opened.key.key_id().unwrap_or_default();
    buffer.clear();
    buffer.reserve(base64url::decoded_length(opened.payload) + key_id.len());
    base64url::decode_into(opened.payload, buffer).map_err(|_| PAYLOAD_ENCODING)?;
    let length = buffer.len();
    buffer.extend_from_slice(key_id.as_bytes());
    Ok(length)
}

fn payload_error(error: PayloadError) -> VerifyError {
    match error {
        PayloadError::MissingClaim(claim) => missing(claim),
        PayloadError::InvalidClaim(claim, reason) => VerifyError::InvalidClaim { claim, reason },
        PayloadError::Invalid(error) => VerifyError::InvalidPayload(error),
    }
}
