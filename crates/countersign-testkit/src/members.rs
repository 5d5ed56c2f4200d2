//! A JSON object as text, so that it can be made to say what no JSON library would write.

use serde_json::{Map, Value};

/// The members of an object, each a name and the text of its value, in order.
#[derive(Clone, Debug)]
pub(crate) struct Members(Vec<(String, String)>);

impl Members {
    /// The members of the object that `bytes` are; `None` if they are none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let members: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        Some(Self(members.into_iter().map(|(name, value)| (name, value.to_string())).collect()))
    }

    /// The text of a member's value.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, raw)| raw.as_str())
    }

    /// A member's value, if it is a string.
    pub(crate) fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// With the member set to this text, in its place or, if it is new, at the end.
    #[must_use]
    pub(crate) fn with(&self, name: &str, raw: impl Into<String>) -> Self {
        let mut members = self.clone();
        match members.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, value)) => *value = raw.into(),
            None => members.0.push((name.to_owned(), raw.into())),
        }
        members
    }

    #[must_use]
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(known, _)| known != name).cloned().collect())
    }

    /// The text of the object. `before` and `after` stand around the members: members of the same name, say.
    pub(crate) fn text_with(&self, before: Option<&str>, after: Option<&str>) -> String {
        let members = self.0.iter().map(|(name, raw)| format!("{}:{raw}", Value::from(name.as_str())));
        let all: Vec<String> =
            before.map(str::to_owned).into_iter().chain(members).chain(after.map(str::to_owned)).collect();
        format!("{{{}}}", all.join(","))
    }

    pub(crate) fn text(&self) -> String {
        self.text_with(None, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_changed_and_written_member_by_member() {
        let members = Members::read(br#"{"a":1,"b":"x"}"#).unwrap();
        assert_eq!(members.with("a", "1e400").with("c", "[").without("b").text(), r#"{"a":1e400,"c":[}"#);
        assert_eq!(
            members.text_with(Some(r#""a":0"#), Some(r#""b":"y""#)),
            r#"{"a":0,"a":1,"b":"x","b":"y"}"#
        );
        assert_eq!(members.string("b").as_deref(), Some("x"));
        assert_eq!(members.string("a"), None);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        assert!(Members::read(b"[1]").is_none());
        assert!(Members::read(b"{").is_none());
    }
}
