//! What is printed for people who ask why a token is refused.

use std::time::Duration;

use countersign_jwt::{
    AccessTokenClaims, Algorithm, CheckOutcome, CheckReport, Explanation, KeySet, NumericDate, Verifier,
};
use serde_json::json;

use crate::support::{ISSUER, NOW, claims, key, keys, secret, signed, token, verifier, with, without};

fn explain(verifier: &Verifier, payload: impl AsRef<[u8]>) -> Explanation<()> {
    verifier.explain::<()>(&signed(payload), &keys(secret()), NOW)
}

fn outcome_of<C>(explanation: &Explanation<C>, check: &str) -> CheckOutcome {
    explanation.checks().iter().find(|report| report.check == check).expect(check).outcome
}

fn saw(explanation: &Explanation<()>, check: &str) -> String {
    explanation.checks().iter().find(|report| report.check == check).expect(check).saw.clone()
}

const CHECKS: [&str; 18] = [
    "keys",
    "length",
    "form",
    "header",
    "typ",
    "key",
    "signature",
    "payload",
    "claims",
    "required claims",
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "sub",
    "jti",
    "nonce",
];

#[test]
fn a_good_token_passes_every_check_that_was_asked_for() {
    let everything = verifier()
        .require("email")
        .max_age(Duration::from_secs(300))
        .subject("user-1")
        .token_id("token-1")
        .nonce("n-1");
    let mut payload = claims();
    (payload["nonce"], payload["nbf"]) = (json!("n-1"), json!(NOW.as_secs() - 5));
    let explanation = explain(&everything, payload.to_string());
    assert_eq!(explanation.error(), None);
    let checks: Vec<_> = explanation.checks().iter().map(|report| report.check).collect();
    assert_eq!(checks, CHECKS);
    assert!(
        explanation.checks().iter().all(|report| report.outcome == CheckOutcome::Passed),
        "{explanation}"
    );
    assert!(saw(&explanation, "iss").contains(ISSUER));
    assert!(saw(&explanation, "exp").contains("900 s"), "{explanation}");
    assert!(explanation.to_string().ends_with("accepted\n"));
}

#[test]
fn a_check_that_was_not_asked_for_is_named_as_skipped() {
    let explanation = explain(
        &Verifier::new(countersign_jwt::AnyIssuer, countersign_jwt::AnyAudience),
        claims().to_string(),
    );
    assert_eq!(explanation.error(), None);
    for check in ["required claims", "iss", "aud", "nbf", "iat", "sub", "jti", "nonce"] {
        assert_eq!(outcome_of(&explanation, check), CheckOutcome::Skipped, "{check}");
        assert!(!saw(&explanation, check).is_empty());
    }
    assert_eq!(outcome_of(&explanation, "exp"), CheckOutcome::Passed);
}

#[test]
fn the_check_that_refuses_is_the_last_that_was_made() {
    let late = NOW.as_secs() - 1000;
    for (payload, check, code) in [
        ("[]".to_owned(), "claims", "payload_invalid"),
        (with("iss", "stranger"), "iss", "iss_mismatch"),
        (without("iss"), "iss", "claim_missing"),
        (with("aud", "stranger"), "aud", "aud_mismatch"),
        (without("aud"), "aud", "claim_missing"),
        (with("exp", late), "exp", "token_expired"),
        (without("exp"), "exp", "claim_missing"),
        (with("nbf", NOW.as_secs() + 1000), "nbf", "token_not_yet_valid"),
        (with("iat", late), "iat", "token_too_old"),
        (without("iat"), "iat", "claim_missing"),
        (with("sub", "other"), "sub", "claim_mismatch"),
        (with("jti", "other"), "jti", "claim_mismatch"),
        (with("nonce", "other"), "nonce", "claim_mismatch"),
        (without("email"), "required claims", "claim_missing"),
    ] {
        let verifier = verifier()
            .require("email")
            .max_age(Duration::from_secs(300))
            .subject("user-1")
            .token_id("token-1")
            .nonce("n-1");
        let explanation = explain(&verifier, payload);
        assert_eq!(explanation.error().map(|error| error.code()), Some(code));
        let at = CHECKS.iter().position(|name| *name == check).unwrap();
        let (before, from) = explanation.checks().split_at(at);
        let made =
            |report: &CheckReport| [CheckOutcome::Passed, CheckOutcome::Skipped].contains(&report.outcome);
        assert!(before.iter().all(made), "{explanation}");
        assert_eq!(from[0].outcome, CheckOutcome::Refused, "{explanation}");
        assert!(from[1..].iter().all(|report| report.outcome == CheckOutcome::NotReached), "{explanation}");
        assert!(explanation.to_string().contains(&format!("refused: {code}")), "{explanation}");
    }
}

