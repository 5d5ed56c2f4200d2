//! A payload, read in one pass: registered claims into their slots, all others straight into the application's type.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::{NumericDate, RegisteredClaim};
use crate::json::{self, Members, Number, Parser, seed_name};

/// The registered claims of a payload; a claim that is absent is `None`. Texts are places in the payload, so that this
/// can be kept beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registered {
    pub(crate) issuer: Option<Slot>,
    pub(crate) subject: Option<Slot>,
    pub(crate) audience: Option<Names>,
    pub(crate) expires_at: Option<NumericDate>,
    pub(crate) not_before: Option<NumericDate>,
    pub(crate) issued_at: Option<NumericDate>,
    pub(crate) token_id: Option<Slot>,
}

/// Where a text is: in the payload as it is written there, or, if it has escapes there, on its own.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    At(u32, u32),
    #[expect(clippy::box_collection, reason = "it is rare, and the usual case stays small")]
    Own(Box<String>),
}

impl Slot {
    /// The place of `part`, which was read from `text`.
    #[inline]
    fn new(text: &str, part: Cow<'_, str>) -> Self {
        match part {
            Cow::Borrowed(part) => {
                let start = part.as_ptr() as usize - text.as_ptr() as usize;
                Self::between(start, start + part.len())
                    .unwrap_or_else(|| Self::Own(Box::new(part.to_owned())))
            }
            Cow::Owned(part) => Self::Own(Box::new(part)),
        }
    }

    /// `None` for places beyond four gigabytes.
    #[inline]
    pub(crate) fn between(start: usize, end: usize) -> Option<Self> {
        Some(Self::At(u32::try_from(start).ok()?, u32::try_from(end).ok()?))
    }

    /// The text at this place of `text`, the one it was made for.
    #[inline]
    pub(crate) fn text<'s>(&'s self, text: &'s str) -> &'s str {
        match self {
            Self::At(start, end) => &text[*start as usize..*end as usize],
            Self::Own(text) => text,
        }
    }
}

/// The names in an `aud` claim; one name needs no allocation.
#[derive(Clone, Debug)]
pub(crate) enum Names {
    One(Slot),
    Many(Vec<Slot>),
}

impl Names {
    pub(crate) fn as_slice(&self) -> &[Slot] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// Why a payload was refused.
#[derive(Debug)]
pub(crate) enum PayloadError {
    /// The application's type asks for a claim that is not there.
    MissingClaim(&'static str),
    /// A claim is there in a form that it may not have.
    InvalidClaim(Box<str>, json::Error),
    /// The payload is not a strict JSON object, or as a whole not what the application's type takes.
    Invalid(json::Error),
}

/// What a `sub` may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SubjectForm {
    /// A string, as RFC 7519 §4.1.2 says.
    #[default]
    Text,
    /// A string, or an integer that is read as its decimal digits.
    TextOrInteger,
}

/// What a verifier wants to know of the claims that are not registered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'w> {
    /// Claims that must be there, none of them named twice.
    pub(crate) required: &'w [Cow<'static, str>],
    /// The value that `nonce` must have.
    pub(crate) nonce: Option<&'w str>,
}

/// A payload that was read.
#[derive(Debug)]
pub(crate) struct Payload<'p, C> {
    pub(crate) registered: Registered,
    pub(crate) private: C,
    /// How many of the required claims are there.
    pub(crate) required_found: usize,
    /// `nonce`, if it was wanted and is there.
    pub(crate) nonce: Option<Cow<'p, str>>,
}

