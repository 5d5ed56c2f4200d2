//! A payload, written in one pass: registered claims first, in a fixed order, then the application's own.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use serde::ser::{self, Impossible, SerializeMap, SerializeStruct, Serializer};
use serde_json::Value;

use super::RegisteredClaim;

/// Why claims could not be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// The application's claims are neither a struct nor a map with string keys.
    NotAnObject,
    /// The application's claims hold a member with the name of a registered claim.
    Reserved(RegisteredClaim),
    /// The application's claims hold a member twice.
    Duplicate,
    /// The application's `Serialize` failed, or a value has no form in JSON.
    Value,
}

/// A JSON object that is being written into a buffer.
pub(crate) struct ObjectWriter<'b> {
    out: &'b mut Vec<u8>,
    empty: bool,
}

impl<'b> ObjectWriter<'b> {
    pub(crate) fn begin(out: &'b mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    pub(crate) fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        self.json(name)?;
        self.out.push(b':');
        self.json(value)
    }

    fn json(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
        serde_json::to_writer(&mut *self.out, value).map_err(|_| WriteError::Value)
    }

    /// Writes the members of the application's claims.
    pub(crate) fn members(&mut self, private: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
        private.serialize(PrivateClaims::new(self))
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}

/// Fields of a struct whose names are compared with each other in place; those after them go into a set.
const FEW: usize = 16;

/// Takes the members of one struct or map apart; everything else is refused.
struct PrivateClaims<'w, 'b> {
    writer: &'w mut ObjectWriter<'b>,
    /// The names of a struct's first fields. `#[serde(rename)]` can give two of them one name.
    fields: [&'static str; FEW],
    count: usize,
    /// The names of a map, and of a struct's further fields.
    written: HashSet<String>,
    name: Option<String>,
}

impl<'w, 'b> PrivateClaims<'w, 'b> {
    fn new(writer: &'w mut ObjectWriter<'b>) -> Self {
        Self { writer, fields: [""; FEW], count: 0, written: HashSet::new(), name: None }
    }

    /// Whether no field before had this name.
    fn is_new_field(&mut self, name: &'static str) -> bool {
        if self.fields[..self.count].contains(&name) {
            return false;
        }
        match self.fields.get_mut(self.count) {
            Some(place) => *place = name,
            None => return self.written.insert(name.to_owned()),
        }
        self.count += 1;
        true
    }

    fn write(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), WriteError> {
        match RegisteredClaim::from_name(name) {
            Some(claim) => Err(WriteError::Reserved(claim)),
            None => self.writer.member(name, value),
        }
    }
}

impl SerializeStruct for PrivateClaims<'_, '_> {
    type Ok = ();
    type Error = WriteError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        if !self.is_new_field(name) {
            return Err(WriteError::Duplicate);
        }
        self.write(name, value)
    }

    fn end(self) -> Result<(), WriteError> {
        Ok(())
    }
}

impl SerializeMap for PrivateClaims<'_, '_> {
    type Ok = ();
    type Error = WriteError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), WriteError> {
        let Ok(Value::String(name)) = serde_json::to_value(name) else { return Err(WriteError::NotAnObject) };
        if !self.written.insert(name.clone()) {
            return Err(WriteError::Duplicate);
        }
        self.name = Some(name);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        let name = self.name.take().ok_or(WriteError::Value)?;
        self.write(&name, value)
    }

    fn end(self) -> Result<(), WriteError> {
        Ok(())
    }
}

/// Methods of values that are no object.
macro_rules! refuse {
    ($($method:ident($($type:ty),*);)*) => {
        $(fn $method(self, $(_: $type),*) -> Result<(), WriteError> {
            Err(WriteError::NotAnObject)
        })*
    };
}

impl Serializer for PrivateClaims<'_, '_> {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = Impossible<(), WriteError>;
    type SerializeTuple = Impossible<(), WriteError>;
    type SerializeTupleStruct = Impossible<(), WriteError>;
    type SerializeTupleVariant = Impossible<(), WriteError>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), WriteError>;

    fn serialize_map(self, _length: Option<usize>) -> Result<Self, WriteError> {
        Ok(self)
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Self, WriteError> {
        Ok(self)
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), WriteError> {
        Ok(())
    }

    fn serialize_none(self) -> Result<(), WriteError> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), WriteError> {
        Err(WriteError::NotAnObject)
    }

    refuse! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Self::SerializeSeq, WriteError> {
        Err(WriteError::NotAnObject)
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self::SerializeTuple, WriteError> {
        Err(WriteError::NotAnObject)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, WriteError> {
        Err(WriteError::NotAnObject)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, WriteError> {
        Err(WriteError::NotAnObject)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, WriteError> {
        Err(WriteError::NotAnObject)
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for WriteError {}

impl ser::Error for WriteError {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self::Value
    }
}
