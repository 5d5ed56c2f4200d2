//! What handlers ask for: the identity that a guard found.

#[cfg(feature = "axum")]
mod from_request;

use std::any::{Any, type_name};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use http::Extensions;
use serde::{Serialize, Serializer};

use crate::passage::Passage;
use crate::strategy::{Details, Recognised};

/// The identity of whoever sent the request, as a [`Guard`](crate::Guard) in front recognised it.
///
/// Holding one proves that a guard was passed; there is no other way to get one. It dereferences to the identity, and
/// clones without cloning it.
///
/// As an axum extractor it answers 500 on a route without a guard, and the log names the route; behind an optional
/// guard it answers 401 to who has no identity.
///
/// ```
/// use countersign::Authenticated;
///
/// struct User {
///     email: String,
/// }
///
/// async fn profile(user: Authenticated<User>) -> String {
///     format!("{}, recognised by {}", user.email, Authenticated::details(&user).strategy())
/// }
/// # fn check<H: axum::handler::Handler<T, ()>, T>(_: H) {}
/// # check(profile);
/// ```
pub struct Authenticated<I>(Arc<Recognised<I>>);

impl<I: Send + Sync + 'static> Authenticated<I> {
    /// The identity in the extensions of a request that has passed a guard: for services that are not axum's.
    ///
    /// # Errors
    /// [`NotAuthenticated`] when there was no guard, or one that recognises something else, or when an optional guard
    /// let the request pass without an identity.
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, NotAuthenticated> {
        let admission = match extensions.get::<Passage>() {
            None => return Err(NotAuthenticated(Cause::NoGuard)),
            Some(Passage::Anonymous(_)) => return Err(NotAuthenticated(Cause::Anonymous)),
            Some(Passage::Admitted { admission, .. }) => admission,
        };
        let found = admission.identity_type();
        let admission = Arc::clone(admission) as Arc<dyn Any + Send + Sync>;
        match admission.downcast() {
            Ok(recognised) => Ok(Self(recognised)),
            Err(_) => Err(NotAuthenticated(Cause::OtherIdentity { asked: type_name::<I>(), found })),
        }
    }
}

impl<I> Authenticated<I> {
    /// How the identity was recognised. (Called as `Authenticated::details(&user)`, so as not to hide a method of the
    /// identity.)
    #[must_use]
    pub fn details(this: &Self) -> &Details {
        this.0.details()
    }
}

impl<I> Deref for Authenticated<I> {
    type Target = I;

    fn deref(&self) -> &I {
        self.0.identity()
    }
}

impl<I> Clone for Authenticated<I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I: fmt::Debug> fmt::Debug for Authenticated<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authenticated").field(&**self).finish()
    }
}

impl<I: Serialize> Serialize for Authenticated<I> {
    /// The identity as it serializes itself, so a handler can answer with it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// The identity of whoever sent the request, or that they have none, as an optional guard in front has found.
///
/// That is not the same as a missing guard: as an axum extractor it then answers 500 like [`Authenticated`], and never
/// takes the visitor for one without an identity.
///
/// ```
/// use countersign::MaybeAuthenticated;
///
/// async fn home(MaybeAuthenticated(user): MaybeAuthenticated<String>) -> String {
///     match user {
///         Some(user) => format!("Hello {}", *user),
///         None => "Hello stranger".to_owned(),
///     }
/// }
/// # fn check<H: axum::handler::Handler<T, ()>, T>(_: H) {}
/// # check(home);
/// ```
#[derive(Debug)]
pub struct MaybeAuthenticated<I>(pub Option<Authenticated<I>>);

impl<I: Send + Sync + 'static> MaybeAuthenticated<I> {
    /// The identity, or that there is none, from the extensions of a request that has passed a guard.
    ///
    /// # Errors
    /// [`NotAuthenticated`] when there was no guard, or one that recognises something else.
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, NotAuthenticated> {
        match Authenticated::from_extensions(extensions) {
            Ok(authenticated) => Ok(Self(Some(authenticated))),
            Err(NotAuthenticated(Cause::Anonymous)) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}

impl<I> Clone for MaybeAuthenticated<I> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Why a request holds no identity of the type asked for.
#[derive(Debug, Clone)]
pub struct NotAuthenticated(Cause);

#[derive(Debug, Clone)]
enum Cause {
    NoGuard,
    OtherIdentity { asked: &'static str, found: &'static str },
    Anonymous,
}

impl NotAuthenticated {
    /// Whether a guard was passed and nobody was to be recognised; otherwise the application is put together wrongly.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        matches!(self.0, Cause::Anonymous)
    }
}

impl fmt::Display for NotAuthenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::NoGuard => {
                f.write_str("no guard stands in front of this route: add `.layer(Guard::required(..))`")
            }
            Cause::OtherIdentity { asked, found } => {
                write!(
                    f,
                    "the guard in front of this route recognises `{found}`, and the handler asks for `{asked}`"
                )
            }
            Cause::Anonymous => f.write_str("the request passed an optional guard without credentials"),
        }
    }
}

impl std::error::Error for NotAuthenticated {}
