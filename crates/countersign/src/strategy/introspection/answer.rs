//! What the issuer says about a token (RFC 7662 §2.2).

use std::ops::Deref;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::authorize::HasScopes;
use crate::jwt::{NumericDate, json};

/// What the issuer says about an active token: the registered members (RFC 7662 §2.2), and of all others what `C` reads. It
/// dereferences to `C`.
#[derive(Debug)]
pub struct Introspected<C> {
    members: Members,
    own: C,
}

#[derive(Debug, Deserialize)]
struct Members {
    scope: Option<String>,
    client_id: Option<String>,
    username: Option<String>,
    sub: Option<String>,
    iss: Option<String>,
    jti: Option<String>,
    aud: Option<Names>,
    exp: Option<Seconds>,
    iat: Option<Seconds>,
    nbf: Option<Seconds>,
}

/// A name or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

/// Whole seconds since 1970.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
struct Seconds(i64);

impl From<Seconds> for NumericDate {
    fn from(seconds: Seconds) -> Self {
        Self::from_secs(seconds.0)
    }
}

#[derive(Deserialize)]
struct Activity {
    active: bool,
}

/// What is said about a token, if it is active. Of one that is not, nothing else is read.
pub(super) fn read<C: DeserializeOwned>(body: &[u8]) -> Result<Option<Introspected<C>>, json::Error> {
    let Activity { active } = json::from_slice(body)?;
    if !active {
        return Ok(None);
    }
    Ok(Some(Introspected { members: json::from_slice(body)?, own: json::from_slice(body)? }))
}

impl<C> Introspected<C> {
    /// Whose token it is (`sub`).
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.members.sub.as_deref()
    }

    /// The client to which it was issued (`client_id`).
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.members.client_id.as_deref()
    }

    /// The user's name, for people to read (`username`).
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.members.username.as_deref()
    }

    /// What it is good for (`scope`).
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let scope = self.members.scope.as_deref().unwrap_or_default();
        scope.split(' ').filter(|name| !name.is_empty())
    }

    /// Who issued it (`iss`).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.members.iss.as_deref()
    }

    /// For whom it is (`aud`).
    #[must_use]
    pub fn audience(&self) -> Option<&[String]> {
        self.members.aud.as_ref().map(|names| match names {
            Names::One(name) => std::slice::from_ref(name),
            Names::Several(names) => names,
        })
    }

    /// Its own identifier (`jti`).
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.members.jti.as_deref()
    }

    /// When it expires (`exp`).
    #[must_use]
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.members.exp.map(NumericDate::from)
    }

    /// When it was issued (`iat`).
    #[must_use]
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.members.iat.map(NumericDate::from)
    }

    /// Since when it is good (`nbf`).
    #[must_use]
    pub fn not_before(&self) -> Option<NumericDate> {
        self.members.nbf.map(NumericDate::from)
    }
}

impl<C> Deref for Introspected<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.own
    }
}

impl<C> HasScopes for Introspected<C> {
    fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|granted| granted == scope)
    }
}

impl<I: HasScopes + ?Sized> HasScopes for Arc<I> {
    fn has_scope(&self, scope: &str) -> bool {
        (**self).has_scope(scope)
    }
}
