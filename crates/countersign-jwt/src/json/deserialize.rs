//! The parser as a serde deserializer.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::parser::Number;
use super::{Error, Members, Parser};

impl<'de> Parser<'de> {
    fn visit_value<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'"') => visit_text(self.string()?, visitor),
            Some(b'-' | b'0'..=b'9') => match self.number()? {
                Number::Unsigned(value) => visitor.visit_u64(value),
                Number::Signed(value) => visitor.visit_i64(value),
                Number::Float(value) => visitor.visit_f64(value),
            },
            Some(b't') => self.literal("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.literal("false").and_then(|()| visitor.visit_bool(false)),
            Some(b'n') => self.literal("null").and_then(|()| visitor.visit_unit()),
            Some(b'[') => self.visit_array(visitor),
            Some(b'{') => self.visit_object(visitor),
            _ => Err(self.error("not a JSON value")),
        }
    }

    fn visit_array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.enter()?;
        let mut elements = Elements { parser: self, first: true, done: false };
        let value = visitor.visit_seq(&mut elements)?;
        if !elements.done && elements.parser.next_element(&mut elements.first)? {
            return Err(elements.parser.error("more elements than are expected"));
        }
        Ok(value)
    }

    fn visit_object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.enter()?;
        let mut object = Object { parser: self, members: Members::default() };
        let value = visitor.visit_map(&mut object)?;
        if object.members.next_name(object.parser)?.is_some() {
            return Err(object.parser.error("more members than are expected"));
        }
        Ok(value)
    }
}

/// Hands a string to `visitor`, borrowed where it can be.
fn visit_text<'de, V: Visitor<'de>>(text: Cow<'de, str>, visitor: V) -> Result<V::Value, Error> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

/// Hands the name of a member to `seed`.
pub(crate) fn seed_name<'de, S: DeserializeSeed<'de>>(
    name: Cow<'de, str>,
    seed: S,
) -> Result<S::Value, Error> {
    match name {
        Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
        Cow::Owned(name) => {
            let name: StringDeserializer<Error> = name.into_deserializer();
            seed.deserialize(name)
        }
    }
}

impl<'de> serde::Deserializer<'de> for &mut Parser<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.peek();
        let at = self.at();
        self.visit_value(visitor).map_err(|error| error.or_at(at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'n') => self.literal("null").and_then(|()| visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'"') => {
                let name = self.string()?;
                let variant: serde::de::value::CowStrDeserializer<'_, Error> = name.into_deserializer();
                visitor.visit_enum(variant)
            }
            Some(b'{') => {
                self.enter()?;
                let mut object = Object { parser: self, members: Members::default() };
                let value = visitor.visit_enum(&mut object)?;
                match object.members.next_name(object.parser)? {
                    None => Ok(value),
                    Some(_) => Err(object.parser.error("more members than are expected")),
                }
            }
            _ => Err(self.error("expected a string or an object")),
        }
    }

    /// A struct is an object: serde would also fill it from an array, by position.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'[') => Err(self.error("expected an object, found an array")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier
    }
}

struct Elements<'p, 'de> {
    parser: &'p mut Parser<'de>,
    first: bool,
    done: bool,
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if self.done || !self.parser.next_element(&mut self.first)? {
            self.done = true;
            return Ok(None);
        }
        seed.deserialize(&mut *self.parser).map(Some)
    }
}

struct Object<'p, 'de> {
    parser: &'p mut Parser<'de>,
    members: Members<'de>,
}

impl<'de> MapAccess<'de> for &mut Object<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        match self.members.next_name(self.parser)? {
            Some(name) => seed_name(name, seed).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(&mut *self.parser)
    }
}

/// An enum written as an object with one member: its name is the variant, its value the content.
impl<'de> EnumAccess<'de> for &mut Object<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name = self.members.next_name(self.parser)?;
        let name = name.ok_or_else(|| self.parser.error("expected one member"))?;
        Ok((seed_name(name, seed)?, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Object<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        serde::Deserialize::deserialize(&mut *self.parser)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(&mut *self.parser)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        serde::Deserializer::deserialize_any(&mut *self.parser, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        serde::Deserializer::deserialize_any(&mut *self.parser, visitor)
    }
}
