//! The members of one object, none of which may stand twice.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Error, Parser};

/// Names that are compared with each other in place; more than these go into a set.
const FEW: usize = 16;

/// Walks the members of an object that was entered.
#[derive(Default)]
pub(crate) struct Members<'de> {
    few: [&'de str; FEW],
    count: usize,
    many: Option<HashSet<Cow<'de, str>>>,
    place: Place,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    BeforeFirst,
    Within,
    AfterLast,
}

impl<'de> Members<'de> {
    /// The name of the next member, its colon behind it; `None` at the end of the object, which is left, and after it.
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
        let name = parser.string()?;
        if !self.insert(name.clone()) {
            return Err(parser.error("a member stands twice"));
        }
        parser.expect(b':', "expected a colon after a member's name")?;
        Ok(Some(name))
    }

    /// Whether `name` is new.
    fn insert(&mut self, name: Cow<'de, str>) -> bool {
        let in_many = self.many.as_ref().is_some_and(|many| many.contains(name.as_ref()));
        if in_many || self.few[..self.count].contains(&name.as_ref()) {
            return false;
        }
        match name {
            Cow::Borrowed(name) if self.count < FEW => {
                self.few[self.count] = name;
                self.count += 1;
                true
            }
            _ => self.many.get_or_insert_default().insert(name),
        }
    }
}
