//! Claims that are missing, of the wrong type, or say the wrong thing (RFC 7519 §4.1).

use countersign_jwt::base64url;
use serde_json::Value;

use super::{Codes, Rows};
use crate::forge::{Genuine, forge};

const MISSING: Codes = &["claim_missing"];
const INVALID: Codes = &["claim_invalid"];
const EXPIRED: Codes = &["token_expired"];
const EARLY: Codes = &["token_not_yet_valid"];
const ISSUER: Codes = &["iss_mismatch"];
const AUDIENCE: Codes = &["aud_mismatch"];

/// Longer than any leeway a verifier should have.
const DAY: i64 = 24 * 60 * 60;

pub(super) fn add(rows: &mut Rows, genuine: &Genuine) {
    for claim in ["iss", "aud", "exp"] {
        let payload = genuine.payload.without(claim).text();
        rows.token(format!("no {claim}"), genuine.with_payload(payload), MISSING);
    }
    add_times(rows, genuine);
    add_audiences(rows, genuine);
    add_issuers(rows, genuine);
    add_types(rows, genuine);
}

fn add_times(rows: &mut Rows, genuine: &Genuine) {
    let (yesterday, tomorrow) = (genuine.in_secs(-DAY), genuine.in_secs(DAY));
    let times = [
        ("expired a day ago", "exp", yesterday.clone(), EXPIRED),
        ("expired a day ago, with a fraction", "exp", format!("{yesterday}.75"), EXPIRED),
        ("expired in 1970", "exp", "0".to_owned(), EXPIRED),
        ("expired before 1970", "exp", format!("-{tomorrow}"), EXPIRED),
        ("expired at the least integer", "exp", i64::MIN.to_string(), EXPIRED),
        ("expired at the least double", "exp", "-1.7e308".to_owned(), EXPIRED),
        ("good from tomorrow", "nbf", tomorrow.clone(), EARLY),
        ("good from tomorrow, with a fraction", "nbf", format!("{tomorrow}.25"), EARLY),
        ("good from the end of all integers", "nbf", u64::MAX.to_string(), EARLY),
        ("good from the end of all doubles", "nbf", "1.7e308".to_owned(), EARLY),
    ];
    for (name, claim, raw, codes) in times {
        rows.token(name, genuine.with_payload(genuine.payload.with(claim, raw).text()), codes);
    }
    for claim in ["exp", "nbf", "iat"] {
        for raw in [&format!("\"{tomorrow}\""), "\"\"", "null", "true", "[]", "{}", &format!("[{tomorrow}]")]
        {
            rows.token(
                format!("{claim} is {raw}"),
                genuine.with_payload(genuine.payload.with(claim, raw).text()),
                INVALID,
            );
        }
        for raw in ["1e400", "-1e400", "Infinity", "0x7fffffff"] {
            rows.token(
                format!("{claim} is {raw}"),
                genuine.with_payload(genuine.payload.with(claim, raw).text()),
                &["claim_invalid", "payload_invalid"],
            );
        }
    }
}

fn add_audiences(rows: &mut Rows, genuine: &Genuine) {
    let Some(good) = names(genuine.payload.raw("aud")).into_iter().next() else { return };
    let text = |name: &str| Value::from(name).to_string();
    let shorter: String = good.chars().take(good.chars().count().saturating_sub(1)).collect();
    let other = [
        ("aud is another", text("another-audience")),
        ("aud is several others", r#"["another-audience","a-third"]"#.to_owned()),
        ("aud is nobody", "[]".to_owned()),
        ("aud is empty", text("")),
        ("aud is a list of one empty name", "[\"\"]".to_owned()),
        ("aud begins with the right one", text(&format!("{good}x"))),
        ("aud is the beginning of the right one", text(&shorter)),
        ("aud is the right one and a space", text(&format!("{good} "))),
        ("aud is the right one and a NUL", text(&format!("{good}\0"))),
        ("aud is a list in a string", text(&format!("{good},another-audience"))),
        ("aud is JSON in a string", text(&format!("[{}]", text(&good)))),
        ("aud is a wildcard", text("*")),
    ];
    for (name, raw) in other {
        rows.token(name, genuine.with_payload(genuine.payload.with("aud", raw).text()), AUDIENCE);
    }
    let good = text(&good);
    let invalid = [
        ("aud is a number", "123".to_owned()),
        ("aud is null", "null".to_owned()),
        ("aud is true", "true".to_owned()),
        ("aud is an object", format!("{{{good}:{good}}}")),
        ("aud is a list with a number", format!("[{good},123]")),
        ("aud is a list with null", format!("[{good},null]")),
        ("aud is a list of a list", format!("[[{good}]]")),
    ];
    for (name, raw) in invalid {
        rows.token(name, genuine.with_payload(genuine.payload.with("aud", raw).text()), INVALID);
    }
}

fn add_issuers(rows: &mut Rows, genuine: &Genuine) {
    let Some(good) = genuine.payload.string("iss") else { return };
    let text = |name: &str| Value::from(name).to_string();
    let other = [
        ("iss is another", text("https://attacker.test")),
        ("iss is empty", text("")),
        ("iss begins with the right one", text(&format!("{good}.attacker.test"))),
        ("iss ends with the right one", text(&format!("https://attacker.test/{good}"))),
        ("iss is the right one and a slash", text(&format!("{good}/"))),
        ("iss is the right one and a space", text(&format!("{good} "))),
        ("iss is the right one and a NUL", text(&format!("{good}\0"))),
    ];
    for (name, raw) in other {
        rows.token(name, genuine.with_payload(genuine.payload.with("iss", raw).text()), ISSUER);
    }
    let good = text(&good);
    for (name, raw) in [
        ("iss is a list", format!("[{good}]")),
        ("iss is an object", format!("{{{good}:{good}}}")),
        ("iss is a number", "1".to_owned()),
        ("iss is null", "null".to_owned()),
        ("iss is true", "true".to_owned()),
    ] {
        rows.token(name, genuine.with_payload(genuine.payload.with("iss", raw).text()), INVALID);
    }
}

/// Names that have to be strings.
fn add_types(rows: &mut Rows, genuine: &Genuine) {
    for claim in ["sub", "jti"] {
        for raw in ["7", "7.5", "null", "true", "[\"x\"]", "{}"] {
            rows.token(
                format!("{claim} is {raw}"),
                genuine.with_payload(genuine.payload.with(claim, raw).text()),
                INVALID,
            );
        }
    }
    // A payload that is a token itself: claims are not looked for inside it.
    let nested = forge(&genuine.key, genuine.header.text(), genuine.payload.text());
    rows.token("a payload that is another token", genuine.with_payload(nested), &["payload_invalid"]);
    let twice = base64url::encode(genuine.payload.text());
    rows.token("a payload encoded twice", genuine.with_payload(twice), &["payload_invalid"]);
}

fn names(aud: Option<&str>) -> Vec<String> {
    match aud.and_then(|raw| serde_json::from_str(raw).ok()) {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