/// Reads `payload`, one JSON object.
pub(crate) fn read<'p, C: Deserialize<'p>>(
    payload: &'p str,
    subject: SubjectForm,
    wanted: Wanted<'_>,
) -> Result<Payload<'p, C>, PayloadError> {
    let mut parser = Parser::new(payload);
    if parser.peek() != Some(b'{') {
        return Err(PayloadError::Invalid(parser.error("the payload is not an object")));
    }
    let mut reader = Reader {
        parser,
        members: Members::default(),
        registered: Registered::default(),
        text: payload,
        subject,
        wanted,
        required_found: 0,
        nonce_at: None,
        claim: None,
        met: 0,
    };
    // A member that is missing while a claim is being read is missing within that claim.
    reader.read().map_err(|error| match (reader.claim, error.missing_member()) {
        (Some(claim), _) => PayloadError::InvalidClaim(claim.into(), error),
        (None, Some(name)) => PayloadError::MissingClaim(name),
        (None, None) => PayloadError::Invalid(error),
    })
}

/// The first of `required` that is not a member of `payload`, which has been read before.
pub(crate) fn first_missing(payload: &str, required: &[Cow<'static, str>]) -> Option<Cow<'static, str>> {
    let members: HashMap<Cow<'_, str>, IgnoredAny> = json::from_str(payload).ok()?;
    required.iter().find(|name| !members.contains_key(name.as_ref())).cloned()
}

struct Reader<'w, 'p> {
    parser: Parser<'p>,
    members: Members<'p>,
    registered: Registered,
    text: &'p str,
    subject: SubjectForm,
    wanted: Wanted<'w>,
    required_found: usize,
    nonce_at: Option<usize>,
    /// The claim whose value is being read.
    claim: Option<Cow<'p, str>>,
    /// A bit for each registered claim that was met.
    met: u8,
}

impl<'p> Reader<'_, 'p> {
    fn read<C: Deserialize<'p>>(&mut self) -> Result<Payload<'p, C>, json::Error> {
        self.parser.enter()?;
        let private = C::deserialize(&mut *self)?;
        self.parser.finish()?;
        let nonce = match self.nonce_at {
            Some(at) => {
                self.claim = Some(Cow::Borrowed("nonce"));
                Some(Parser::new(&self.text[at..]).string()?)
            }
            None => None,
        };
        let registered = std::mem::take(&mut self.registered);
        Ok(Payload { registered, private, required_found: self.required_found, nonce })
    }

    /// The name of the next claim that is not registered; those before it are read into their slots.
    #[inline]
    fn next_private(&mut self) -> Result<Option<Cow<'p, str>>, json::Error> {
        loop {
            self.claim = None;
            self.read_plain();
            let Some(name) = self.members.next_name(&mut self.parser)? else { return Ok(None) };
            match RegisteredClaim::from_name(&name) {
                Some(claim) if self.met & mark(claim) != 0 => {
                    return Err(self.parser.error("a member stands twice"));
                }
                Some(claim) => {
                    self.note(claim);
                    self.claim = Some(Cow::Borrowed(claim.name()));
                    self.read_registered(claim)?;
                }
                None => {
                    self.note_required(&name);
                    if self.wanted.nonce.is_some() && name == "nonce" {
                        self.parser.peek();
                        self.nonce_at = Some(self.parser.at());
                    }
                    self.claim = Some(name.clone());
                    return Ok(Some(name));
                }
            }
        }
    }

    /// Reads registered claims in the form in which nearly everyone writes them: no white space, no escapes, one
    /// audience, whole seconds. Stops before the first member that is anything else; that is read the general way.
    #[inline]
    fn read_plain(&mut self) {
        if self.members.is_done() {
            return;
        }
        let mut at = self.parser.at();
        let mut within = self.members.is_within();
        while let Some(end) = self.read_plain_claim(at, within) {
            (at, within) = (end, true);
        }
        if within {
            self.members.continue_within();
            self.parser.continue_at(at);
        }
    }

    /// Reads the registered claim at `at`, before which stands a comma if others were read; where it ends. `None`
    /// leaves everything as it is.
    #[inline]
    fn read_plain_claim(&mut self, at: usize, within: bool) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if within && bytes.get(at) != Some(&b',') {
            return None;
        }
        let name = at + usize::from(within);
        let &[b'"', one, two, three, b'"', b':'] = bytes.get(name..)?.first_chunk()? else { return None };
        let claim = RegisteredClaim::from_bytes(&[one, two, three])?;
        if self.met & mark(claim) != 0 {
            return None;
        }
        let value = name + 6;
        let end = match claim {
            RegisteredClaim::Expiration => plain_date(self.text, value, &mut self.registered.expires_at)?,
            RegisteredClaim::NotBefore => plain_date(self.text, value, &mut self.registered.not_before)?,
            RegisteredClaim::IssuedAt => plain_date(self.text, value, &mut self.registered.issued_at)?,
            _ => {
                let end = json::plain_string_end(self.text, value)?;
                let slot = Slot::between(value + 1, end)?;
                match claim {
                    RegisteredClaim::Issuer => self.registered.issuer = Some(slot),
                    RegisteredClaim::Subject => self.registered.subject = Some(slot),
                    RegisteredClaim::Audience => self.registered.audience = Some(Names::One(slot)),
                    _ => self.registered.token_id = Some(slot),
                }
                end + 1
            }
        };
        self.note(claim);
        Some(end)
    }

    /// Notes that a registered claim is there.
    #[inline]
    fn note(&mut self, claim: RegisteredClaim) {
        self.met |= mark(claim);
        self.note_required(claim.name());
    }

    #[inline]
    fn note_required(&mut self, name: &str) {
        self.required_found += usize::from(self.wanted.required.iter().any(|required| required == name));
    }

    fn read_registered(&mut self, claim: RegisteredClaim) -> Result<(), json::Error> {
        self.parser.peek();
        let (registered, parser, text) = (&mut self.registered, &mut self.parser, self.text);
        match claim {
            RegisteredClaim::Issuer => registered.issuer = Some(Slot::new(text, parser.string()?)),
            RegisteredClaim::Subject => {
                registered.subject = Some(Slot::new(text, read_subject(parser, self.subject)?));
            }
            RegisteredClaim::Audience => registered.audience = Some(read_names(text, parser)?),
            RegisteredClaim::Expiration => {
                registered.expires_at = Some(read_date(parser)?);
            }
            RegisteredClaim::NotBefore => {
                registered.not_before = Some(read_date(parser)?);
            }
            RegisteredClaim::IssuedAt => registered.issued_at = Some(read_date(parser)?),
            RegisteredClaim::TokenId => registered.token_id = Some(Slot::new(text, parser.string()?)),
        }
        Ok(())
    }

    /// Reads the claims that the application's type did not ask for.
    fn drain(&mut self) -> Result<(), json::Error> {
        while self.next_private()?.is_some() {
            self.parser.skip()?;
        }
        Ok(())
    }
}

