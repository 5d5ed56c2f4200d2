//! The `aud` claim (RFC 7519 §4.1.3).

use serde::Serialize;

/// Who a token is meant for: one name, or several (RFC 7519 §4.1.3).
///
/// One name is written as a string, several as an array.
///
/// ```
/// use countersign_jwt::Audience;
///
/// let one: Audience = "api".into();
/// assert_eq!(serde_json::to_string(&one).unwrap(), r#""api""#);
/// let two: Audience = ["api", "reports"].into();
/// assert_eq!(serde_json::to_string(&two).unwrap(), r#"["api","reports"]"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Audience {
    /// One name.
    One(String),
    /// Several names.
    Many(Vec<String>),
}

impl Audience {
    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

impl From<&str> for Audience {
    fn from(name: &str) -> Self {
        Self::One(name.to_owned())
    }
}

impl From<String> for Audience {
    fn from(name: String) -> Self {
        Self::One(name)
    }
}

impl<S: Into<String>> From<Vec<S>> for Audience {
    fn from(names: Vec<S>) -> Self {
        names.into_iter().collect()
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Audience {
    fn from(names: [S; N]) -> Self {
        names.into_iter().collect()
    }
}

impl<S: Into<String>> FromIterator<S> for Audience {
    fn from_iter<T: IntoIterator<Item = S>>(names: T) -> Self {
        let mut names: Vec<String> = names.into_iter().map(Into::into).collect();
        match names.len() {
            1 => Self::One(names.remove(0)),
            _ => Self::Many(names),
        }
    }
}