#[test]
fn a_token_that_is_refused_before_its_claims_are_read_shows_none_of_them() {
    let good = signed(claims().to_string());
    let stranger: KeySet = keys(crate::support::other_key(Algorithm::Hs256));
    let at_jwt = token(secret(), r#"{"alg":"HS256","typ":"at+jwt"}"#, claims().to_string());
    for (token, keys, check) in [
        (good.clone(), &stranger, "signature"),
        (good.clone(), &keys(key(Algorithm::Es256)), "key"),
        (at_jwt, &keys(secret()), "typ"),
        (format!("{good}.x"), &keys(secret()), "form"),
        ("e30.e30.e30".to_owned(), &keys(secret()), "header"),
    ] {
        let explanation = verifier().explain::<()>(&token, keys, NOW);
        assert_eq!(outcome_of(&explanation, check), CheckOutcome::Refused, "{explanation}");
        assert_eq!(outcome_of(&explanation, "iss"), CheckOutcome::NotReached);
        assert!(!explanation.to_string().contains("user-1"));
    }
}

#[test]
fn an_explanation_never_holds_the_signature() {
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::Rs256] {
        let good = token(key(algorithm), &format!(r#"{{"alg":"{algorithm}"}}"#), claims().to_string());
        let (input, signature) = good.rsplit_once('.').unwrap();
        let flipped: String = signature.chars().rev().collect();
        for token in
            [good.clone(), format!("{input}.{flipped}"), format!("{good}.{signature}"), format!("{good}=")]
        {
            for now in [NOW, NumericDate::MAX, NumericDate::MIN] {
                let text = format!("{0} {0:?}", verifier().explain::<()>(&token, &keys(key(algorithm)), now));
                assert!(!text.contains(&signature[..12]) && !text.contains(&flipped[..12]), "{text}");
            }
        }
    }
}

#[test]
fn control_characters_of_a_token_do_not_reach_the_terminal() {
    let explanation = explain(&verifier(), with("sub", "\u{1b}[2J\u{7}"));
    assert!(explanation.to_string().chars().all(|c| c == '\n' || !c.is_control()));
    let evil = token(secret(), r#"{"alg":"HS256","kid":"\u001b[31m","typ":"\u001b[0m"}"#, "{}");
    let explanation = verifier().explain::<()>(&evil, &keys(secret()), NOW);
    assert!(explanation.to_string().chars().all(|c| c == '\n' || !c.is_control()));
    let raw = token(secret(), "\u{1b}[31m", "{}");
    let explanation = verifier().explain::<()>(&raw, &keys(secret()), NOW);
    assert!(explanation.to_string().chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn an_explanation_comes_to_the_same_end_as_a_verification() {
    for payload in [
        claims().to_string(),
        with("exp", 1),
        with("aud", 1),
        without("iss"),
        "x".to_owned(),
        with("nbf", "x"),
    ] {
        let verified = verifier().verify::<()>(&signed(&payload), &keys(secret()), NOW);
        let explained = explain(&verifier(), &payload);
        assert_eq!(explained.error(), verified.as_ref().err());
        let payload_of = |outcome: Result<countersign_jwt::Verified<()>, _>| {
            outcome.ok().map(|verified| verified.payload().to_owned())
        };
        assert_eq!(payload_of(explained.into_outcome()), payload_of(verified));
    }
}

#[test]
fn what_the_applications_own_claims_refuse_is_explained_as_it_is_verified() {
    // The claims of the application are read before any of them is compared.
    let stranger_without_client = with("aud", "stranger");
    let verified =
        verifier().verify::<AccessTokenClaims>(&signed(&stranger_without_client), &keys(secret()), NOW);
    let explanation =
        verifier().explain::<AccessTokenClaims>(&signed(&stranger_without_client), &keys(secret()), NOW);
    assert_eq!(explanation.error(), verified.as_ref().err());
    assert_eq!(
        explanation.error().map(ToString::to_string).as_deref(),
        Some("the claim `client_id` is missing")
    );
    assert_eq!(outcome_of(&explanation, "claims"), CheckOutcome::Refused, "{explanation}");
    assert_eq!(outcome_of(&explanation, "aud"), CheckOutcome::NotReached, "{explanation}");

    let explanation = explain(&verifier(), stranger_without_client);
    assert_eq!(outcome_of(&explanation, "claims"), CheckOutcome::Passed, "{explanation}");
    assert_eq!(outcome_of(&explanation, "aud"), CheckOutcome::Refused, "{explanation}");
}
