//! The fields of a login, from JSON or a form.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::Value;

use crate::form;
use crate::jwt::json;
use crate::strategy::Rejection;

/// What a login may be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json` (RFC 8259).
    Json,
    /// `application/x-www-form-urlencoded` (WHATWG URL §5).
    Form,
}

impl MediaType {
    /// What the head says that the body is. Parameters such as `charset` are passed over: both kinds are always UTF-8.
    pub(super) fn of(head: &Parts) -> Result<Self, Rejection> {
        let mut headers = head.headers.get_all(CONTENT_TYPE).iter();
        let (Some(header), None) = (headers.next(), headers.next()) else { return Err(unsupported()) };
        let text = header.to_str().map_err(|_| unsupported())?;
        let essence = text.split_once(';').map_or(text, |(essence, _)| essence).trim_ascii();
        if essence.eq_ignore_ascii_case("application/json") {
            Ok(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(Self::Form)
        } else {
            Err(unsupported())
        }
    }
}

fn unsupported() -> Rejection {
    Rejection::unsupported_media_type(
        "media_type_unsupported",
        "A login is sent as application/json or application/x-www-form-urlencoded.",
    )
}

/// The fields of a body by their names.
pub(super) struct Fields {
    fields: BTreeMap<String, Field>,
}

enum Field {
    Text(String),
    NotText,
    Repeated,
}

impl Fields {
    pub(super) fn read(kind: MediaType, body: &[u8]) -> Result<Self, Rejection> {
        match kind {
            MediaType::Json => Self::from_json(body),
            MediaType::Form => Self::from_form(body),
        }
    }

    /// One object, in which no member stands twice.
    fn from_json(body: &[u8]) -> Result<Self, Rejection> {
        let members: BTreeMap<String, Value> = json::from_slice(body).map_err(|error| {
            Rejection::bad_request("body_malformed", format!("The body is not a JSON object: {error}."))
        })?;
        let field = |value| match value {
            Value::String(text) => Field::Text(text),
            _ => Field::NotText,
        };
        Ok(Self { fields: members.into_iter().map(|(name, value)| (name, field(value))).collect() })
    }

    fn from_form(body: &[u8]) -> Result<Self, Rejection> {
        let malformed =
            || Rejection::bad_request("body_malformed", "The body is not a URL-encoded form in UTF-8.");
        let mut fields = BTreeMap::new();
        for (name, value) in form::fields(body).map_err(|_| malformed())? {
            match fields.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(Field::Text(value));
                }
                Entry::Occupied(mut entry) => {
                    entry.insert(Field::Repeated);
                }
            }
        }
        Ok(Self { fields })
    }

    /// Whether there is a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Takes out the text of a field, which must not be empty.
    pub(super) fn take(&mut self, name: &str) -> Result<String, Rejection> {
        let refusal = |code, what| Err(Rejection::bad_request(code, format!("The field `{name}` {what}.")));
        match self.fields.remove(name) {
            Some(Field::Text(text)) if !text.is_empty() => Ok(text),
            Some(Field::Text(_)) | None => refusal("field_missing", "is missing or empty"),
            Some(Field::NotText) => refusal("field_not_text", "is not a string"),
            Some(Field::Repeated) => refusal("field_repeated", "is there more than once"),
        }
    }
}
