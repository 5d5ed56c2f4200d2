//! Forms: `application/x-www-form-urlencoded` (WHATWG URL §5), as the body of a request.

use thiserror::Error;

/// The body is not a form: a `%` without two digits behind it, or bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the body is not a URL-encoded form in UTF-8")]
pub struct MalformedForm;

/// The names and values of a form, in their order; a name that is there twice is there twice.
///
/// Stricter than browsers read one, which mend what is broken: otherwise two passwords or tokens that differ could be read as
/// the same.
///
/// # Errors
/// [`MalformedForm`].
///
/// ```
/// use countersign::form::fields;
///
/// let fields = fields(b"token=a.b%2Ec&token_type_hint=access_token").unwrap();
/// assert_eq!(fields[0], ("token".to_owned(), "a.b.c".to_owned()));
/// ```
pub fn fields(body: &[u8]) -> Result<Vec<(String, String)>, MalformedForm> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let field = |pair: &[u8]| {
        let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let value = pair.get(end + 1..).unwrap_or_default();
        Some((decode(&pair[..end])?, decode(value)?))
    };
    pairs.map(|pair| field(pair).ok_or(MalformedForm)).collect()
}

/// A name or a value.
fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let [high, low, tail @ ..] = rest else { return None };
                bytes.push(hex(*high)? << 4 | hex(*low)?);
                rest = tail;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_to_the_letter_or_not_at_all() {
        let read = |body: &str| fields(body.as_bytes());
        let of = |pairs: &[(&str, &str)]| {
            Ok(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(read(""), of(&[]));
        assert_eq!(read("&a=b&&"), of(&[("a", "b")]));
        assert_eq!(read("a&b=&=c"), of(&[("a", ""), ("b", ""), ("", "c")]));
        assert_eq!(read("a=1&a=2"), of(&[("a", "1"), ("a", "2")]));
        assert_eq!(read("%61+b=c%3Dd=e%26"), of(&[("a b", "c=d=e&")]));
        assert_eq!(read("k=%C3%A9"), of(&[("k", "é")]));
        for broken in ["a=%", "a=%4", "a=%zz", "%g0=b", "a=%ff", "a=%c3"] {
            assert_eq!(read(broken), Err(MalformedForm), "{broken}");
        }
        assert_eq!(fields(b"a=\xff"), Err(MalformedForm));
    }
}
