//! What a verifier calls itself.

use std::fmt;
use std::str::FromStr;

/// The longest name.
const LONGEST: usize = 64;

/// What a verifier calls itself towards its issuer: 1 to 64 ASCII letters, digits and `-`, `.`, `_`, `~`, which stand in a URL as
/// they are.
///
/// ```
/// use countersign::jwks::VerifierName;
///
/// assert!("billing-2".parse::<VerifierName>().is_ok());
/// assert!("billing & orders".parse::<VerifierName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierName(Box<str>);

/// The text is no [`VerifierName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a verifier is 1 to 64 letters, digits and - . _ ~")]
pub struct InvalidVerifierName;

impl VerifierName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that a query says (`verifier=NAME`), if it says a good one. It is the first of that name that counts.
    ///
    /// ```
    /// use countersign::jwks::VerifierName;
    ///
    /// let name = VerifierName::in_query("tenant=1&verifier=billing");
    /// assert_eq!(name, "billing".parse().ok());
    /// ```
    #[must_use]
    pub fn in_query(query: &str) -> Option<Self> {
        query.split('&').find_map(|parameter| parameter.strip_prefix("verifier="))?.parse().ok()
    }
}

impl FromStr for VerifierName {
    type Err = InvalidVerifierName;

    fn from_str(text: &str) -> Result<Self, InvalidVerifierName> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let good = (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain);
        good.then(|| Self(text.into())).ok_or(InvalidVerifierName)
    }
}

impl fmt::Display for VerifierName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_to_64_letters_that_stand_in_a_url_as_they_are() {
        let longest = "x".repeat(LONGEST);
        for name in ["a", "Billing-2._~", &longest] {
            assert_eq!(name.parse().map(|name: VerifierName| name.to_string()).as_deref(), Ok(name));
        }
        let too_long = "x".repeat(LONGEST + 1);
        for name in ["", " ", "a b", "a&b", "a=b", "a%20", "a/b", "a\n", "ä", &too_long] {
            assert_eq!(name.parse::<VerifierName>(), Err(InvalidVerifierName), "{name}");
        }
    }

    #[test]
    fn a_query_names_a_verifier_once_and_well_or_not_at_all() {
        let billing = "billing".parse().ok();
        for query in ["verifier=billing", "a=b&verifier=billing&c", "verifier=billing&verifier=orders"] {
            assert_eq!(VerifierName::in_query(query), billing, "{query}");
        }
        for query in
            ["", "verifier", "verifier=", "verifier=a%20b", "xverifier=billing", "verifier=a b&verifier=c"]
        {
            assert_eq!(VerifierName::in_query(query), None, "{query}");
        }
    }
}
