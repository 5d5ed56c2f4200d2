//! Segments: too many, too few, or encoded in another way than the one that is canonical (RFC 7515 §2, §7.1).

use countersign_jwt::base64url;

use super::{Codes, Rows};
use crate::forge::{Genuine, seal, sign};

const MALFORMED: Codes = &["token_malformed"];
/// Seen by whoever reads the header first: these are not even of the alphabet of a bearer token (RFC 6750 §2.1).
const NOT_BEARER: Codes = &["token_malformed", "credentials_malformed"];
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn add(rows: &mut Rows, genuine: &Genuine) {
    add_segments(rows, genuine);
    add_forms(rows, genuine);
    rows.token("a token of a hundred kilobytes", huge(genuine), &["token_too_long"]);
}

fn add_segments(rows: &mut Rows, genuine: &Genuine) {
    let (header, payload, signature) = genuine.segments();
    let token = &genuine.token;
    let shapes = [
        ("a word", "garbage".to_owned()),
        ("one segment", header.to_owned()),
        ("two segments", format!("{header}.{payload}")),
        ("four segments", format!("{token}.{signature}")),
        ("five segments, as of an encrypted token", format!("{header}..{payload}.{payload}.{signature}")),
        ("a dot in front", format!(".{token}")),
        ("a dot behind", format!("{token}.")),
        ("one dot", ".".to_owned()),
    ];
    for (name, token) in shapes {
        rows.token(name, token, MALFORMED);
    }
    rows.token("two dots", "..", &["header_invalid"]);
    rows.token("a hundred thousand dots", ".".repeat(100_000), &["token_too_long"]);
    rows.token("an empty header segment", seal(&genuine.key, "", payload), &["header_invalid"]);
    rows.token("an empty payload segment", seal(&genuine.key, header, ""), &["payload_invalid"]);
}

/// Each segment in forms that a lenient decoder takes for the same. Header and payload are signed in that form, so
/// that it is the form alone that is wrong.
fn add_forms(rows: &mut Rows, genuine: &Genuine) {
    let key = &genuine.key;
    let header = base64url::encode(padded(&genuine.header.text()));
    let payload = base64url::encode(padded(&genuine.payload.text()));
    for (form, deform) in FORMS {
        rows.token(format!("a header {form}"), seal(key, &deform(&header), &payload), NOT_BEARER);
        rows.token(format!("a payload {form}"), seal(key, &header, &deform(&payload)), NOT_BEARER);
        let (signed, signature) = with_lively_signature(genuine);
        rows.token(format!("a signature {form}"), format!("{signed}.{}", deform(&signature)), NOT_BEARER);
    }
    let (signed, signature) = with_lively_signature(genuine);
    if let Some(other) = with_trailing_bits(&signature) {
        rows.token("a signature with bits left over", format!("{signed}.{other}"), MALFORMED);
    }
    if let Some(other) = with_trailing_bits(&header) {
        rows.token("a header with bits left over", seal(key, &other, &payload), MALFORMED);
    }
    if let Some(other) = with_trailing_bits(&payload) {
        rows.token("a payload with bits left over", seal(key, &header, &other), MALFORMED);
    }
}

type Form = (&'static str, fn(&str) -> String);

const FORMS: [Form; 7] = [
    ("with padding", |text| format!("{text}{}", "=".repeat(4 - text.len() % 4))),
    ("in the standard alphabet", |text| text.replace('-', "+").replace('_', "/")),
    ("with a space in it", |text| inserted(text, " ")),
    ("with a line break in it", |text| inserted(text, "\n")),
    ("with a NUL in it", |text| inserted(text, "\0")),
    ("with a character of no alphabet in it", |text| inserted(text, "*")),
    ("cut to one character more than whole bytes", |text| format!("{}A", &text[..text.len() / 4 * 4])),
];

fn inserted(text: &str, what: &str) -> String {
    let (front, back) = text.split_at(text.len() / 2);
    format!("{front}{what}{back}")
}

/// The same object, with characters that the two alphabets write differently, and a length that leaves bits over.
fn padded(object: &str) -> String {
    let members = object.strip_suffix('}').unwrap_or(object);
    let mut text = format!("{members},\"x\":\"~~~???\"}} ");
    while text.len() % 3 != 1 {
        text.push(' ');
    }
    text
}

/// Whether the two alphabets write it differently.
fn is_lively(text: &str) -> bool {
    text.contains('-') || text.contains('_')
}

/// The signed part of a token and its signature, which has characters that the two alphabets write differently.
fn with_lively_signature(genuine: &Genuine) -> (String, String) {
    let header = base64url::encode(genuine.header.text());
    let mut padding = String::new();
    loop {
        let signed = format!("{header}.{}", base64url::encode(genuine.payload.text() + &padding));
        let signature = base64url::encode(sign(&genuine.key, &signed));
        if is_lively(&signature) {
            return (signed, signature);
        }
        padding.push(' ');
    }
}

/// The same bytes to a decoder that ignores the bits left over in the last character; `None` if there are none.
fn with_trailing_bits(text: &str) -> Option<String> {
    let (last, rest) = text.as_bytes().split_last().filter(|_| text.len() % 4 > 1)?;
    let at = ALPHABET.iter().position(|character| character == last)?;
    let other = *ALPHABET.get(at + 1)? as char;
    Some(format!("{}{other}", String::from_utf8_lossy(rest)))
}

fn huge(genuine: &Genuine) -> String {
    let filler = format!("\"{}\"", "x".repeat(100_000));
    genuine.with_payload(genuine.payload.with("filler", filler).text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_left_over_change_the_text_and_not_the_bytes_of_a_lenient_decoder() {
        assert_eq!(with_trailing_bits("QQ").as_deref(), Some("QR"));
        assert_eq!(with_trailing_bits("QUI").as_deref(), Some("QUJ"));
        assert_eq!(with_trailing_bits("QUJD"), None);
    }

    #[test]
    fn every_form_differs_from_the_canonical_one() {
        let text = base64url::encode(padded(r#"{"a":"b"}"#));
        assert!(text.contains('-') && text.contains('_') && text.len() % 4 == 2, "{text}");
        for (form, deform) in FORMS {
            assert_ne!(deform(&text), text, "{form}");
        }
    }
}
