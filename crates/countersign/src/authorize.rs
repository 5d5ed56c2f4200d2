//! What a recognised visitor may do: decided behind the guard, before anything of the body is read.
//!
//! [`Require`] is a layer for a route, a router or a service that stands behind a [`Guard`](crate::Guard). It sees the
//! identity and the head of the request, and answers 403 `insufficient_scope` (RFC 6750 §3.1), or 401
//! `insufficient_user_authentication` (RFC 9470) where the user has to prove more, or again, who they are.
//!
//! ```
//! use axum::{Router, routing::post};
//! use countersign::authorize::{HasScopes, Require};
//! use countersign::{Guard, Strategy};
//!
//! struct User {
//!     scopes: Vec<String>,
//! }
//!
//! impl HasScopes for User {
//!     fn has_scope(&self, scope: &str) -> bool {
//!         self.scopes.iter().any(|its| its == scope)
//!     }
//! }
//!
//! fn app(strategy: impl Strategy<Identity = User>) -> Router {
//!     Router::new()
//!         .route("/orders", post("created").layer(Require::<User>::scopes(["orders:write"])))
//!         .route_layer(Guard::required(strategy))
//! }
//! ```

mod layer;
mod step_up;

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

pub use layer::Required;
pub use step_up::{AuthenticationContext, StepUp};

use crate::jwt::{AccessTokenClaims, Verified};
use crate::strategy::{AuthError, Denial};

/// Decides whether an identity may send the request with this head.
///
/// Every function and closure of the shape `|identity: &I, head: &Parts| -> Result<(), AuthError>` is one:
///
/// ```
/// use countersign::authorize::Require;
/// use countersign::{AuthError, Denial};
/// use http::request::Parts;
///
/// fn own_tenant(tenant: &String, head: &Parts) -> Result<(), AuthError> {
///     match head.headers.get("x-tenant").is_some_and(|asked| asked == tenant.as_str()) {
///         true => Ok(()),
///         false => Err(Denial::insufficient_scope("of another tenant").into()),
///     }
/// }
/// let require = Require::policy(own_tenant);
/// # let _: Require<String> = require;
/// ```
pub trait Policy<I>: Send + Sync + 'static {
    /// Lets the request pass, or says why not.
    ///
    /// # Errors
    /// [`Denial::insufficient_scope`] for who may not do this, whatever they present.
    fn decide(&self, identity: &I, head: &Parts) -> Result<(), AuthError>;
}

impl<I, F> Policy<I> for F
where
    F: Fn(&I, &Parts) -> Result<(), AuthError> + Send + Sync + 'static,
{
    fn decide(&self, identity: &I, head: &Parts) -> Result<(), AuthError> {
        self(identity, head)
    }
}

/// An identity to which scopes were granted (RFC 6749 §3.3).
pub trait HasScopes {
    /// Whether this scope is among them.
    fn has_scope(&self, scope: &str) -> bool;
}

/// An identity that has roles.
pub trait HasRoles {
    /// Whether this role is among them.
    fn has_role(&self, role: &str) -> bool;
}

impl HasScopes for AccessTokenClaims {
    fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|granted| granted == scope)
    }
}

impl<C: HasScopes> HasScopes for Verified<C> {
    fn has_scope(&self, scope: &str) -> bool {
        (**self).has_scope(scope)
    }
}

/// Lets only those identities `I` pass that its policy allows: a layer behind a [`Guard`](crate::Guard).
///
/// Cheap to clone. In front of it must stand a guard that recognises `I`: otherwise it answers 500, and the log says so.
pub struct Require<I> {
    policy: Arc<dyn Policy<I>>,
}

impl<I: 'static> Require<I> {
    /// Asks a policy.
    pub fn policy(policy: impl Policy<I>) -> Self {
        Self { policy: Arc::new(policy) }
    }

    /// Demands all of these scopes; a 403 names them to the client. At least one must be named, or it does not compile.
    #[must_use]
    pub fn scopes<const N: usize>(scopes: [&'static str; N]) -> Self
    where
        I: HasScopes,
    {
        const { assert!(N > 0, "name at least one scope") };
        Self::policy(move |identity: &I, _: &Parts| {
            match scopes.iter().find(|scope| !identity.has_scope(scope)) {
                None => Ok(()),
                Some(missing) => {
                    let reason = format!("the scope `{missing}` was not granted");
                    Err(Denial::insufficient_scope(reason).scope(scopes.join(" ")).into())
                }
            }
        })
    }

    /// Demands one of these roles, which are not told to the client. At least one must be named, or it does not compile.
    #[must_use]
    pub fn roles<const N: usize>(roles: [&'static str; N]) -> Self
    where
        I: HasRoles,
    {
        const { assert!(N > 0, "name at least one role") };
        Self::policy(move |identity: &I, _: &Parts| match roles.iter().any(|role| identity.has_role(role)) {
            true => Ok(()),
            false => {
                let reason = format!("none of the roles {} is held", roles.join(", "));
                Err(Denial::insufficient_scope(reason).into())
            }
        })
    }

    /// Demands that the user has proven who they are strongly, or lately, enough (RFC 9470).
    #[must_use]
    pub fn step_up(step_up: StepUp) -> Self
    where
        I: AuthenticationContext,
    {
        Self::policy(step_up)
    }

    /// Demands what `self` demands, and then what `other` does.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::policy(move |identity: &I, head: &Parts| {
            self.decide(identity, head)?;
            other.decide(identity, head)
        })
    }

    fn decide(&self, identity: &I, head: &Parts) -> Result<(), AuthError> {
        self.policy.decide(identity, head)
    }
}

impl<I> Clone for Require<I> {
    fn clone(&self) -> Self {
        Self { policy: Arc::clone(&self.policy) }
    }
}

impl<I> fmt::Debug for Require<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Require")
    }
}
