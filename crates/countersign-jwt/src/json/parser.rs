//! The tokens of JSON, one at a time from the front.

use std::borrow::Cow;

use super::{Error, MAX_DEPTH, Members};

/// A place in a JSON text, and how much deeper it may go.
pub(crate) struct Parser<'de> {
    text: &'de str,
    at: usize,
    depth_left: u8,
}

/// A JSON number, as exact as it can be said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

/// Of eight bytes, the first of the text lowest: the place of the first that ends or escapes a string or may not be in
/// one.
#[inline]
fn first_special(word: u64) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // With its second bit turned, a quote comes right after the control characters.
    let control_or_quote = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let escape = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let marked = (control_or_quote | escape) & !word & HIGHS;
    // A borrow may mark bytes above a marked one, never below: the lowest mark is exact.
    (marked != 0).then(|| (marked.trailing_zeros() / 8) as usize)
}

/// The first bytes of a name as a number, with its length where it has less than eight.
#[inline]
fn tag(word: u64, length: usize) -> u64 {
    match length {
        0..8 => word & ((1 << (8 * length)) - 1) | (length as u64) << 56,
        _ => word,
    }
}

/// Where the run of characters from `at` that stand for themselves ends.
#[inline]
fn plain_until(text: &str, at: usize) -> usize {
    let (chunks, rest) = text.as_bytes()[at..].as_chunks::<8>();
    for (index, &chunk) in chunks.iter().enumerate() {
        if let Some(offset) = first_special(u64::from_le_bytes(chunk)) {
            return at + 8 * index + offset;
        }
    }
    let special = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    special.map_or(text.len(), |offset| text.len() - rest.len() + offset)
}

/// Where the content of the string at `at` ends, if it is a string without escapes.
#[inline]
pub(crate) fn plain_string_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let end = plain_until(text, at + 1);
    (bytes.get(end) == Some(&b'"')).then_some(end)
}

/// The integer of ten digits at `at`, as dates are from 2001 to 2286, if a comma or a closing brace ends it.
#[inline]
pub(crate) fn ten_digits(text: &str, at: usize) -> Option<i64> {
    let [first @ b'1'..=b'9', digits @ .., b',' | b'}'] = text.as_bytes().get(at..)?.first_chunk::<11>()?
    else {
        return None;
    };
    // Without leaving early: all of it is done at once.
    let all_digits = digits.iter().fold(true, |all, digit| all & digit.is_ascii_digit());
    let value = |value, digit: &u8| value * 10 + i64::from(digit.wrapping_sub(b'0'));
    all_digits.then(|| digits.iter().fold(i64::from(first - b'0'), value))
}

