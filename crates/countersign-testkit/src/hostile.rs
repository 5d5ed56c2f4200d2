//! The battery: everything a bearer of bad will may present, each made from one token that is accepted.

mod algorithm;
mod claims;
mod credentials;
mod encoding;
mod header;
mod json;
mod signature;

use std::slice;

use countersign_jwt::{NumericDate, SigningKey};

use crate::forge::{BatteryError, Genuine};

/// One hostile thing to present, and how it must be refused.
#[derive(Clone, Debug)]
pub struct Hostile {
    name: String,
    presented: Presented,
    codes: &'static [&'static str],
}

#[derive(Clone, Debug)]
enum Presented {
    Token(String),
    /// The values of the `Authorization` headers, of which there may be none or several.
    Headers(Vec<Vec<u8>>),
}

impl Hostile {
    /// What is wrong with it, in a few words; unique within a battery.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The token, if it is the token that is hostile and not the way in which it is presented.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.presented {
            Presented::Token(token) => Some(token),
            Presented::Headers(_) => None,
        }
    }

    /// The values of the `Authorization` headers that present it: one, none, or several.
    ///
    /// A few hold bytes that HTTP does not allow in a header, a line break for instance.
    #[must_use]
    pub fn authorization(&self) -> Vec<Vec<u8>> {
        match &self.presented {
            Presented::Token(token) => vec![format!("Bearer {token}").into_bytes()],
            Presented::Headers(values) => values.clone(),
        }
    }

    /// The stable codes with which Countersign refuses it; any of them is right.
    #[must_use]
    pub fn codes(&self) -> &'static [&'static str] {
        self.codes
    }
}

/// Everything hostile that can be made from one genuine token and the key that signed it.
///
/// It is made for one verifier: the genuine token must be one that the verifier accepts, and `now` its present
/// moment. In a test, take that of a [`TestIssuer`](crate::TestIssuer::battery). For a service that runs elsewhere,
/// have it use a key of yours and take a token that it has issued.
///
/// ```
/// use countersign_testkit::TestIssuer;
///
/// let issuer = TestIssuer::new();
/// for hostile in &issuer.battery(&issuer.token("ada")) {
///     let Some(token) = hostile.token() else { continue };
///     let refusal = issuer.verify(token).expect_err(hostile.name());
///     assert!(hostile.codes().contains(&refusal.code()), "{}: {refusal}", hostile.name());
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Battery {
    genuine: Genuine,
    rows: Vec<Hostile>,
}

impl Battery {
    /// What is hostile beside `genuine`, a token that `key` has signed and that is good at `now`.
    ///
    /// # Errors
    /// [`BatteryError::NotAToken`] and [`BatteryError::OtherKey`] if the token and the key are not such a pair;
    /// [`BatteryError::Key`] if the attacker's own keys cannot be made.
    pub fn new(key: &SigningKey, genuine: &str, now: NumericDate) -> Result<Self, BatteryError> {
        let genuine = Genuine::read(key, genuine, now)?;
        let attacker = SigningKey::generate(key.algorithm())?;
        let mut rows = Rows::default();
        credentials::add(&mut rows, &genuine);
        encoding::add(&mut rows, &genuine);
        json::add(&mut rows, &genuine);
        header::add(&mut rows, &genuine, &attacker)?;
        algorithm::add(&mut rows, &genuine)?;
        signature::add(&mut rows, &genuine, &attacker);
        claims::add(&mut rows, &genuine);
        Ok(Self { genuine, rows: rows.0 })
    }

    /// With what is hostile only where the verifier knows several keys of the algorithm: a token that does not say
    /// which.
    #[must_use]
    pub fn with_several_keys(mut self) -> Self {
        if self.genuine.header.raw("kid").is_some() {
            let token = self.genuine.with_header(self.genuine.header.without("kid").text());
            let presented = Presented::Token(token);
            self.rows.push(Hostile { name: "no kid".to_owned(), presented, codes: &["key_ambiguous"] });
        }
        self
    }

    /// The token that is accepted.
    #[must_use]
    pub fn genuine(&self) -> &str {
        &self.genuine.token
    }

    /// Every row, in a fixed order.
    pub fn iter(&self) -> slice::Iter<'_, Hostile> {
        self.rows.iter()
    }

    /// The row of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Hostile> {
        self.rows.iter().find(|row| row.name == name)
    }
}

impl<'b> IntoIterator for &'b Battery {
    type Item = &'b Hostile;
    type IntoIter = slice::Iter<'b, Hostile>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The rows while they are collected.
#[derive(Default)]
struct Rows(Vec<Hostile>);

/// Stable codes, any of which is right.
type Codes = &'static [&'static str];

impl Rows {
    fn token(&mut self, name: impl Into<String>, token: impl Into<String>, codes: Codes) {
        self.0.push(Hostile { name: name.into(), presented: Presented::Token(token.into()), codes });
    }

    fn headers<'h>(&mut self, name: &str, values: impl IntoIterator<Item = &'h [u8]>, codes: Codes) {
        let values = values.into_iter().map(<[u8]>::to_vec).collect();
        self.0.push(Hostile { name: name.to_owned(), presented: Presented::Headers(values), codes });
    }
}
