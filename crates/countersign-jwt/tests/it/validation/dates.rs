//! `exp`, `nbf`, `iat`: to the millisecond, and to the ends of what can be said.

use std::fmt::Display;
use std::time::Duration;

use countersign_jwt::{Clock, ManualClock, NumericDate, Verifier};
use serde_json::{Value, json};

use super::verdict;
use crate::support::{NOW, verifier, verify, verify_at, with, with_text, without};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const LEEWAY: Duration = Duration::from_secs(60);

/// What the verifier says of a token with this claim (a number as it is written) at `now`.
fn at<D: Display>(verifier: &Verifier, claim: &str, value: D, now: NumericDate) -> String {
    let value = value.to_string();
    let payload = with(claim, 0).replace(&format!(r#""{claim}":0"#), &format!(r#""{claim}":{value}"#));
    assert!(payload.contains(&value));
    verdict(verify_at(verifier, payload, now))
}

#[test]
fn a_token_is_good_until_its_exp_and_the_leeway_have_passed() {
    let exp = NumericDate::from_secs(2_000);
    for (leeway, verifier) in [
        (LEEWAY, verifier()),
        (Duration::ZERO, verifier().leeway(Duration::ZERO)),
        (Duration::from_millis(1500), verifier().leeway(Duration::from_millis(1500))),
    ] {
        let end = exp + leeway;
        assert_eq!(at(&verifier, "exp", 2_000, end - SECOND), "ok");
        assert_eq!(at(&verifier, "exp", 2_000, end - MILLISECOND), "ok");
        assert_eq!(at(&verifier, "exp", 2_000, end), "token_expired", "on or after it is too late");
        assert_eq!(at(&verifier, "exp", 2_000, end + MILLISECOND), "token_expired");
        assert_eq!(at(&verifier, "exp", 2_000, end + SECOND), "token_expired");
    }
}

#[test]
fn an_exp_with_a_fraction_counts_with_its_fraction() {
    let verifier = verifier().leeway(Duration::ZERO);
    let moment = NumericDate::from_millis;
    assert_eq!(at(&verifier, "exp", "2000.5", moment(2_000_499)), "ok");
    assert_eq!(at(&verifier, "exp", "2000.5", moment(2_000_500)), "token_expired");
    assert_eq!(at(&verifier, "exp", "2.0005e3", moment(2_000_499)), "ok");
    assert_eq!(at(&verifier, "exp", "2.0005e3", moment(2_000_500)), "token_expired");
    assert_eq!(at(&verifier, "nbf", "1999.5", moment(1_999_499)), "token_not_yet_valid");
    assert_eq!(at(&verifier, "nbf", "1999.5", moment(1_999_500)), "ok");
}

#[test]
fn a_token_is_good_from_its_nbf_less_the_leeway_on() {
    for (leeway, verifier) in [(LEEWAY, verifier()), (Duration::ZERO, verifier().leeway(Duration::ZERO))] {
        let begin = NOW - leeway;
        assert_eq!(at(&verifier, "nbf", NOW, begin - SECOND), "token_not_yet_valid");
        assert_eq!(at(&verifier, "nbf", NOW, begin - MILLISECOND), "token_not_yet_valid");
        assert_eq!(at(&verifier, "nbf", NOW, begin), "ok");
        assert_eq!(at(&verifier, "nbf", NOW, begin + SECOND), "ok");
    }
}

#[test]
fn a_clock_that_moves_on_ends_a_token() {
    let clock = ManualClock::new(NOW);
    let (verifier, exp) = (verifier().leeway(Duration::ZERO), NOW + SECOND);
    assert_eq!(at(&verifier, "exp", exp, clock.now()), "ok");
    clock.advance(SECOND);
    assert_eq!(at(&verifier, "exp", exp, clock.now()), "token_expired");
    clock.set(NOW);
    assert_eq!(at(&verifier, "exp", exp, clock.now()), "ok");
}

#[test]
fn dates_at_the_ends_of_their_range_neither_overflow_nor_wrap() {
    let far = ["9223372036854775807", "9223372036854775808", "18446744073709551615", "1e19", "1e308"];
    let past = ["0", "-0", "-1", "-0.5", "-9223372036854775808", "-9223372036854775809", "-1e308", "1e-308"];
    for verifier in [verifier(), verifier().leeway(Duration::ZERO), verifier().leeway(Duration::MAX)] {
        for date in far {
            assert_eq!(at(&verifier, "exp", date, NOW), "ok", "{date}");
        }
        for date in past {
            assert_eq!(at(&verifier, "nbf", date, NOW), "ok", "{date}");
            let _ = at(&verifier, "exp", date, NumericDate::MAX);
            let _ = at(&verifier, "nbf", date, NumericDate::MIN);
        }
    }
    for verifier in [verifier(), verifier().leeway(Duration::ZERO)] {
        for date in past {
            assert_eq!(at(&verifier, "exp", date, NOW), "token_expired", "{date}");
        }
        for date in far {
            assert_eq!(at(&verifier, "nbf", date, NOW), "token_not_yet_valid", "{date}");
        }
    }
    let patient = verifier().leeway(Duration::MAX);
    assert_eq!(at(&patient, "exp", 0, NOW), "ok");
    assert_eq!(at(&patient, "nbf", "1e308", NOW), "ok");
}

#[test]
fn a_moment_at_the_ends_of_the_range_neither_overflows_nor_wraps() {
    let verifier = verifier();
    assert_eq!(at(&verifier, "exp", NOW, NumericDate::MAX), "token_expired");
    assert_eq!(at(&verifier, "exp", NOW, NumericDate::MIN), "ok");
    assert_eq!(at(&verifier, "nbf", NOW, NumericDate::MIN), "token_not_yet_valid");
    let aged = verifier.max_age(Duration::MAX);
    assert_eq!(at(&aged, "iat", NOW, NumericDate::MIN), "token_not_yet_valid");
    assert_eq!(at(&aged, "iat", "-1e308", NOW), "ok");
}

#[test]
fn a_number_beyond_a_double_is_no_date() {
    for claim in ["exp", "nbf", "iat"] {
        for number in ["1e309", "-1e309", "1e999999999"] {
            assert_eq!(at(&verifier(), claim, number, NOW), format!("claim_invalid {claim}"));
        }
    }
}

#[test]
fn a_date_is_a_number_and_nothing_else() {
    for claim in ["exp", "nbf", "iat"] {
        for value in
            [json!("1700000900"), json!(null), json!(true), json!([1_700_000_900]), json!({}), json!("")]
        {
            assert_eq!(verdict(verify(&verifier(), with(claim, value))), format!("claim_invalid {claim}"));
        }
        for text in ["NaN", "Infinity", "-Infinity", "01700000900", "+1700000900", "0x6553f100", ".5", "1."] {
            assert_ne!(verdict(verify(&verifier(), with_text(&format!(r#""x":1,"{claim}":{text}"#)))), "ok");
        }
    }
}

#[test]
fn exp_must_be_there_and_nbf_and_iat_need_not() {
    assert_eq!(verdict(verify(&verifier(), without("exp"))), "claim_missing exp");
    assert_eq!(verdict(verify(&verifier(), without("iat"))), "ok");
    let verified = verify(&verifier(), without("iat")).unwrap();
    assert_eq!((verified.not_before(), verified.issued_at()), (None, None));
    let verified = verify(&verifier(), with("nbf", json!(1_600_000_000.25))).unwrap();
    assert_eq!(verified.not_before(), Some(NumericDate::from_millis(1_600_000_000_250)));
    assert_eq!(verified.expires_at(), NOW + Duration::from_secs(900));
    assert_eq!(verified.issued_at(), Some(NOW));
}

#[test]
fn an_iat_in_the_future_matters_only_where_the_age_is_limited() {
    let future = NOW + LEEWAY + SECOND;
    assert_eq!(at(&verifier(), "iat", future, NOW), "ok", "RFC 7519 §4.1.6 gives iat no meaning of its own");
    let aged = verifier().max_age(Duration::from_secs(300));
    assert_eq!(at(&aged, "iat", future, NOW), "token_not_yet_valid");
    assert_eq!(at(&aged, "iat", NOW + LEEWAY, NOW), "ok");
}

#[test]
fn a_token_may_be_as_old_as_is_allowed_and_the_leeway() {
    let max_age = Duration::from_secs(300);
    for (leeway, verifier) in [(LEEWAY, verifier()), (Duration::ZERO, verifier().leeway(Duration::ZERO))] {
        let aged = verifier.max_age(max_age);
        let oldest = NOW - max_age - leeway;
        assert_eq!(at(&aged, "iat", oldest + SECOND, NOW), "ok");
        assert_eq!(at(&aged, "iat", oldest, NOW), "ok");
        assert_eq!(at(&aged, "iat", oldest - SECOND, NOW), "token_too_old");
        assert_eq!(at(&aged, "iat", oldest, NOW + MILLISECOND), "token_too_old");
        assert_eq!(verdict(verify(&aged, without("iat"))), "claim_missing iat");
    }
    let never: Value = json!(null);
    assert_eq!(verdict(verify(&verifier().max_age(max_age), with("iat", never))), "claim_invalid iat");
    assert_eq!(at(&verifier().max_age(Duration::ZERO).leeway(Duration::ZERO), "iat", NOW, NOW), "ok");
}

#[test]
fn an_expired_token_is_expired_however_young_it_is() {
    let aged = verifier().max_age(Duration::from_secs(86_400));
    assert_eq!(at(&aged, "exp", NOW - LEEWAY, NOW), "token_expired");
}
