//! Policies: what decides, at once or after asking somebody else.

use std::any::type_name;
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;

use crate::strategy::AuthError;

/// Decides, from what is at hand, whether an identity may send the request with this head.
///
/// Every function and closure of the shape `|identity: &I, head: &Parts| -> Result<(), AuthError>` is one. For a policy that
/// has to ask a store, see [`AsyncPolicy`].
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
    /// What it demands, in a few words: for the log and the table of routes. A function is called by its name.
    fn name(&self) -> Cow<'static, str> {
        name_of::<Self>()
    }

    /// Lets the request pass, or says why not.
    ///
    /// # Errors
    /// [`Denial::insufficient_scope`](crate::Denial::insufficient_scope) for who may not do this, whatever they present.
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

/// As a [`Policy`], for what must be awaited: a store that knows who owns the thing, a service that decides.
///
/// Every `async` function and closure of the shape `async |identity: &I, head: &Parts| -> Result<(), AuthError>` is one; a
/// policy that needs something of its own is a type that implements this. A policy that cannot know right now says
/// [`AuthError::unavailable`] (503), and never that the identity may not.
///
/// ```
/// use countersign::authorize::{AsyncPolicy, Require};
/// use countersign::{AuthError, Denial};
/// use http::request::Parts;
///
/// struct Owners(/* a pool of connections */);
///
/// impl<'a> AsyncPolicy<'a, String> for Owners {
///     async fn decide(&'a self, user: &'a String, head: &'a Parts) -> Result<(), AuthError> {
///         // (Ask the store here; its outage is AuthError::unavailable("owners_unavailable", ..).)
///         match head.uri.path().ends_with(user.as_str()) {
///             true => Ok(()),
///             false => Err(Denial::insufficient_scope("of somebody else").into()),
///         }
///     }
/// }
/// let require = Require::policy_async(Owners());
/// # let _: Require<String> = require;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot decide about `{I}`",
    label = "not an async function or closure of `(&{I}, &http::request::Parts)`",
    note = "write `async |identity: &{I}, head: &http::request::Parts| ..`, giving `Result<(), AuthError>`"
)]
pub trait AsyncPolicy<'a, I>: Send + Sync + 'static {
    /// As [`Policy::name`].
    fn name(&self) -> Cow<'static, str> {
        name_of::<Self>()
    }

    /// Lets the request pass, or says why not, as [`Policy::decide`].
    fn decide(
        &'a self,
        identity: &'a I,
        head: &'a Parts,
    ) -> impl Future<Output = Result<(), AuthError>> + Send + 'a;
}

impl<'a, I, F, A> AsyncPolicy<'a, I> for F
where
    I: 'a,
    F: Fn(&'a I, &'a Parts) -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), AuthError>> + Send + 'a,
{
    fn decide(&'a self, identity: &'a I, head: &'a Parts) -> impl Future<Output = A::Output> + Send + 'a {
        self(identity, head)
    }
}

/// The last name in the path of a type; closures have none.
fn name_of<P: ?Sized>() -> Cow<'static, str> {
    let path = type_name::<P>();
    let path = path.split('<').next().unwrap_or(path);
    let name = path.rsplit("::").next().unwrap_or(path);
    Cow::Borrowed(if name.starts_with('{') { "policy" } else { name })
}

/// A policy of either kind.
pub(super) enum Check<I> {
    Now(Arc<dyn Policy<I>>),
    Later(Arc<dyn Later<I>>),
}

impl<I> Clone for Check<I> {
    fn clone(&self) -> Self {
        match self {
            Self::Now(policy) => Self::Now(Arc::clone(policy)),
            Self::Later(policy) => Self::Later(Arc::clone(policy)),
        }
    }
}

/// An [`AsyncPolicy`] of whatever type.
pub(super) trait Later<I>: Send + Sync {
    fn decide<'a>(&'a self, identity: &'a I, head: &'a Parts) -> Decision<'a>;
}

type Decision<'a> = Pin<Box<dyn Future<Output = Result<(), AuthError>> + Send + 'a>>;

impl<I: 'static, P: for<'a> AsyncPolicy<'a, I>> Later<I> for P {
    fn decide<'a>(&'a self, identity: &'a I, head: &'a Parts) -> Decision<'a> {
        Box::pin(AsyncPolicy::decide(self, identity, head))
    }
}
