//! Claims that borrow from a buffer of the caller's.

use std::borrow::Cow;

use countersign_jwt::{NumericDate, PayloadBuffer};
use serde::Deserialize;

use super::verdict;
use crate::support::{
    AUDIENCE, ISSUER, NOW, claims, key, keys, secret, signed, token, verifier, with, with_text, without,
};

#[derive(Debug, PartialEq, Deserialize)]
struct Profile<'t> {
    email: &'t str,
}

#[test]
fn claims_borrow_from_the_buffer() {
    let mut buffer = PayloadBuffer::new();
    let token = signed(claims().to_string());
    let verified = verifier().verify_in::<Profile>(&token, &keys(secret()), NOW, &mut buffer).unwrap();
    assert_eq!(verified.email, "ada@example.com");
    assert_eq!((verified.issuer(), verified.subject()), (Some(ISSUER), Some("user-1")));
    assert_eq!(verified.audience().collect::<Vec<_>>(), [AUDIENCE]);
    assert_eq!(verified.payload(), claims().to_string());
    assert_eq!(verified.into_claims(), Profile { email: "ada@example.com" });
}

#[test]
fn a_buffer_serves_one_token_after_the_other_whatever_their_lengths() {
    let mut buffer = PayloadBuffer::new();
    let set = keys(secret());
    for length in [5, 5_000, 0, 300, 1] {
        let email = "x".repeat(length);
        let token = signed(with("email", email.as_str()));
        let verified = verifier().verify_in::<Profile>(&token, &set, NOW, &mut buffer).unwrap();
        assert_eq!(verified.email, email);
        assert_eq!(verified.payload(), with("email", email.as_str()), "nothing is left of the one before");
        assert_eq!(verified.key_id(), None);
    }
}

#[test]
fn a_buffer_serves_on_after_a_token_that_was_refused() {
    let mut buffer = PayloadBuffer::new();
    let set = keys(secret());
    for (payload, expected) in [
        (with("exp", 1), "token_expired"),
        (without("email"), "claim_missing email"),
        ("[".repeat(4_000), "payload_invalid"),
        ("\u{feff}".to_owned(), "payload_invalid"),
    ] {
        let refused = verifier().verify_in::<Profile>(&signed(payload), &set, NOW, &mut buffer);
        assert_eq!(verdict(refused), expected);
        let token = signed(claims().to_string());
        let verified = verifier().verify_in::<Profile>(&token, &set, NOW, &mut buffer).unwrap();
        assert_eq!(verified.email, "ada@example.com");
    }
    let late = NumericDate::from_secs(NOW.as_secs() + 10_000);
    let token = signed(claims().to_string());
    assert_eq!(verdict(verifier().verify_in::<Profile>(&token, &set, late, &mut buffer)), "token_expired");
}

#[test]
fn a_text_with_escapes_cannot_be_borrowed_but_may_be_owned() {
    #[derive(Deserialize)]
    struct Either<'t> {
        #[serde(borrow)]
        email: Cow<'t, str>,
    }

    let (mut buffer, set) = (PayloadBuffer::new(), keys(secret()));
    let escaped = signed(with_text(r#""email":"ada\u0040example.com""#));
    let refused = verifier().verify_in::<Profile>(&escaped, &set, NOW, &mut buffer);
    assert_eq!(verdict(refused), "claim_invalid email");
    let verified = verifier().verify_in::<Either>(&escaped, &set, NOW, &mut buffer).unwrap();
    assert!(matches!(&verified.email, Cow::Owned(email) if email == "ada@example.com"));
}

#[test]
fn both_ways_of_verifying_say_the_same() {
    let set = keys(secret());
    let payloads = [
        claims().to_string(),
        with("exp", 1),
        with("iss", "stranger"),
        with("aud", "stranger"),
        with("sub", 1),
        without("email"),
        "[]".to_owned(),
        with_text(r#""email":"x","x":1,"x":2"#),
    ];
    let mut buffer = PayloadBuffer::new();
    for payload in payloads {
        #[derive(Deserialize)]
        struct Owned {
            #[expect(dead_code, reason = "only read from claims")]
            email: String,
        }
        let token = signed(payload);
        let owned = verdict(verifier().verify::<Owned>(&token, &set, NOW));
        assert_eq!(verdict(verifier().verify_in::<Profile>(&token, &set, NOW, &mut buffer)), owned);
    }
}

#[test]
fn the_id_of_the_key_outlives_the_set() {
    let mut buffer = PayloadBuffer::new();
    let key = key(countersign_jwt::Algorithm::EdDsa).clone().with_key_id("schlüssel-1");
    let token = token(&key, r#"{"alg":"EdDSA"}"#, claims().to_string());
    let (owned, borrowed) = {
        let set = keys(&key);
        let owned = verifier().verify::<()>(&token, &set, NOW).unwrap();
        (owned, verifier().verify_in::<Profile>(&token, &set, NOW, &mut buffer).unwrap())
    };
    assert_eq!(owned.key_id(), Some("schlüssel-1"), "of the key, which the token did not name");
    assert_eq!(borrowed.key_id(), Some("schlüssel-1"));
    assert_eq!(owned.payload(), claims().to_string());
}
