//! Any bytes, taken for the payload of a token whose signature is good.

use std::cmp::Ordering;
use std::time::Duration;

use countersign_jwt::{
    Claims, KeySet, NumericDate, PayloadBuffer, RegisteredClaim, Signer, Verified, Verifier, VerifyError,
    json,
};
use serde::de::IgnoredAny;
use serde_json::Number;

use crate::keys;
use crate::reference::{Json, strict_json};

const HEADER: &[u8] = br#"{"alg":"HS256"}"#;
const NOW: i64 = 1000;
const LEEWAY: i64 = 60;
const MAX_AGE: i64 = 500;

const REGISTERED: [RegisteredClaim; 7] = [
    RegisteredClaim::Issuer,
    RegisteredClaim::Subject,
    RegisteredClaim::Audience,
    RegisteredClaim::Expiration,
    RegisteredClaim::NotBefore,
    RegisteredClaim::IssuedAt,
    RegisteredClaim::TokenId,
];

/// JSON is read as another strict reader reads it, skipped as strictly as it is used, and written so that it can be read
/// again. Claims are accepted exactly when the reference accepts them, and then say what they say there.
pub fn check(data: &[u8]) {
    let payload = std::str::from_utf8(data).ok().and_then(read_json);
    let token = keys::compact(HEADER, data);
    let checks = Checks { token, keys: KeySet::from(keys::hmac().verifying_key()) };
    if let Some(verified) = checks.plain(payload.as_ref().map_or(Some(false), accepts)) {
        let payload = payload.as_ref().unwrap();
        says_the_same(&verified, payload);
        assert_eq!(verified.payload().as_bytes(), data);
        signs_again(&verified);
    }
    checks.demanding(payload.as_ref().map_or(Some(false), accepts_demanding));
}

/// The JSON that `text` is, by both readers.
fn read_json(text: &str) -> Option<Json> {
    let expected = strict_json(text);
    let read = json::from_str::<Json>(text);
    assert_eq!(read.as_ref().ok(), expected.as_ref());
    let skipped = json::from_str::<IgnoredAny>(text);
    assert_eq!(read.as_ref().err(), skipped.as_ref().err());
    if let Ok(value) = &read {
        let written = serde_json::to_string(value).unwrap();
        assert_eq!(json::from_str::<Json>(&written).as_ref(), Ok(value));
    }
    expected
}

struct Checks {
    token: String,
    keys: KeySet,
}

impl Checks {
    /// Whether a token is accepted does not depend on how it is verified, nor on the type its claims are read into.
    fn plain(&self, expected: Option<bool>) -> Option<Verified<Json>> {
        let verifier = Verifier::new("i", "a").max_length(usize::MAX);
        let verified = self.agree(&verifier, expected);
        let now = NumericDate::from_secs(NOW);
        let nothing = verifier.verify::<()>(&self.token, &self.keys, now);
        assert_eq!(nothing.err().as_ref(), verified.as_ref().err());
        let ignored = verifier.verify::<IgnoredAny>(&self.token, &self.keys, now);
        assert_eq!(ignored.err().as_ref(), verified.as_ref().err());
        verified.ok()
    }

    fn demanding(&self, expected: Option<bool>) {
        let max_age = Duration::from_secs(MAX_AGE.unsigned_abs());
        let verifier = Verifier::new("i", "a").max_length(usize::MAX);
        let verifier = verifier.require("x").require("sub").nonce("n").max_age(max_age);
        let _ = self.agree(&verifier, expected);
    }

    fn agree(&self, verifier: &Verifier, expected: Option<bool>) -> Result<Verified<Json>, VerifyError> {
        let now = NumericDate::from_secs(NOW);
        let verified = verifier.verify::<Json>(&self.token, &self.keys, now);
        if let Some(expected) = expected {
            assert_eq!(verified.is_ok(), expected, "{:?}", verified.as_ref().err());
        }
        let explanation = verifier.explain::<Json>(&self.token, &self.keys, now);
        assert_eq!(explanation.error(), verified.as_ref().err());
        let mut buffer = PayloadBuffer::new();
        let borrowed = verifier.verify_in::<Json>(&self.token, &self.keys, now, &mut buffer);
        match (&borrowed, &verified) {
            (Ok(one), Ok(other)) => {
                assert!(one.payload() == other.payload() && one.claims() == other.claims());
            }
            (Err(one), Err(other)) => assert_eq!(one, other),
            _ => panic!("accepted in one way and refused in another"),
        }
        verified
    }
}

