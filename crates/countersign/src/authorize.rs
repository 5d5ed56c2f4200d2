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
mod policy;
mod step_up;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;

pub use policy::{AsyncPolicy, Policy};
pub use step_up::{AuthenticationContext, StepUp};

use crate::jwt::{AccessTokenClaims, Verified};
use crate::strategy::{AuthError, Denial};
use policy::Check;

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

/// Lets only those identities `I` pass that its policies allow: a layer behind a [`Guard`](crate::Guard).
///
/// Cheap to clone. In front of it must stand a guard that recognises `I`: otherwise it answers 500, and the log says so.
pub struct Require<I> {
    demands: Arc<[Demand<I>]>,
}

struct Demand<I> {
    requirement: Requirement,
    check: Check<I>,
}

/// One demand of a [`Require`] as people and documents read it: `scope orders:write`, `role admin or editor`, the name of a
/// policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    words: Cow<'static, str>,
    scopes: Vec<&'static str>,
}

impl Requirement {
    /// The scopes that it demands, all of them.
    #[must_use]
    pub fn scopes(&self) -> &[&'static str] {
        &self.scopes
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl<I: 'static> Require<I> {
    /// Asks a policy that decides from what is at hand.
    pub fn policy(policy: impl Policy<I>) -> Self {
        Self::demand(policy.name(), Vec::new(), Check::Now(Arc::new(policy)))
    }

    /// Asks a policy that has to await something, before anything of the body is read.
    ///
    /// ```
    /// use countersign::authorize::Require;
    /// use countersign::{AuthError, Denial};
    /// use http::request::Parts;
    ///
    /// async fn owner(user: &String, head: &Parts) -> Result<(), AuthError> {
    ///     // (Ask a store here.)
    ///     match head.uri.path().ends_with(user.as_str()) {
    ///         true => Ok(()),
    ///         false => Err(Denial::insufficient_scope("of somebody else").into()),
    ///     }
    /// }
    /// let require = Require::policy_async(async |user: &String, head: &Parts| owner(user, head).await);
    /// # let _: Require<String> = require;
    /// ```
    pub fn policy_async(policy: impl for<'a> AsyncPolicy<'a, I>) -> Self {
        Self::demand(AsyncPolicy::name(&policy), Vec::new(), Check::Later(Arc::new(policy)))
    }

    fn demand(words: Cow<'static, str>, scopes: Vec<&'static str>, check: Check<I>) -> Self {
        Self { demands: Arc::new([Demand { requirement: Requirement { words, scopes }, check }]) }
    }

    /// Demands all of these scopes; a 403 names them to the client. At least one must be named, or it does not compile.
    #[must_use]
    pub fn scopes<const N: usize>(scopes: [&'static str; N]) -> Self
    where
        I: HasScopes,
    {
        const { assert!(N > 0, "name at least one scope") };
        let words = format!("scope {}", scopes.join(" "));
        let policy =
            move |identity: &I, _: &Parts| match scopes.iter().find(|scope| !identity.has_scope(scope)) {
                None => Ok(()),
                Some(missing) => {
                    let reason = format!("the scope `{missing}` was not granted");
                    Err(Denial::insufficient_scope(reason).scope(scopes.join(" ")).into())
                }
            };
        Self::demand(words.into(), scopes.to_vec(), Check::Now(Arc::new(policy)))
    }

    /// Demands one of these roles, which are not told to the client. At least one must be named, or it does not compile.
    #[must_use]
    pub fn roles<const N: usize>(roles: [&'static str; N]) -> Self
    where
        I: HasRoles,
    {
        const { assert!(N > 0, "name at least one role") };
        let words = format!("role {}", roles.join(" or "));
        let policy = move |identity: &I, _: &Parts| match roles.iter().any(|role| identity.has_role(role)) {
            true => Ok(()),
            false => {
                let reason = format!("none of the roles {} is held", roles.join(", "));
                Err(Denial::insufficient_scope(reason).into())
            }
        };
        Self::demand(words.into(), Vec::new(), Check::Now(Arc::new(policy)))
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
        Self { demands: [self, other].iter().flat_map(|require| &*require.demands).cloned().collect() }
    }

    /// What it demands, in order.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.demands.iter().map(|demand| &demand.requirement)
    }

    /// What [`decide`](Self::decide) says, if it awaits nothing.
    fn decide_now(&self, identity: &I, head: &Parts) -> Option<Result<(), (&Requirement, AuthError)>> {
        for Demand { requirement, check } in &*self.demands {
            let Check::Now(policy) = check else { return None };
            if let Err(error) = policy.decide(identity, head) {
                return Some(Err((requirement, error)));
            }
        }
        Some(Ok(()))
    }

    /// Whether all of it is met, or the first that is not.
    async fn decide(&self, identity: &I, head: &Parts) -> Result<(), (&Requirement, AuthError)>
    where
        I: Sync,
    {
        for Demand { requirement, check } in &*self.demands {
            let decision = match check {
                Check::Now(policy) => policy.decide(identity, head),
                Check::Later(policy) => policy.decide(identity, head).await,
            };
            decision.map_err(|error| (requirement, error))?;
        }
        Ok(())
    }
}

impl<I> Clone for Demand<I> {
    fn clone(&self) -> Self {
        Self { requirement: self.requirement.clone(), check: self.check.clone() }
    }
}

impl<I> Clone for Require<I> {
    fn clone(&self) -> Self {
        Self { demands: Arc::clone(&self.demands) }
    }
}

impl<I: 'static> fmt::Debug for Require<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Require").field(&self.requirements().collect::<Vec<_>>()).finish()
    }
}
