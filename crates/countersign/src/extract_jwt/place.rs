//! Reading one place, by the letter of its grammar.

use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::ExtractError;
use crate::challenge::is_token_byte;

/// `credentials = auth-scheme 1*SP token68` (RFC 9110 §11.4) for the scheme that is asked for.
pub(crate) fn authorization<'h>(
    headers: &'h HeaderMap,
    scheme: &str,
) -> Result<Option<&'h str>, ExtractError> {
    authorization_of(headers, scheme, is_b64token)
}

/// As [`authorization`], for who will know a token when decoding it: what follows the scheme may be anything here.
pub(super) fn authorization_unread<'h>(
    headers: &'h HeaderMap,
    scheme: &str,
) -> Result<Option<&'h str>, ExtractError> {
    authorization_of(headers, scheme, |_| true)
}

#[inline]
fn authorization_of<'h>(
    headers: &'h HeaderMap,
    scheme: &str,
    is_token: impl FnOnce(&str) -> bool,
) -> Result<Option<&'h str>, ExtractError> {
    let mut headers = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(ExtractError::Repeated);
    }
    let header = text(header).ok_or(ExtractError::NoScheme)?;
    // What nearly every request has is not taken apart first, but recognised as it stands.
    if let Some((presented, rest)) = header.split_at_checked(scheme.len())
        && let Some(token) = rest.strip_prefix(' ').map(|token| token.trim_start_matches(' '))
        && presented.eq_ignore_ascii_case(scheme)
        && is_token(token)
    {
        return Ok(Some(token));
    }
    no_token(header, scheme)
}

/// What is to be said of a header that does not hold a token after `scheme`.
#[cold]
fn no_token<'h>(header: &str, scheme: &str) -> Result<Option<&'h str>, ExtractError> {
    let end = header.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(header.len());
    let (presented, rest) = header.split_at(end);
    if presented.is_empty() || !header.is_ascii() {
        return Err(ExtractError::NoScheme);
    }
    if !presented.eq_ignore_ascii_case(scheme) {
        return Ok(None);
    }
    let nothing = rest.bytes().all(|byte| byte == b' ');
    Err(if nothing { ExtractError::Empty } else { ExtractError::NotOneToken })
}

/// The whole value of the one header of this name.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ExtractError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ExtractError::PlaceRepeated);
    }
    let value = text(value).ok_or(ExtractError::Malformed)?;
    one_token(value).map(Some)
}

/// As `HeaderValue::to_str`, but not byte by byte, and not only for ASCII.
fn text(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

/// The value of the one parameter of this name (`application/x-www-form-urlencoded`), which is not encoded itself.
pub(super) fn query<'h>(uri: &'h Uri, name: &str) -> Result<Option<&'h str>, ExtractError> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let mut values = pairs.filter(|pair| names(pair, name)).map(|pair| pair.split_once('='));
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ExtractError::PlaceRepeated);
    }
    let (_, value) = value.ok_or(ExtractError::Malformed)?;
    one_token(value).map(Some)
}

/// The subprotocol after the marker (RFC 6455 §11.3.4: one list, which several headers may hold).
pub(super) fn subprotocol<'h>(headers: &'h HeaderMap, marker: &str) -> Result<Option<&'h str>, ExtractError> {
    let mut found = None;
    let mut expected = false;
    for header in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        let header = header.to_str().map_err(|_| ExtractError::Malformed)?;
        for offered in header.split(',').map(|offered| offered.trim_matches([' ', '\t'])) {
            if std::mem::take(&mut expected) {
                found = Some(one_token(offered)?);
            } else if offered == marker {
                if found.is_some() {
                    return Err(ExtractError::PlaceRepeated);
                }
                expected = true;
            }
        }
    }
    if expected { Err(ExtractError::Malformed) } else { Ok(found) }
}

/// The URI with `REDACTED` for the value of each parameter of these names.
pub(super) fn redact(uri: &Uri, hidden: &[&str]) -> String {
    let uri = uri.to_string();
    let Some((path, query)) = uri.split_once('?') else { return uri };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if hidden.iter().any(|hidden| names(pair, hidden)) => format!("{name}=REDACTED"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// Whether a pair of a query has this name, percent-encoded or not.
fn names(pair: &str, wanted: &str) -> bool {
    let mut rest = pair.split('=').next().unwrap_or_default().as_bytes();
    let mut wanted = wanted.bytes();
    loop {
        let (byte, tail) = match rest {
            [] => return wanted.next().is_none(),
            [b'+', tail @ ..] => (b' ', tail),
            [b'%', high, low, tail @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, tail),
                _ => (b'%', &rest[1..]),
            },
            [byte, tail @ ..] => (*byte, tail),
        };
        if wanted.next() != Some(byte) {
            return false;
        }
        rest = tail;
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// This text, if it is one token.
pub(super) fn one_token(text: &str) -> Result<&str, ExtractError> {
    if is_b64token(text) { Ok(text) } else { Err(ExtractError::Malformed) }
}

/// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 §2.1).
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=').as_bytes();
    // Many bytes at a time, without a branch for each: tokens are long, and every request has one.
    let (chunks, rest) = body.as_chunks::<32>();
    let all = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_b64token_byte(*byte));
    !body.is_empty() && chunks.iter().all(|chunk| all(chunk)) && all(rest)
}

fn is_b64token_byte(byte: u8) -> bool {
    let within = |first: u8, last: u8| byte.wrapping_sub(first) <= last - first;
    // From `-` to `9` are `-`, `.`, `/` and the digits.
    within(b'a', b'z')
        | within(b'A', b'Z')
        | within(b'-', b'9')
        | (byte == b'_')
        | (byte == b'~')
        | (byte == b'+')
}
