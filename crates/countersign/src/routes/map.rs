//! The table of routes.

use std::fmt;

use http::Method;

use crate::authorize::{Require, Requirement};
use crate::strategy::Outline;

/// All routes, sorted by path and method: to be read, compared in a test, exported.
///
/// It prints as a table, a line for each route, that stays the same as long as the routes do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteMap {
    routes: Vec<Route>,
}

impl RouteMap {
    pub(super) fn new(mut routes: Vec<Route>) -> Self {
        routes
            .sort_by_cached_key(|route| (route.path(), route.method().to_owned(), route.access.to_string()));
        Self { routes }
    }

    /// The routes.
    pub fn iter(&self) -> std::slice::Iter<'_, Route> {
        self.routes.iter()
    }
}

impl<'m> IntoIterator for &'m RouteMap {
    type Item = &'m Route;
    type IntoIter = std::slice::Iter<'m, Route>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for RouteMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<_> = self.iter().map(|route| (route.method(), route.path(), route)).collect();
        let method_width = rows.iter().map(|(method, ..)| method.len()).max().unwrap_or(0);
        let path_width = rows.iter().map(|(_, path, _)| path.chars().count()).max().unwrap_or(0);
        for (method, path, route) in rows {
            writeln!(f, "{method:method_width$}  {path:path_width$}  {}", route.access)?;
        }
        Ok(())
    }
}

/// A route, and who may ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub(super) place: Place,
    pub(super) method: Option<Method>,
    pub(super) access: Access,
}

/// Where it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    At(String),
    /// Whatever a foreign router has under this prefix.
    Under(String),
    /// Where there is nothing else under this prefix.
    Unmatched(String),
    /// Where there is something of another method under this prefix.
    OtherMethod(String),
}

impl Route {
    /// The path as axum writes it, `/orders/{id}`; `/admin/..` for all of a foreign router, `/admin/(unmatched)` and
    /// `/admin/(other method)` for fallbacks.
    #[must_use]
    pub fn path(&self) -> String {
        match &self.place {
            Place::At(path) => path.clone(),
            Place::Under(prefix) => format!("{prefix}/.."),
            Place::Unmatched(prefix) => format!("{prefix}/(unmatched)"),
            Place::OtherMethod(prefix) => format!("{prefix}/(other method)"),
        }
    }

    /// The method; `ANY` for all.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method.as_ref().map_or("ANY", Method::as_str)
    }

    /// Who may ask for it.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The same route in a router that is nested under this prefix.
    pub(super) fn under(mut self, prefix: &str) -> Self {
        let (Place::At(path) | Place::Under(path) | Place::Unmatched(path) | Place::OtherMethod(path)) =
            &mut self.place;
        *path = match (prefix.ends_with('/'), path.as_str()) {
            (true, path) => format!("{prefix}{}", path.trim_start_matches('/')),
            (false, "/") => prefix.to_owned(),
            (false, path) => format!("{prefix}{path}"),
        };
        self
    }
}

/// Who may ask for a route.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Anybody; nobody looks at their credentials.
    Public,
    /// Anybody; credentials that are presented to this strategy must be good.
    Optional(Outline),
    /// Whomever this strategy recognises.
    Authenticated(Outline),
    /// Whomever this strategy recognises, if these are met.
    Required(Outline, Vec<Requirement>),
}

impl Access {
    pub(super) fn required<I: 'static>(outline: Outline, require: &Require<I>) -> Self {
        Self::Required(outline, require.requirements().cloned().collect())
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("public"),
            Self::Optional(outline) => write!(f, "public, or authenticated by {outline}"),
            Self::Authenticated(outline) => write!(f, "authenticated by {outline}"),
            Self::Required(outline, requirements) => {
                write!(f, "authenticated by {outline}")?;
                requirements.iter().try_for_each(|requirement| write!(f, ", {requirement}"))
            }
        }
    }
}