/// Reads whole seconds into their slot; where they end.
#[inline]
fn plain_date(text: &str, at: usize, slot: &mut Option<NumericDate>) -> Option<usize> {
    let (seconds, end) = json::short_integer(text, at)?;
    *slot = Some(NumericDate::from_secs(seconds));
    Some(end)
}

/// One bit for each registered claim.
#[inline]
fn mark(claim: RegisteredClaim) -> u8 {
    1 << claim as u8
}

fn read_subject<'p>(parser: &mut Parser<'p>, form: SubjectForm) -> Result<Cow<'p, str>, json::Error> {
    if form == SubjectForm::Text || !matches!(parser.peek(), Some(b'-' | b'0'..=b'9')) {
        return parser.string();
    }
    match parser.number()? {
        Number::Unsigned(number) => Ok(Cow::Owned(number.to_string())),
        Number::Signed(number) => Ok(Cow::Owned(number.to_string())),
        Number::Float(_) => Err(parser.error("expected a string or an integer")),
    }
}

fn read_date(parser: &mut Parser<'_>) -> Result<NumericDate, json::Error> {
    match parser.peek() {
        Some(b'-' | b'0'..=b'9') => Ok(parser.number()?.into()),
        _ => Err(parser.error("expected a number of seconds since 1970")),
    }
}

