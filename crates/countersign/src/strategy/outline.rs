//! What a strategy reads, told beforehand.

use std::fmt;

use http::HeaderName;

use crate::challenge::Scheme;
use crate::decision::Step;

/// What a strategy is and where it looks for credentials: for the table of routes, for OpenAPI and for the log.
///
/// ```
/// use countersign::strategy::{Credential, Outline};
/// use http::HeaderName;
///
/// let key = Credential::Header(HeaderName::from_static("x-api-key"));
/// let outline = Outline::AnyOf(vec![
///     Outline::one("jwt", [Credential::Authorization("Bearer")]),
///     Outline::one("api-key", [key]),
/// ]);
/// assert_eq!(outline.to_string(), "jwt or api-key");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outline {
    /// A strategy by its name, and where it looks; the credentials stand in one of these places.
    One {
        /// Its name.
        strategy: &'static str,
        /// Where it looks.
        credentials: Vec<Credential>,
    },
    /// The first of these that finds credentials decides.
    AnyOf(Vec<Outline>),
    /// All of these are needed.
    AllOf(Vec<Outline>),
}

impl Outline {
    /// A strategy by its name, and where it looks.
    pub fn one(strategy: &'static str, credentials: impl IntoIterator<Item = Credential>) -> Self {
        Self::One { strategy, credentials: credentials.into_iter().collect() }
    }

    /// A strategy that reads `Authorization` after these schemes, as far as is known.
    pub(super) fn of_schemes(strategy: &'static str, schemes: &[Scheme]) -> Self {
        Self::one(strategy, schemes.iter().map(|scheme| Credential::Authorization(scheme.name())))
    }

    /// That there is nothing where it looks.
    pub(crate) fn absent(&self) -> Vec<Step> {
        match self {
            Self::One { strategy, credentials } => {
                let places: Vec<_> = credentials.iter().map(Credential::to_string).collect();
                vec![Step::new(strategy, format!("found nothing in {}", places.join(" or ")))]
            }
            Self::AnyOf(several) | Self::AllOf(several) => several.iter().flat_map(Self::absent).collect(),
        }
    }

    /// The combinations of credentials of which one is enough.
    #[must_use]
    pub fn alternatives(&self) -> Vec<Vec<&Credential>> {
        match self {
            Self::One { credentials, .. } => credentials.iter().map(|credential| vec![credential]).collect(),
            Self::AnyOf(several) => several.iter().flat_map(Self::alternatives).collect(),
            Self::AllOf(all) => all.iter().map(Self::alternatives).fold(vec![Vec::new()], |so_far, next| {
                let with_next =
                    |begun: &Vec<_>| next.iter().map(|more| [&begun[..], more].concat()).collect::<Vec<_>>();
                so_far.iter().flat_map(with_next).collect()
            }),
        }
    }
}

impl fmt::Display for Outline {
    /// The names of the strategies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (several, word) = match self {
            Self::One { strategy, .. } => return f.write_str(strategy),
            Self::AnyOf(several) => (several, " or "),
            Self::AllOf(several) => (several, " and "),
        };
        for (position, one) in several.iter().enumerate() {
            let separator = if position == 0 { "" } else { word };
            match one {
                Self::One { .. } => write!(f, "{separator}{one}")?,
                _ => write!(f, "{separator}({one})")?,
            }
        }
        Ok(())
    }
}

/// A place in a request where a strategy looks for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// `Authorization`, after this scheme.
    Authorization(&'static str),
    /// A header of its own.
    Header(HeaderName),
    /// The cookie of this name.
    Cookie(&'static str),
    /// The parameter of the query of this name.
    Query(&'static str),
    /// The subprotocol, of those that a WebSocket offers, after the one of this name.
    WebSocketSubprotocol(&'static str),
    /// The body.
    Body,
    /// Where a function of the application looks.
    Elsewhere,
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorization(scheme) => write!(f, "Authorization: {scheme}"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Cookie(name) => write!(f, "cookie {name}"),
            Self::Query(name) => write!(f, "query parameter {name}"),
            Self::WebSocketSubprotocol(marker) => write!(f, "WebSocket subprotocol after {marker}"),
            Self::Body => f.write_str("body"),
            Self::Elsewhere => f.write_str("where a function looks"),
        }
    }
}
