//! The members of one object, none of which may stand twice.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Error, Parser};

/// Names that are compared with each other in place; more than these go into a set.
const FEW: usize = 16;

/// Walks the members of an object that was entered.
#[derive(Default)]
pub(crate) struct Members<'de> {
    /// Of each of the few, its first bytes as a number: most names differ in it, which one comparison shows.
    tags: [u64; FEW],
    few: [&'de str; FEW],
    count: usize,
    many: Option<HashSet<Cow<'de, str>>>,
    place: Place,
}

/// How far the members of an object were read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing was read but the opening brace.
    #[default]
    BeforeFirst,
    /// Members were read, and the end was not met.
    Within,
    /// The closing brace was read.
    AfterLast,
}

impl<'de> Members<'de> {
    /// How far the members were read.
    #[inline]
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Notes that members were read by other means.
    #[inline]
    pub(crate) fn continue_within(&mut self) {
        self.place = Place::Within;
    }

    /// The name of the next member, its colon behind it; `None` at the end of the object, which is left, and after it.
    #[inline]
    pub(crate) fn next_name(&mut self, parser: &mut Parser<'de>) -> Result<Option<Cow<'de, str>>, Error> {
        if self.place == Place::AfterLast {
            return Ok(None);
        }
        if parser.eat(b'}') {
            parser.leave();
            self.place = Place::AfterLast;
            return Ok(None);
        }
        if self.place == Place::Within {
            parser.expect(b',', "expected a comma or the end of the object")?;
        }
        self.place = Place::Within;
        let (name, new) = match parser.short_name() {
            Some((name, tag)) => (Cow::Borrowed(name), self.insert(tag, name)),
            None => {
                let start = parser.after_whitespace() + 1;
                let name = parser.string()?;
                let new = match &name {
                    Cow::Borrowed(name) => self.insert(parser.tag(start, name.len()), name),
                    Cow::Owned(name) => self.insert_rare(Cow::Owned(name.clone())),
                };
                (name, new)
            }
        };
        if !new {
            return Err(parser.error("a member stands twice"));
        }
        parser.expect(b':', "expected a colon after a member's name")?;
        Ok(Some(name))
    }

    /// Whether `name`, whose tag this is, is new.
    #[inline]
    fn insert(&mut self, tag: u64, name: &'de str) -> bool {
        if self.many.is_some() || self.count == FEW {
            return self.insert_rare(Cow::Borrowed(name));
        }
        let (tags, few) = (&self.tags[..self.count], &self.few[..self.count]);
        if tags.iter().zip(few).any(|(other_tag, other)| *other_tag == tag && *other == name) {
            return false;
        }
        (self.tags[self.count], self.few[self.count]) = (tag, name);
        self.count += 1;
        true
    }

    /// As `insert`, for a name with escapes and for those that come after the few.
    #[cold]
    fn insert_rare(&mut self, name: Cow<'de, str>) -> bool {
        let is_among_few = self.few[..self.count].contains(&name.as_ref());
        !is_among_few && self.many.get_or_insert_default().insert(name)
    }
}
