//! Where the registered claims of a payload are kept.

use std::borrow::Cow;

use super::NumericDate;

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
    pub(super) fn new(text: &str, part: Cow<'_, str>) -> Self {
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
