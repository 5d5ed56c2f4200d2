//! A second opinion: the questions that the token core answers, answered by other means.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use countersign_jwt::json::MAX_DEPTH;
use serde::de::{self, Deserializer, MapAccess, SeqAccess};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use sha2::{Digest, Sha256};

/// Any JSON value, with every member of an object in its place, also one that stands twice.
#[derive(Clone, Debug)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The value of a member, if this is an object that has it.
    #[must_use]
    pub fn member(&self, wanted: &str) -> Option<&Json> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts, if this is an array of strings.
    #[must_use]
    pub fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::Array(elements) => elements.iter().map(Self::text).collect(),
            _ => None,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Array(elements) => 1 + elements.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => 1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn has_duplicates(&self) -> bool {
        match self {
            Self::Array(elements) => elements.iter().any(Self::has_duplicates),
            Self::Object(members) => {
                let names: HashSet<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                names.len() < members.len() || members.iter().any(|(_, value)| value.has_duplicates())
            }
            _ => false,
        }
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => same_number(one, other),
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Array(one), Self::Array(other)) => one == other,
            (Self::Object(one), Self::Object(other)) => one == other,
            _ => false,
        }
    }
}

/// Integers must be the same; of two readers of a decimal fraction, one may be off by a little.
fn same_number(one: &Number, other: &Number) -> bool {
    if one == other {
        return true;
    }
    match (one.as_f64(), other.as_f64()) {
        (Some(a), Some(b)) if one.is_f64() || other.is_f64() => {
            a == b || ((a - b) / b).abs() <= 4.0 * f64::EPSILON || (a - b).abs() <= 4.0 * f64::MIN_POSITIVE
        }
        _ => false,
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element()? {
            array.push(element);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

/// Reads strict JSON: what `serde_json` accepts, less duplicate members and deep nesting.
#[must_use]
pub fn strict_json(text: &str) -> Option<Json> {
    let value: Json = serde_json::from_str(text).ok()?;
    (value.depth() <= MAX_DEPTH.into() && !value.has_duplicates()).then_some(value)
}

/// Decodes base64url without padding, six bits at a time; `None` unless `text` is canonical.
#[must_use]
pub fn base64url(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bits, mut held) = (0u32, 0);
    let mut bytes = Vec::new();
    for character in text.chars() {
        bits = bits << 6 | u32::try_from(ALPHABET.find(character)?).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    // Six bits left over are a character too many; others must be zero.
    (held < 6 && bits == 0).then_some(bytes)
}

/// The thumbprint of a public key (RFC 7638 §3), from the members of its JWK as they are written.
#[must_use]
pub fn thumbprint(jwk: &Json) -> Option<Vec<u8>> {
    let required: &[&str] = match jwk.member("kty")?.text()? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "AKP" => &["alg", "kty", "pub"],
        _ => return None,
    };
    let members: BTreeMap<&str, &str> =
        required.iter().map(|name| Some((*name, jwk.member(name)?.text()?))).collect::<Option<_>>()?;
    Some(Sha256::digest(serde_json::to_string(&members).ok()?).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_base64url_decodes() {
        assert_eq!(base64url(""), Some(vec![]));
        assert_eq!(base64url("-_8"), Some(vec![0xfb, 0xff]));
        for text in ["A", "-_9", "-_8=", "AAAAA", "+/8", "é"] {
            assert_eq!(base64url(text), None, "{text}");
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_seen_at_any_depth_and_in_any_spelling() {
        assert_eq!(strict_json(r#"[{"a":{"b":1,"\u0062":2}}]"#), None);
        assert!(strict_json(r#"[{"a":{"b":1,"c":2}},{"a":0}]"#).is_some());
    }

    #[test]
    fn the_thumbprint_is_the_one_that_rfc_8037_prints() {
        let jwk =
            r#"{"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","crv":"Ed25519","kty":"OKP","use":"sig"}"#;
        let thumbprint = thumbprint(&strict_json(jwk).unwrap()).unwrap();
        assert_eq!(thumbprint, base64url("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k").unwrap());
    }
}