fn read_names<'p>(text: &'p str, parser: &mut Parser<'p>) -> Result<Names, json::Error> {
    if parser.peek() != Some(b'[') {
        return Ok(Names::One(Slot::new(text, parser.string()?)));
    }
    parser.enter()?;
    let mut names = Vec::new();
    let mut first = true;
    while parser.next_element(&mut first)? {
        parser.peek();
        names.push(Slot::new(text, parser.string()?));
    }
    Ok(Names::Many(names))
}

impl<'p> Deserializer<'p> for &mut Reader<'_, 'p> {
    type Error = json::Error;

    fn deserialize_any<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value, json::Error> {
        let value = visitor.visit_map(&mut *self)?;
        self.drain()?;
        Ok(value)
    }

    fn deserialize_option<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value, json::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'p>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, json::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value, json::Error> {
        self.drain()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'p>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, json::Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'p>>(self, visitor: V) -> Result<V::Value, json::Error> {
        self.deserialize_unit(visitor)
    }

    forward_to_deserialize_any! {
        <W: Visitor<'p>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq tuple tuple_struct map
        struct enum identifier
    }
}

impl<'p> MapAccess<'p> for &mut Reader<'_, 'p> {
    type Error = json::Error;

    fn next_key_seed<S: DeserializeSeed<'p>>(&mut self, seed: S) -> Result<Option<S::Value>, json::Error> {
        match self.next_private()? {
            Some(name) => seed_name(name, seed).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'p>>(&mut self, seed: S) -> Result<S::Value, json::Error> {
        seed.deserialize(&mut self.parser)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(payload: &str) -> bool {
        let unit = read::<()>(payload, SubjectForm::Text, Wanted::default()).is_err();
        let ignored = read::<IgnoredAny>(payload, SubjectForm::Text, Wanted::default()).is_err();
        let map = read::<HashMap<String, IgnoredAny>>(payload, SubjectForm::Text, Wanted::default()).is_err();
        assert!(unit == ignored && ignored == map, "{payload}");
        unit
    }

    #[test]
    fn a_claim_behind_the_end_of_the_object_is_not_read() {
        for behind in [r#""iss":"x""#, r#""iss":"x"}"#, r#","iss":"x"}"#, r#","iss":"x""#, "}", ","] {
            for object in
                ["{}", r#"{"a":1}"#, r#"{"iss":"y"}"#, r#"{"iss":"y","a":1}"#, r#"{"a":1,"iss":"y"}"#]
            {
                assert!(refused(&format!("{object}{behind}")), "{object}{behind}");
            }
        }
    }

    #[test]
    fn a_registered_claim_stands_once_in_whatever_form() {
        let forms = [r#""exp":1"#, r#" "exp" : 1"#, r#""\u0065xp":1"#, r#""exp":1.5"#, r#""exp":1 "#];
        for first in forms {
            assert!(!refused(&format!("{{{first}}}")), "{first}");
            for second in forms {
                for between in [",", r#","a":{"exp":1},"#, r#","iss":"i","#] {
                    assert!(refused(&format!("{{{first}{between}{second}}}")), "{first}{between}{second}");
                }
            }
        }
    }

    #[test]
    fn dates_in_the_usual_form_are_as_strict_as_others() {
        for date in ["01", "-", "1.", "+1", "0x1", "1e", "\"1\"", "null", "", "00", "1 2"] {
            assert!(refused(&format!(r#"{{"exp":{date}}}"#)), "{date}");
            assert!(refused(&format!(r#"{{"exp":{date},"a":1}}"#)), "{date}");
        }
        let read = |payload| {
            read::<()>(payload, SubjectForm::Text, Wanted::default()).unwrap().registered.expires_at
        };
        assert_eq!(read(r#"{"exp":0}"#), Some(NumericDate::from_secs(0)));
        assert_eq!(
            read(r#"{"exp":123456789012345678}"#),
            Some(NumericDate::from_secs(123_456_789_012_345_678))
        );
        assert_eq!(read(r#"{"exp":9999999999999999999}"#), Some(NumericDate::MAX));
        assert_eq!(read(r#"{"exp":-1}"#), Some(NumericDate::from_secs(-1)));
    }
}