impl<'de> Parser<'de> {
    pub(crate) fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth_left: MAX_DEPTH }
    }

    /// Refuses anything but white space after the value.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("something follows the value")),
        }
    }

    pub(crate) fn error(&self, what: &'static str) -> Error {
        Error::syntax(what, self.at)
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes on at `at`, up to which the text was read by other means.
    #[inline]
    pub(crate) fn continue_at(&mut self, at: usize) {
        self.at = at;
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space, left in place.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Where the next byte that is not white space stands.
    #[inline]
    pub(super) fn after_whitespace(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// The tag of the name of this length that begins at `start`: equal names have equal tags.
    pub(super) fn tag(&self, start: usize, length: usize) -> u64 {
        let rest = &self.text.as_bytes()[start..];
        let word = match rest.first_chunk::<8>() {
            Some(&first) => u64::from_le_bytes(first),
            None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        tag(word, length)
    }

    /// Steps over `wanted` if it is next.
    #[inline]
    pub(super) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(super) fn expect(&mut self, wanted: u8, otherwise: &'static str) -> Result<(), Error> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(otherwise)) }
    }

    pub(super) fn literal(&mut self, word: &'static str) -> Result<(), Error> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("not a JSON value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Goes into an array or object whose first byte is next.
    pub(crate) fn enter(&mut self) -> Result<(), Error> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or_else(|| self.error("nested too deep"))?;
        self.at += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth_left += 1;
    }

    /// A string whose opening quote is next: borrowed unless it has escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Cow<'de, str>, Error> {
        self.expect(b'"', "expected a string")?;
        let start = self.at;
        self.at = plain_until(self.text, self.at);
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        self.escaped_string(start).map(Cow::Owned)
    }

    /// The rest of a string in which something other than the closing quote was met at `self.at`.
    fn escaped_string(&mut self, start: usize) -> Result<String, Error> {
        let mut value = self.text[start..self.at].to_owned();
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(value);
                }
                Some(b'\\') => {
                    self.at += 1;
                    value.push(self.escape()?);
                }
                Some(_) => return Err(self.error("a control character in a string")),
                None => return Err(self.error("a string that does not end")),
            }
            let plain = self.at;
            self.at = plain_until(self.text, self.at);
            value.push_str(&self.text[plain..self.at]);
        }
    }

    /// The name that is next, and its tag, if it is one of less than eight bytes without escapes, with eight bytes of
    /// text to look at: most are.
    #[inline]
    pub(super) fn short_name(&mut self) -> Option<(&'de str, u64)> {
        let start = self.after_whitespace() + 1;
        let bytes = self.text.as_bytes();
        let &chunk = bytes.get(start..)?.first_chunk::<8>()?;
        let word = u64::from_le_bytes(chunk);
        let length = first_special(word)?;
        if bytes[start - 1] != b'"' || chunk[length] != b'"' {
            return None;
        }
        self.at = start + length + 1;
        Some((&self.text[start..start + length], tag(word, length)))
    }

    /// The character an escape stands for; the backslash is behind us.
    fn escape(&mut self) -> Result<char, Error> {
        let byte = self.byte().ok_or_else(|| self.error("a string that does not end"))?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => byte as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.error("an escape that JSON does not have")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, Error> {
        const LONE: &str = "a surrogate without its other half";
        let first = self.four_hex_digits()?;
        let code = match first {
            0xD800..=0xDBFF => {
                self.literal("\\u").map_err(|_| self.error(LONE))?;
                let second = self.four_hex_digits()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(self.error(LONE));
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.error(LONE))
    }

    fn four_hex_digits(&mut self) -> Result<u32, Error> {
        let digits = self.text.as_bytes().get(self.at..).and_then(|rest| rest.first_chunk::<4>());
        let digits = digits.ok_or_else(|| self.error("a unicode escape that is cut short"))?;
        let mut code = 0;
        for &digit in digits {
            let value = (digit as char).to_digit(16).ok_or_else(|| self.error("not a hexadecimal digit"))?;
            code = code << 4 | value;
        }
        self.at += 4;
        Ok(code)
    }

    /// A number whose first byte (a digit or a minus sign) is next.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<Number, Error> {
        let start = self.at;
        let negative = self.byte() == Some(b'-');
        self.at += usize::from(negative);
        let whole = self.whole_part()?;
        let mut integer = true;
        if self.byte() == Some(b'.') {
            integer = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        match whole.filter(|_| integer) {
            Some(value) if !negative => return Ok(Number::Unsigned(value)),
            Some(value) if value <= 1 << 63 => return Ok(Number::Signed((value as i64).wrapping_neg())),
            _ => {}
        }
        match self.text[start..self.at].parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Number::Float(value)),
            _ => Err(self.error("a number out of range")),
        }
    }

    /// The digits before a fraction: no leading zeros; `None` when they are more than a `u64` holds.
    fn whole_part(&mut self) -> Result<Option<u64>, Error> {
        if self.byte() == Some(b'0') {
            self.at += 1;
            return match self.byte() {
                Some(b'0'..=b'9') => Err(self.error("a number with a leading zero")),
                _ => Ok(Some(0)),
            };
        }
        self.digits()
    }

    #[inline]
    fn digits(&mut self) -> Result<Option<u64>, Error> {
        /// As many digits always fit.
        const SAFE: usize = 19;
        let digits = &self.text.as_bytes()[self.at..];
        let count = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
        if count == 0 {
            return Err(self.error("a digit is missing"));
        }
        self.at += count;
        let (safe, rest) = digits[..count].split_at(count.min(SAFE));
        let value = safe.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
        Ok(rest
            .iter()
            .try_fold(value, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))))
    }

    /// Steps over one value of any kind, as strictly as if it were used.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'[') => {
                self.enter()?;
                let mut first = true;
                while self.next_element(&mut first)? {
                    self.skip()?;
                }
                Ok(())
            }
            Some(b'{') => {
                self.enter()?;
                let mut members = Members::default();
                while members.next_name(self)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            _ => Err(self.error("not a JSON value")),
        }
    }

    /// Whether another element follows in the array that was entered; leaves the array at its end.
    #[inline]
    pub(crate) fn next_element(&mut self, first: &mut bool) -> Result<bool, Error> {
        let was_first = std::mem::replace(first, false);
        if self.eat(b']') {
            self.leave();
            return Ok(false);
        }
        if !was_first {
            self.expect(b',', "expected a comma or the end of the array")?;
        }
        Ok(true)
    }
}
