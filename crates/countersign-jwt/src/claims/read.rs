//! A payload, read in one pass: registered claims into their slots, all others straight into the application's type.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::registered::{Names, Registered, Slot};
use super::{NumericDate, RegisteredClaim};
use crate::json::{self, Members, Number, Parser, Place, seed_name};

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

/// What was read of a payload besides its registered claims.
#[derive(Debug)]
pub(crate) struct Payload<'p, C> {
    pub(crate) private: C,
    /// How many of the required claims are there.
    pub(crate) required_found: usize,
    /// `nonce`, if it was wanted and is there.
    pub(crate) nonce: Option<Cow<'p, str>>,
}

/// Reads `payload`, one JSON object; its registered claims into `registered`, where there are none yet.
pub(crate) fn read<'p, C: Deserialize<'p>>(
    payload: &'p str,
    subject: SubjectForm,
    wanted: Wanted<'_>,
    registered: &mut Registered,
) -> Result<Payload<'p, C>, PayloadError> {
    let mut parser = Parser::new(payload);
    if parser.peek() != Some(b'{') {
        return Err(PayloadError::Invalid(parser.error("the payload is not an object")));
    }
    let mut reader = Reader {
        parser,
        members: Members::default(),
        registered,
        text: payload,
        subject,
        wanted,
        required_found: 0,
        nonce: None,
        member: None,
        met: 0,
    };
    reader.read().map_err(|error| reader.payload_error(error))
}