/// The verdict of the reference on claims whose issuer must be `i` and audience `a`; `None` where a date is so close to
/// the limit that rounding decides.
fn accepts(payload: &Json) -> Option<bool> {
    let text = |name| payload.member(name).is_none_or(|value| value.text().is_some());
    let date = |name| payload.member(name).is_none_or(|value| matches!(value, Json::Number(_)));
    let well_formed = matches!(payload, Json::Object(_))
        && ["iss", "sub", "jti"].into_iter().all(text)
        && ["exp", "nbf", "iat"].into_iter().all(date);
    let meant_for_us = match payload.member("aud") {
        Some(Json::Text(name)) => name == "a",
        Some(names) => names.texts().is_some_and(|names| names.contains(&"a")),
        None => false,
    };
    let from_us = payload.member("iss").and_then(Json::text) == Some("i");
    let (Some(Json::Number(expires_at)), true) =
        (payload.member("exp"), well_formed && meant_for_us && from_us)
    else {
        return Some(false);
    };
    let begun = match payload.member("nbf") {
        Some(Json::Number(not_before)) => compare(not_before, NOW + LEEWAY)?.is_le(),
        _ => true,
    };
    Some(compare(expires_at, NOW - LEEWAY)?.is_gt() && begun)
}

fn accepts_demanding(payload: &Json) -> Option<bool> {
    let there = payload.member("x").is_some()
        && payload.member("sub").is_some()
        && payload.member("nonce").and_then(Json::text) == Some("n");
    let (Some(Json::Number(issued_at)), true) = (payload.member("iat"), there) else { return Some(false) };
    let young =
        compare(issued_at, NOW - LEEWAY - MAX_AGE)?.is_ge() && compare(issued_at, NOW + LEEWAY)?.is_le();
    Some(young && accepts(payload)?)
}

/// How a date stands to a moment; `None` where rounding decides.
fn compare(date: &Number, moment: i64) -> Option<Ordering> {
    if let Some(date) = date.as_i64() {
        return Some(date.cmp(&moment));
    }
    let difference = date.as_f64()? - moment as f64;
    if difference.abs() > 1e-8 { difference.partial_cmp(&0.0) } else { None }
}

fn says_the_same(verified: &Verified<Json>, payload: &Json) {
    let text = |name| payload.member(name).and_then(Json::text);
    assert_eq!(verified.issuer(), text("iss"));
    assert_eq!(verified.subject(), text("sub"));
    assert_eq!(verified.token_id(), text("jti"));
    let audience: Vec<&str> = verified.audience().collect();
    match payload.member("aud") {
        Some(Json::Text(name)) => assert_eq!(audience, [name]),
        names => assert_eq!(Some(audience), names.and_then(Json::texts)),
    }
    let whole = |name| match payload.member(name) {
        Some(Json::Number(number)) => number.as_i64(),
        _ => None,
    };
    let dates =
        [("exp", Some(verified.expires_at())), ("nbf", verified.not_before()), ("iat", verified.issued_at())];
    for (name, found) in dates {
        assert_eq!(found.is_some(), payload.member(name).is_some(), "{name}");
        if let Some(secs) = whole(name) {
            assert_eq!(found, Some(NumericDate::from_secs(secs)), "{name}");
        }
    }
    let Json::Object(members) = payload else { panic!("accepted a payload that is not an object") };
    let is_private = |name: &String| REGISTERED.iter().all(|claim| claim.name() != name);
    let private = members.iter().filter(|(name, _)| is_private(name)).cloned().collect();
    assert_eq!(verified.claims(), &Json::Object(private));
}

/// Claims that were verified can be signed, and then say the same.
fn signs_again(verified: &Verified<Json>) {
    let now = NumericDate::from_secs(NOW);
    let signer = Signer::new(keys::hmac(), "i", "a", Duration::from_secs(1));
    let mut claims = Claims::new(verified.claims());
    if let Some(subject) = verified.subject() {
        claims = claims.subject(subject);
    }
    let token = signer.sign(&claims, now).unwrap();
    let keys = KeySet::from(keys::hmac().verifying_key());
    let verifier = Verifier::new("i", "a").max_length(usize::MAX);
    let again = verifier.verify::<Json>(&token, &keys, now).unwrap();
    assert_eq!(again.claims(), verified.claims());
    assert_eq!(again.subject(), verified.subject());
}
