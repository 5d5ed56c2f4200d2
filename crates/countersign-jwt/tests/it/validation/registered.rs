//! `iss`, `sub`, `aud`, `jti`: there, of the right form, and the ones that are expected (RFC 7519 §4.1).

use countersign_jwt::{AnyAudience, AnyIssuer, NumericSubject, Verifier};
use serde_json::{Value, json};

use super::verdict;
use crate::support::{
    AUDIENCE, ISSUER, NOW, keys, secret, signed, verifier, verify, with, with_text, without,
};

fn anybody() -> Verifier {
    Verifier::new(AnyIssuer, AnyAudience)
}

#[test]
fn iss_aud_and_exp_must_be_there() {
    for claim in ["iss", "aud", "exp"] {
        assert_eq!(verdict(verify(&verifier(), without(claim))), format!("claim_missing {claim}"));
    }
    for claim in ["sub", "iat", "jti", "email"] {
        assert_eq!(verdict(verify(&verifier(), without(claim))), "ok", "{claim}");
    }
    assert_eq!(verdict(verify(&anybody(), without("iss"))), "ok");
    assert_eq!(verdict(verify(&anybody(), without("aud"))), "ok");
    assert_eq!(verdict(verify(&anybody(), without("exp"))), "claim_missing exp");
}

#[test]
fn a_text_is_a_string_and_null_is_not_the_absence_of_one() {
    for claim in ["iss", "sub", "jti"] {
        for value in [json!(null), json!(1), json!(true), json!([]), json!({}), json!([ISSUER]), json!(1.5)] {
            let payload = with(claim, value.clone());
            assert_eq!(verdict(verify(&verifier(), &payload)), format!("claim_invalid {claim}"), "{value}");
            assert_eq!(verdict(verify(&anybody(), &payload)), format!("claim_invalid {claim}"), "{value}");
        }
    }
}

#[test]
fn an_audience_is_a_string_or_an_array_of_strings() {
    for value in
        [json!(AUDIENCE), json!([AUDIENCE]), json!(["x", AUDIENCE]), json!([AUDIENCE, AUDIENCE, "x"])]
    {
        assert_eq!(verdict(verify(&verifier(), with("aud", value.clone()))), "ok", "{value}");
    }
    for value in
        [json!("x"), json!(["x", "y"]), json!([]), json!(""), json!([""]), json!("API"), json!("api ")]
    {
        assert_eq!(verdict(verify(&verifier(), with("aud", value.clone()))), "aud_mismatch", "{value}");
    }
    for value in [
        json!(null),
        json!(1),
        json!({}),
        json!({"api": true}),
        json!([AUDIENCE, 1]),
        json!([1, AUDIENCE]),
        json!([null]),
        json!([[AUDIENCE]]),
        json!(true),
    ] {
        for verifier in [verifier(), anybody()] {
            assert_eq!(
                verdict(verify(&verifier, with("aud", value.clone()))),
                "claim_invalid aud",
                "{value}"
            );
        }
    }
}

#[test]
fn the_issuer_is_compared_character_by_character() {
    for stranger in [
        "https://issuer.example/",
        "https://issuer.exampl",
        "https://Issuer.example",
        "http://issuer.example",
        " https://issuer.example",
        "https://issuer.example.attacker.example",
        "https://issuer.example\u{0}",
        "",
    ] {
        assert_eq!(verdict(verify(&verifier(), with("iss", stranger))), "iss_mismatch", "{stranger:?}");
        assert_eq!(verdict(verify(&anybody(), with("iss", stranger))), "ok");
    }
    // é composed and decomposed: looked at as they are, never made alike (RFC 7515 §5.3).
    assert_eq!(
        verdict(verify(&Verifier::new("caf\u{e9}", AUDIENCE), with("iss", "cafe\u{301}"))),
        "iss_mismatch"
    );
}

#[test]
fn one_of_several_issuers_and_one_of_several_audiences_will_do() {
    let (issuer, audience) = (ISSUER.to_owned(), AUDIENCE.to_owned());
    let verifiers = [
        Verifier::new(["https://other.example", ISSUER], ["reports", AUDIENCE]),
        Verifier::new(vec![ISSUER.to_owned(), "x".to_owned()], vec![AUDIENCE]),
        Verifier::new(ISSUER.to_owned(), AUDIENCE.to_owned()),
        Verifier::new(&issuer, &audience),
    ];
    for verifier in &verifiers {
        assert_eq!(verdict(verify(verifier, with("aud", json!(["a", "b", AUDIENCE])))), "ok");
        assert_eq!(verdict(verify(verifier, with("iss", "https://stranger.example"))), "iss_mismatch");
        assert_eq!(verdict(verify(verifier, with("aud", json!(["a", "b"])))), "aud_mismatch");
    }
}

