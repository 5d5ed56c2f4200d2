//! A good token, badly presented (RFC 6750 §2.1, RFC 9110 §11.6.2).

use super::{Codes, Rows};
use crate::forge::Genuine;

const MISSING: Codes = &["credentials_missing"];
const MALFORMED: Codes = &["credentials_malformed"];
const REPEATED: Codes = &["credentials_repeated"];

pub(super) fn add(rows: &mut Rows, genuine: &Genuine) {
    let token = genuine.token.as_str();
    let good = format!("Bearer {token}");

    rows.headers("no credentials", [], MISSING);
    let single = [
        ("an empty header", String::new(), MALFORMED),
        ("a scheme and nothing else", "Bearer".to_owned(), MALFORMED),
        ("a scheme and a space", "Bearer ".to_owned(), MALFORMED),
        ("another scheme", format!("Token {token}"), MISSING),
        ("the scheme of passwords", format!("Basic {token}"), MISSING),
        ("a token without a scheme", token.to_owned(), MISSING),
        ("a scheme joined to the token", format!("Bearer{token}"), MISSING),
        ("a scheme followed by a colon", format!("Bearer: {token}"), MALFORMED),
        ("a scheme followed by a tab", format!("Bearer\t{token}"), MALFORMED),
        ("a token followed by a word", format!("{good} x"), MALFORMED),
        ("a token twice", format!("{good} {token}"), MALFORMED),
        ("a token and a second scheme after a comma", format!("{good}, {good}"), MALFORMED),
        ("a token in quotes", format!("Bearer \"{token}\""), MALFORMED),
        ("a token as a parameter", format!("Bearer token={token}"), MALFORMED),
    ];
    for (name, value, codes) in &single {
        rows.headers(name, [value.as_bytes()], codes);
    }
    rows.headers("a header that is not ASCII", [[good.as_bytes(), b"\xff"].concat().as_slice()], MALFORMED);

    rows.headers("two headers, both good", [good.as_bytes(), good.as_bytes()], REPEATED);
    rows.headers("two headers, the first good", [good.as_bytes(), b"Bearer x"], REPEATED);
    rows.headers("two headers, the second good", [b"Bearer x", good.as_bytes()], REPEATED);
    rows.headers("two headers of two schemes", [b"Basic eDp5", good.as_bytes()], REPEATED);
}
