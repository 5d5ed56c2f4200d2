//! The JOSE header of a signed token (RFC 7515 §4).

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{Algorithm, json};

/// The header of a token as it says of itself, before anything is proven.
///
/// Of all parameters only `alg`, `kid` and `typ` are read. A key is never taken from a token: `jwk`, `jku`, `x5c` and
/// `x5u` are ignored (RFC 8725 §3.10). Any `crit` is refused, since no extension is understood (RFC 7515 §4.1.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'t> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<Cow<'t, str>>,
    pub(crate) token_type: Option<Cow<'t, str>>,
}

impl Header<'_> {
    /// `alg` (RFC 7515 §4.1.1).
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid` (RFC 7515 §4.1.4).
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// `typ` (RFC 7515 §4.1.9).
    #[must_use]
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }
}

/// Why a header was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    Json(json::Error),
    UnsupportedAlgorithm,
    Critical,
}

#[derive(Deserialize)]
struct Members<'t> {
    #[serde(borrow)]
    alg: Text<'t>,
    #[serde(borrow, default, deserialize_with = "text")]
    kid: Option<Text<'t>>,
    #[serde(borrow, default, deserialize_with = "text")]
    typ: Option<Text<'t>>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// A string where the member stands: `null` is not the absence of it.
fn text<'de: 't, 't, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Text<'t>>, D::Error> {
    Text::deserialize(deserializer).map(Some)
}

/// Notes that a member stands there, whatever its value, `null` too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'t> Header<'t> {
    /// Reads a decoded header.
    pub(crate) fn read(text: &'t str) -> Result<Self, HeaderError> {
        let members: Members<'t> = json::from_str(text).map_err(HeaderError::Json)?;
        if members.crit {
            return Err(HeaderError::Critical);
        }
        let algorithm = Algorithm::from_name(&members.alg.0).ok_or(HeaderError::UnsupportedAlgorithm)?;
        let text = |text: Text<'t>| text.0;
        Ok(Self { algorithm, key_id: members.kid.map(text), token_type: members.typ.map(text) })
    }

    pub(crate) fn into_owned(self) -> Header<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Header {
            algorithm: self.algorithm,
            key_id: self.key_id.map(owned),
            token_type: self.token_type.map(owned),
        }
    }
}

/// Whether two `typ` values name the same media type: letter case aside, and with `application/` left out or not
/// (RFC 7515 §4.1.9).
pub(crate) fn same_type(one: &str, other: &str) -> bool {
    fn short(name: &str) -> &str {
        const PREFIX: &str = "application/";
        match name.get(..PREFIX.len()) {
            Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) && !name[PREFIX.len()..].contains('/') => {
                &name[PREFIX.len()..]
            }
            _ => name,
        }
    }
    one == other || short(one).eq_ignore_ascii_case(short(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Header<'_>, HeaderError> {
        Header::read(text)
    }

    #[test]
    fn any_crit_is_refused_whatever_it_holds() {
        for crit in ["[\"exp\"]", "[]", "[\"b64\"]", "null", "true", "\"exp\""] {
            assert_eq!(
                read(&format!(r#"{{"alg":"HS256","crit":{crit}}}"#)),
                Err(HeaderError::Critical),
                "{crit}"
            );
        }
    }

    #[test]
    fn alg_must_be_there_and_be_known() {
        for alg in ["none", "None", "nOnE", "HS1", "ES256K", ""] {
            let refused = read(&format!(r#"{{"alg":"{alg}"}}"#)).map(|_| ());
            assert_eq!(refused, Err(HeaderError::UnsupportedAlgorithm), "{alg}");
        }
        for header in [
            "{}",
            r#"{"alg":null}"#,
            r#"{"alg":1}"#,
            r#"{"alg":["HS256"]}"#,
            "[]",
            "\"HS256\"",
            "[",
            r#"["HS256"]"#,
        ] {
            assert!(matches!(read(header), Err(HeaderError::Json(_))), "{header}");
        }
    }

    #[test]
    fn kid_and_typ_are_strings_or_absent() {
        for member in [r#""kid":1"#, r#""kid":null"#, r#""typ":{}"#, r#""kid":["a"]"#] {
            assert!(
                matches!(read(&format!(r#"{{"alg":"HS256",{member}}}"#)), Err(HeaderError::Json(_))),
                "{member}"
            );
        }
        let header = read(r#"{"alg":"\u0048S256","kid":"k\n","typ":"JWT","jwk":{"kty":"oct"}}"#).unwrap();
        assert_eq!(header.key_id(), Some("k\n"));
        assert_eq!(header.token_type(), Some("JWT"));
    }

    #[test]
    fn types_are_compared_as_media_types() {
        assert!(same_type("at+jwt", "AT+JWT"));
        assert!(same_type("application/at+jwt", "at+jwt"));
        assert!(!same_type("application/x/y", "x/y"));
        assert!(!same_type("JWT", "at+jwt"));
        assert!(!same_type("", "JWT"));
        assert!(same_type("JWT", "Application/jwt"));
    }
}
