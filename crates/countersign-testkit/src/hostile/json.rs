//! Headers and payloads that are not one strict JSON object (RFC 7515 §4, RFC 7519 §4, RFC 8259, RFC 8725 §2.4).

use super::{Codes, Rows};
use crate::forge::Genuine;
use crate::members::Members;

const HEADER: Codes = &["header_invalid"];
/// Which of the two it is depends on whether the reader is inside a claim when it notices.
const PAYLOAD: Codes = &["payload_invalid", "claim_invalid"];
const NOT_TEXT: Codes = &["token_malformed"];

/// What is put in place of an object, or done to it. Everything is signed by the genuine key.
pub(super) fn add(rows: &mut Rows, genuine: &Genuine) {
    for (what, text) in spoiled(&genuine.header) {
        let codes = if str::from_utf8(&text).is_ok() { HEADER } else { NOT_TEXT };
        rows.token(format!("a header {what}"), genuine.with_header(text), codes);
    }
    for (what, text) in spoiled(&genuine.payload) {
        let codes = if str::from_utf8(&text).is_ok() { PAYLOAD } else { NOT_TEXT };
        rows.token(format!("a payload {what}"), genuine.with_payload(text), codes);
    }
    add_duplicates(rows, genuine);
}

fn spoiled(members: &Members) -> Vec<(&'static str, Vec<u8>)> {
    let object = members.text();
    let inside = |member: &str| members.text_with(None, Some(member)).into_bytes();
    let around = |before: &[u8], after: &[u8]| [before, object.as_bytes(), after].concat();
    let deep = |open: &str, close: &str| format!("\"x\":{}1{}", open.repeat(500), close.repeat(500));
    let without_end = object.strip_suffix('}').unwrap_or_default();
    vec![
        ("that is an array", around(b"[", b"]")),
        ("that is a string", b"\"x\"".to_vec()),
        ("that is a number", b"1".to_vec()),
        ("that is null", b"null".to_vec()),
        ("that is white space", b"  ".to_vec()),
        ("that does not end", without_end.as_bytes().to_vec()),
        ("followed by a word", around(b"", b"x")),
        ("followed by a second object", around(b"", b"{}")),
        ("followed by itself", around(b"", object.as_bytes())),
        ("followed by a NUL", around(b"", b"\0")),
        ("behind a byte order mark", around(b"\xef\xbb\xbf", b"")),
        ("in UTF-16", object.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("behind a comment", around(b"/**/", b"")),
        ("with a trailing comma", format!("{without_end},}}").into_bytes()),
        ("in single quotes", object.replace('"', "'").into_bytes()),
        ("with a name without quotes", inside("x:1")),
        ("with a NUL in a string", inside("\"x\":\"\0\"")),
        ("with a line break in a string", inside("\"x\":\"\n\"")),
        ("with bytes that are not UTF-8", [without_end.as_bytes(), b",\"x\":\"\xff\xfe\"}"].concat()),
        ("with an overlong encoding of a quote", [without_end.as_bytes(), b",\"x\":\"\xc0\xa2\"}"].concat()),
        ("with a lone surrogate", inside(r#""x":"\ud800""#)),
        ("with a lone surrogate in a name", inside(r#""\udfff":1"#)),
        ("with an escape that does not exist", inside(r#""x":"\x41""#)),
        ("with an infinite number", inside("\"x\":1e400")),
        ("with a number that JSON does not have", inside("\"x\":NaN")),
        ("with a leading zero", inside("\"x\":01")),
        ("with arrays nested 500 deep", inside(&deep("[", "]"))),
        ("with objects nested 500 deep", inside(&deep("{\"y\":", "}"))),
        ("with a member twice in a member", inside(r#""x":{"y":1,"y":2}"#)),
        ("with a member twice behind an escape", inside(r#""x":1,"\u0078":2"#)),
        ("with a member of no name twice", inside(r#""":1,"":1"#)),
    ]
}

/// A registered member twice, where the first and the last reader disagree about what it says.
fn add_duplicates(rows: &mut Rows, genuine: &Genuine) {
    let header =
        [("alg", "\"none\"", "\\u0061lg"), ("typ", "\"x\"", "\\u0074yp"), ("kid", "\"x\"", "\\u006bid")];
    for (name, other, escaped) in header {
        for (what, text) in doubled(&genuine.header, name, other, escaped) {
            rows.token(format!("a header whose {name} {what}"), genuine.with_header(text), HEADER);
        }
    }
    let payload = [
        ("iss", "\"https://attacker.test\"", "\\u0069ss"),
        ("sub", "\"somebody-else\"", "\\u0073ub"),
        ("aud", "\"another-audience\"", "\\u0061ud"),
        ("exp", "1", "\\u0065xp"),
    ];
    for (name, other, escaped) in payload {
        for (what, text) in doubled(&genuine.payload, name, other, escaped) {
            rows.token(format!("a payload whose {name} {what}"), genuine.with_payload(text), PAYLOAD);
        }
    }
}

fn doubled(members: &Members, name: &str, other: &str, escaped: &str) -> Vec<(&'static str, String)> {
    let Some(genuine) = members.raw(name) else { return Vec::new() };
    let (same, plain) = (format!("\"{name}\":{genuine}"), format!("\"{name}\":{other}"));
    let hidden = format!("\"{escaped}\":{other}");
    vec![
        ("stands twice and says the same", members.text_with(None, Some(&same))),
        ("stands twice, another value first", members.text_with(Some(&plain), None)),
        ("stands twice, another value last", members.text_with(None, Some(&plain))),
        ("stands twice, another value first and its name escaped", members.text_with(Some(&hidden), None)),
        ("stands twice, another value last and its name escaped", members.text_with(None, Some(&hidden))),
    ]
}
