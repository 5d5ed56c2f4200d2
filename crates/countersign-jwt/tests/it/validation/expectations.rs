//! What a verifier can ask for beyond the rule: required claims, and the values of `sub`, `jti` and `nonce`.

use countersign_jwt::Verifier;
use serde_json::json;

use super::verdict;
use crate::support::{verifier, verify, with, with_text, without};

#[test]
fn a_required_claim_must_be_there_whether_registered_or_not() {
    for claim in ["sub", "iat", "jti", "email", "exp", "iss", "aud"] {
        let verifier = verifier().require(claim);
        assert_eq!(verdict(verify(&verifier, with("x", 1))), "ok");
        assert_eq!(verdict(verify(&verifier, without(claim))), format!("claim_missing {claim}"));
    }
    assert_eq!(verdict(verify(&verifier().require("nbf"), with("x", 1))), "claim_missing nbf");
}

#[test]
fn the_first_of_several_missing_claims_is_named() {
    let verifier = verifier().require("email").require("a").require("b").require("a");
    assert_eq!(verdict(verify(&verifier, with("x", 1))), "claim_missing a");
    assert_eq!(verdict(verify(&verifier, with("a", 1))), "claim_missing b");
    assert_eq!(verdict(verify(&verifier, with_text(r#""a":1,"b":2,"email":3"#))), "ok");
}

#[test]
fn a_required_claim_is_looked_for_at_the_top_and_by_its_exact_name() {
    let verifier = verifier().require("tenant");
    for elsewhere in
        [r#""x":{"tenant":1}"#, r#""x":["tenant"]"#, r#""x":"tenant""#, r#""Tenant":1"#, r#""tenan":1"#]
    {
        assert_eq!(verdict(verify(&verifier, with_text(elsewhere))), "claim_missing tenant");
    }
    assert_eq!(verdict(verify(&verifier, with_text(r#""\u0074enant":1"#))), "ok");
    assert_eq!(
        verdict(verify(&verifier, with_text(r#""tenant":null"#))),
        "ok",
        "what it holds is for its type to say"
    );
}

#[test]
fn a_required_claim_still_has_to_have_its_form() {
    for claim in ["sub", "jti", "iat", "nbf"] {
        let refused = verdict(verify(&verifier().require(claim), with(claim, json!(null))));
        assert_eq!(refused, format!("claim_invalid {claim}"));
    }
}

/// The three values that can be expected, and the verifier that expects `wanted`.
fn expecting(wanted: &str) -> [(&'static str, Verifier); 3] {
    [
        ("sub", verifier().subject(wanted)),
        ("jti", verifier().token_id(wanted)),
        ("nonce", verifier().nonce(wanted)),
    ]
}

#[test]
fn an_expected_value_must_be_there_and_be_the_one() {
    for (claim, verifier) in expecting("wanted") {
        assert_eq!(verdict(verify(&verifier, with(claim, "wanted"))), "ok");
        for other in ["other", "", "Wanted", "wanted ", "wante", "wantedd"] {
            assert_eq!(verdict(verify(&verifier, with(claim, other))), format!("claim_mismatch {claim}"));
        }
        assert_eq!(verdict(verify(&verifier, with_text(r#""x":1"#))), format!("claim_missing {claim}"));
        for form in [json!(1), json!(null), json!(["wanted"]), json!({"wanted": 1}), json!(true)] {
            assert_eq!(verdict(verify(&verifier, with(claim, form))), format!("claim_invalid {claim}"));
        }
    }
}

#[test]
fn an_expected_value_may_be_empty_or_have_escapes() {
    for (claim, verifier) in expecting("") {
        assert_eq!(verdict(verify(&verifier, with(claim, ""))), "ok");
        assert_eq!(verdict(verify(&verifier, with(claim, "x"))), format!("claim_mismatch {claim}"));
    }
    for (claim, verifier) in expecting("a/b\n") {
        for text in [r"a\/b\n", r"\u0061/b\u000a"] {
            assert_eq!(verdict(verify(&verifier, with_text(&format!(r#""{claim}" : "{text}""#)))), "ok");
        }
    }
}

#[test]
fn a_nonce_that_is_expected_is_still_one_of_the_applications_claims() {
    let verified = verify(&verifier().nonce("n-1"), with("nonce", "n-1")).unwrap();
    assert_eq!(verified.claims()["nonce"], "n-1");
    let nested = with_text(r#""x":{"nonce":"n-1"}"#);
    assert_eq!(verdict(verify(&verifier().nonce("n-1"), nested)), "claim_missing nonce");
    assert_eq!(verdict(verify(&verifier(), with("nonce", 7))), "ok", "nobody asked for it");
}

#[test]
fn expectations_are_all_checked() {
    let verifier = verifier().subject("user-1").token_id("token-1").nonce("n-1").require("email");
    assert_eq!(verdict(verify(&verifier, with("nonce", "n-1"))), "ok");
    assert_eq!(verdict(verify(&verifier, with("nonce", "n-2"))), "claim_mismatch nonce");
    for (claim, refused) in
        [("sub", "claim_missing sub"), ("jti", "claim_missing jti"), ("email", "claim_missing email")]
    {
        assert_eq!(verdict(verify(&verifier, without(claim))), refused);
    }
}
