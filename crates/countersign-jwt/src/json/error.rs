//! Why a JSON text was refused.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// Why a JSON text was refused: what is wrong, the byte at which it was noticed, and never a value of the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    /// In a box: an error is rare, and every value that is read travels in a `Result` beside it.
    inner: Box<Inner>,
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    problem: Problem,
    at: Option<usize>,
}

#[derive(Clone, PartialEq, Eq)]
enum Problem {
    Syntax(&'static str),
    Type { expected: String, found: &'static str },
    MissingMember(&'static str),
    UnknownMember,
    UnknownVariant,
    Refused,
}

impl Error {
    #[cold]
    pub(crate) fn syntax(what: &'static str, at: usize) -> Self {
        Self { inner: Box::new(Inner { problem: Problem::Syntax(what), at: Some(at) }) }
    }

    #[cold]
    fn of(problem: Problem) -> Self {
        Self { inner: Box::new(Inner { problem, at: None }) }
    }

    /// Adds where it was noticed, unless a more exact place is known.
    pub(crate) fn or_at(mut self, at: usize) -> Self {
        self.inner.at.get_or_insert(at);
        self
    }

    /// The member that a type asked for and the text lacks, if that is what is wrong.
    pub(crate) fn missing_member(&self) -> Option<&'static str> {
        match self.inner.problem {
            Problem::MissingMember(name) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner.problem {
            Problem::Syntax(what) => f.write_str(what)?,
            Problem::Type { expected, found } => write!(f, "expected {expected}, found {found}")?,
            Problem::MissingMember(name) => write!(f, "member `{name}` is missing")?,
            Problem::UnknownMember => f.write_str("a member that is not known")?,
            Problem::UnknownVariant => f.write_str("a value that is not one of those known")?,
            Problem::Refused => f.write_str("a value that its type refuses")?,
        }
        match self.inner.at {
            Some(at) => write!(f, " (at byte {at})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "json::Error({self})")
    }
}

impl std::error::Error for Error {}

/// The kind of a value, without the value.
fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "another kind of value",
    }
}

impl de::Error for Error {
    /// The message is dropped: it may quote the value.
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self::of(Problem::Refused)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of(Problem::Type { expected: expected.to_string(), found: kind(found) })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of(Problem::Type { expected: expected.to_string(), found: kind(found) })
    }

    fn invalid_length(_length: usize, expected: &dyn Expected) -> Self {
        Self::of(Problem::Type { expected: expected.to_string(), found: "another length" })
    }

    fn unknown_variant(_variant: &str, _expected: &'static [&'static str]) -> Self {
        Self::of(Problem::UnknownVariant)
    }

    fn unknown_field(_field: &str, _expected: &'static [&'static str]) -> Self {
        Self::of(Problem::UnknownMember)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of(Problem::MissingMember(field))
    }

    fn duplicate_field(_field: &'static str) -> Self {
        Self::of(Problem::Syntax("a member stands twice"))
    }
}