#[test]
fn nobody_is_accepted_where_the_list_is_empty() {
    let none: [&str; 0] = [];
    assert_eq!(verdict(verify(&Verifier::new(none, AUDIENCE), with("x", 1))), "iss_mismatch");
    assert_eq!(verdict(verify(&Verifier::new(ISSUER, none), with("x", 1))), "aud_mismatch");
}

#[test]
fn what_the_claims_say_is_handed_on_as_it_stands() {
    let verified = verify(&verifier(), with("aud", json!(["first", AUDIENCE, "last"]))).unwrap();
    assert_eq!(verified.issuer(), Some(ISSUER));
    assert_eq!(verified.subject(), Some("user-1"));
    assert_eq!(verified.token_id(), Some("token-1"));
    assert_eq!(verified.audience().collect::<Vec<_>>(), ["first", AUDIENCE, "last"]);
    assert_eq!(verified.key_id(), None);
    assert_eq!(verified.claims(), &json!({"email": "ada@example.com"}));
    let payload: Value = serde_json::from_str(verified.payload()).unwrap();
    assert_eq!(payload["aud"][2], "last");
    let bare = verify(&anybody(), r#"{"exp":1700000900}"#).unwrap();
    assert_eq!((bare.issuer(), bare.subject(), bare.token_id()), (None, None, None));
    assert_eq!(bare.audience().count(), 0);
}

#[test]
fn a_claim_with_escapes_is_the_text_that_it_stands_for() {
    let payload = r#"{"iss":"\u0068ttps:\/\/issuer.example","aud":["\u0061pi","caf\u00e9"],"\u0065xp":1700000900,
        "\u0073ub":"\ud83d\ude00\n","jti":"\"\\\"","x\u0079":"z"}"#;
    let verified = verify(&verifier(), payload).unwrap();
    assert_eq!(verified.issuer(), Some(ISSUER));
    assert_eq!(verified.audience().collect::<Vec<_>>(), [AUDIENCE, "café"]);
    assert_eq!(verified.subject(), Some("😀\n"));
    assert_eq!(verified.token_id(), Some(r#""\""#));
    assert_eq!(verified.claims(), &json!({"xy": "z"}));
}

#[test]
fn a_claim_of_any_length_is_handed_on() {
    for length in [0, 1, 7, 8, 9, 63, 64, 65, 5_000] {
        let subject = "é".repeat(length / 2) + &"x".repeat(length % 2);
        let verified = verify(&verifier(), with("sub", subject.as_str())).unwrap();
        assert_eq!(verified.subject(), Some(subject.as_str()));
    }
}

#[test]
fn a_numeric_subject_is_taken_only_where_that_is_said() {
    let numeric = NumericSubject::accept(verifier());
    let check = |text: &str| {
        let token = signed(with_text(&format!(r#""sub":{text}"#)));
        let strict = verdict(verifier().verify::<()>(&token, &keys(secret()), NOW));
        let lenient = numeric.verify::<()>(&token, &keys(secret()), NOW);
        (strict, lenient.map(|verified| verified.subject().unwrap().to_owned()))
    };
    for (text, expected) in [
        ("42", "42"),
        ("0", "0"),
        ("-0", "0"),
        ("-7", "-7"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        (" \t42 ", "42"),
    ] {
        assert_eq!(check(text), ("claim_invalid sub".to_owned(), Ok(expected.to_owned())));
    }
    for text in ["1.5", "42.0", "4e1", "18446744073709551616", "true", "null", "[42]", "{}", "042", "+42"] {
        let (strict, lenient) = check(text);
        assert_ne!(strict, "ok");
        assert_eq!(verdict(lenient), "claim_invalid sub", "{text}");
    }
    assert_eq!(check(r#""42""#), ("ok".to_owned(), Ok("42".to_owned())));
    assert_eq!(check(r#""user-1""#), ("ok".to_owned(), Ok("user-1".to_owned())));
}

#[test]
fn a_numeric_subject_is_held_to_everything_else() {
    let check = |verifier: Verifier, payload: String| {
        verdict(NumericSubject::accept(verifier).verify::<()>(&signed(payload), &keys(secret()), NOW))
    };
    assert_eq!(check(verifier().subject("42"), with("sub", 42)), "ok");
    assert_eq!(check(verifier().subject("42"), with("sub", 43)), "claim_mismatch sub");
    assert_eq!(check(verifier(), with("iss", 42)), "claim_invalid iss", "only of sub");
    assert_eq!(check(verifier(), with("jti", 42)), "claim_invalid jti");
    assert_eq!(check(verifier(), with("exp", 42)), "token_expired");
    assert_eq!(check(verifier().require("sub"), without("sub")), "claim_missing sub");
}
