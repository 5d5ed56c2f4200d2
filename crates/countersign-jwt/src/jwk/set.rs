//! JWK Sets (RFC 7517 §5).

use serde::{Deserialize, Serialize};

use super::Jwk;
use crate::json::{self, Members, Parser};

/// A set of public keys (RFC 7517 §5), as an issuer publishes it.
///
/// Reading one with serde takes all keys or none; for verifying use
/// [`KeySet::from_json`](crate::KeySet::from_json), which leaves out the keys it does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys, in the order in which they are published.
    pub keys: Vec<Jwk>,
}

/// The text is not a JWK Set at all: not strict JSON, or not an object with an array `keys`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JWK Set: {0}")]
pub struct JwkSetError(json::Error);

/// The texts of the elements of `keys`, each of which may turn out to be no key.
pub(crate) fn elements(text: &str) -> Result<Vec<&str>, JwkSetError> {
    read(text).map_err(JwkSetError)
}

fn read(text: &str) -> Result<Vec<&str>, json::Error> {
    let mut parser = Parser::new(text);
    let not_a_set = json::Error::syntax("expected an object with an array `keys`", 0);
    if parser.peek() != Some(b'{') {
        return Err(not_a_set);
    }
    parser.enter()?;
    let mut keys = None;
    let mut members = Members::default();
    while let Some(name) = members.next_name(&mut parser)? {
        if name == "keys" && parser.peek() == Some(b'[') {
            keys = Some(read_elements(text, &mut parser)?);
        } else {
            parser.skip()?;
        }
    }
    parser.finish()?;
    keys.ok_or(not_a_set)
}

fn read_elements<'t>(text: &'t str, parser: &mut Parser<'t>) -> Result<Vec<&'t str>, json::Error> {
    parser.enter()?;
    let mut elements = Vec::new();
    let mut first = true;
    while parser.next_element(&mut first)? {
        parser.peek();
        let start = parser.at();
        parser.skip()?;
        elements.push(&text[start..parser.at()]);
    }
    Ok(elements)
}