/// The first of `required` that is not a member of `payload`, which has been read before.
pub(crate) fn first_missing(payload: &str, required: &[Cow<'static, str>]) -> Option<Cow<'static, str>> {
    let members = names(payload).ok()?;
    required.iter().find(|name| !members.contains(*name)).cloned()
}

/// The names of the members of `payload`, one JSON object, in their order.
pub(crate) fn names(payload: &str) -> Result<Vec<Cow<'_, str>>, json::Error> {
    let (mut parser, mut members, mut names) = (Parser::new(payload), Members::default(), Vec::new());
    if parser.peek() != Some(b'{') {
        return Err(parser.error("the payload is not an object"));
    }
    parser.enter()?;
    while let Some(name) = members.next_name(&mut parser)? {
        parser.skip()?;
        names.push(name);
    }
    parser.finish()?;
    Ok(names)
}

struct Reader<'w, 'p> {
    parser: Parser<'p>,
    members: Members<'p>,
    registered: &'w mut Registered,
    text: &'p str,
    subject: SubjectForm,
    wanted: Wanted<'w>,
    required_found: usize,
    /// Where `nonce` stands, if it is wanted: the member, and its value.
    nonce: Option<(usize, usize)>,
    /// Where the member begins whose value is being read; white space and a comma may stand before its name.
    member: Option<usize>,
    /// A bit for each registered claim that was met.
    met: u8,
}

impl<'p> Reader<'_, 'p> {
    fn read<C: Deserialize<'p>>(&mut self) -> Result<Payload<'p, C>, json::Error> {
        self.parser.enter()?;
        let private = C::deserialize(&mut *self)?;
        self.parser.finish()?;
        let nonce = match self.nonce {
            Some((member, value)) => {
                self.member = Some(member);
                Some(Parser::new(&self.text[value..]).string()?)
            }
            None => None,
        };
        Ok(Payload { private, required_found: self.required_found, nonce })
    }

    /// Whose fault an error is: that of the claim that is being read, or that of the whole.
    #[cold]
    fn payload_error(&self, error: json::Error) -> PayloadError {
        let name = self.member.and_then(|member| {
            let name = self.text[member..].trim_start_matches([' ', '\t', '\n', '\r', ',']);
            Parser::new(name).string().ok()
        });
        // A member that is missing while a claim is being read is missing within that claim.
        match (name, error.missing_member()) {
            (Some(claim), _) => PayloadError::InvalidClaim(claim.into(), error),
            (None, Some(name)) => PayloadError::MissingClaim(name),
            (None, None) => PayloadError::Invalid(error),
        }
    }

    /// The name of the next claim that is not registered; those before it are read into their slots.
    #[inline]
    fn next_private(&mut self) -> Result<Option<Cow<'p, str>>, json::Error> {
        loop {
            self.member = None;
            self.read_plain();
            let member = self.parser.at();
            let Some(name) = self.members.next_name(&mut self.parser)? else { return Ok(None) };
            let claim = RegisteredClaim::from_name(&name);
            if claim.is_some_and(|claim| self.met & mark(claim) != 0) {
                return Err(self.parser.error("a member stands twice"));
            }
            self.member = Some(member);
            match claim {
                Some(claim) => {
                    self.note(claim);
                    self.read_registered(claim)?;
                }
                None => {
                    self.note_required(&name);
                    if self.wanted.nonce.is_some() && name == "nonce" {
                        self.parser.peek();
                        self.nonce = Some((member, self.parser.at()));
                    }
                    return Ok(Some(name));
                }
            }
        }
    }

    /// Reads registered claims in the form in which nearly everyone writes them: no white space, no escapes, one
    /// audience, whole seconds. Stops before the first member that is anything else; that is read the general way.
    #[inline]
    fn read_plain(&mut self) {
        let (mut at, mut before) = match self.members.place() {
            Place::BeforeFirst => (self.parser.at() - 1, b'{'),
            Place::Within => (self.parser.at(), b','),
            Place::AfterLast => return,
        };
        while let Some(end) = self.read_plain_claim(at, before) {
            (at, before) = (end, b',');
            self.members.continue_within();
            self.parser.continue_at(at);
        }
    }

    /// Reads the registered claim that stands behind the byte `before` at `at`; where it ends. `None` leaves everything
    /// as it is.
    #[inline]
    fn read_plain_claim(&mut self, at: usize, before: u8) -> Option<usize> {
        /// What stands around the name of a registered claim.
        const AROUND: u64 = u64::from_le_bytes([0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0]);
        let start: [u8; 8] = *self.text.as_bytes().get(at..)?.first_chunk()?;
        if u64::from_le_bytes(start) & AROUND != u64::from_le_bytes([before, b'"', 0, 0, 0, b'"', b':', 0]) {
            return None;
        }
        let claim = RegisteredClaim::from_bytes([start[2], start[3], start[4]])?;
        if self.met & mark(claim) != 0 {
            return None;
        }
        let value = at + 7;
        let registered = &mut *self.registered;
        let end = match claim {
            RegisteredClaim::Expiration | RegisteredClaim::NotBefore | RegisteredClaim::IssuedAt => {
                let date = NumericDate::from_secs(json::ten_digits(self.text, value)?);
                match claim {
                    RegisteredClaim::Expiration => registered.expires_at = Some(date),
                    RegisteredClaim::NotBefore => registered.not_before = Some(date),
                    _ => registered.issued_at = Some(date),
                }
                value + 10
            }
            _ => {
                let end = json::plain_string_end(self.text, value)?;
                let slot = Slot::between(value + 1, end)?;
                match claim {
                    RegisteredClaim::Issuer => registered.issuer = Some(slot),
                    RegisteredClaim::Subject => registered.subject = Some(slot),
                    RegisteredClaim::Audience => registered.audience = Some(Names::One(slot)),
                    _ => registered.token_id = Some(slot),
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
        let (registered, parser, text) = (&mut *self.registered, &mut self.parser, self.text);
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
    #[inline]
    fn drain(&mut self) -> Result<(), json::Error> {
        while self.members.place() != Place::AfterLast && self.next_private()?.is_some() {
            self.parser.skip()?;
        }
        Ok(())
    }
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
    use std::collections::HashMap;

    use serde::de::IgnoredAny;

    use super::*;

    fn registered<'p, C: Deserialize<'p>>(payload: &'p str) -> Result<Registered, PayloadError> {
        let mut registered = Registered::default();
        read::<C>(payload, SubjectForm::Text, Wanted::default(), &mut registered)?;
        Ok(registered)
    }

    fn refused(payload: &str) -> bool {
        let unit = registered::<()>(payload).is_err();
        let ignored = registered::<IgnoredAny>(payload).is_err();
        let map = registered::<HashMap<String, IgnoredAny>>(payload).is_err();
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
        let read = |payload| registered::<()>(payload).unwrap().expires_at;
        assert_eq!(read(r#"{"exp":0}"#), Some(NumericDate::from_secs(0)));
        assert_eq!(
            read(r#"{"exp":123456789012345678}"#),
            Some(NumericDate::from_secs(123_456_789_012_345_678))
        );
        assert_eq!(read(r#"{"exp":9999999999999999999}"#), Some(NumericDate::MAX));
        assert_eq!(read(r#"{"exp":-1}"#), Some(NumericDate::from_secs(-1)));
    }
}
