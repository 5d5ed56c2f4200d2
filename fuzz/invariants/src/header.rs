//! Any bytes, taken for the header of a token whose signature is good.

use countersign_jwt::jws::JwsVerifier;
use countersign_jwt::{Algorithm, KeySet, NumericDate, Unverified, Verifier};

use crate::keys;
use crate::reference::strict_json;

const PAYLOAD: &[u8] = br#"{"iss":"i","aud":"a","exp":1001}"#;

/// The header is judged as the reference judges it, on the first token that carries it and on the second, when it may be
/// recognised without being read.
pub fn check(data: &[u8]) {
    let now = NumericDate::from_secs(1000);
    let token = keys::compact(data, PAYLOAD);
    let keys = KeySet::from(keys::hmac().verifying_key());
    let verifier = Verifier::new("i", "a").max_length(usize::MAX);
    let expected = judge(data);
    for time in ["first", "second"] {
        let found = verifier.verify::<()>(&token, &keys, now);
        assert_eq!(found.map(drop).map_err(|error| error.code()), expected, "the {time} time");
    }

    let untyped = JwsVerifier::new().max_length(usize::MAX).verify(&token, &keys, now);
    match untyped {
        Ok(payload) => assert!(payload == PAYLOAD && matches!(expected, Ok(()) | Err("typ_mismatch"))),
        Err(error) => assert!(expected == Err(error.code()) || expected == Err("typ_mismatch")),
    }
    if token.len() < 16 * 1024 {
        let readable = !matches!(
            expected,
            Err("token_malformed" | "header_invalid" | "crit_unsupported" | "algorithm_unsupported")
        );
        assert_eq!(Unverified::decode(&token).is_ok(), readable);
    }
}

/// The code that a header is refused with, by the rules of RFC 7515 §4 and the key of the check.
fn judge(header: &[u8]) -> Result<(), &'static str> {
    let text = std::str::from_utf8(header).map_err(|_| "token_malformed")?;
    let header = strict_json(text).ok_or("header_invalid")?;
    let text = |name| match header.member(name) {
        None => Ok(None),
        Some(value) => value.text().map(Some).ok_or("header_invalid"),
    };
    let (algorithm, token_type, key_id) = (text("alg")?.ok_or("header_invalid")?, text("typ")?, text("kid")?);
    if header.member("crit").is_some() {
        return Err("crit_unsupported");
    }
    if !Algorithm::ALL.iter().any(|known| known.name() == algorithm) {
        return Err("algorithm_unsupported");
    }
    if token_type.is_some_and(|name| !["jwt", "application/jwt"].contains(&&*name.to_ascii_lowercase())) {
        return Err("typ_mismatch");
    }
    if key_id.is_some_and(|id| id != keys::KEY_ID) {
        return Err("key_unknown");
    }
    if algorithm != Algorithm::Hs256.name() {
        return Err("algorithm_mismatch");
    }
    Ok(())
}
