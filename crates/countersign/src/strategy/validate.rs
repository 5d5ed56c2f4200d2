//! The application's own check, between a proof and the application's user.

use std::future::Future;

use http::request::Parts;

use super::{AuthError, Denial};

/// The application's check: turns a proof `P`, for instance verified claims, into the application's own user.
///
/// Implemented by every `async` function and closure of the shape
/// `async |proof: P, head: &Parts| -> Result<User, AuthError>`, or `-> Option<User>`, where `None` is a refusal. You
/// never implement it yourself.
///
/// A closure that owns something which its future needs clones it first, as usual:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
///
/// use countersign::{Credentials, LocalStrategy};
/// use http::request::Parts;
///
/// let users = Arc::new(HashMap::from([("ada".to_owned(), "a user".to_owned())]));
/// let strategy = LocalStrategy::new(move |credentials: Credentials, _: &Parts| {
///     let users = Arc::clone(&users);
///     async move { users.get(credentials.username()).cloned() }
/// });
/// # let _ = strategy;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot check `{P}`",
    label = "not an async function or closure of `({P}, &http::request::Parts)`",
    note = "write `async |proof: {P}, _: &http::request::Parts| ..`, giving `Result<User, AuthError>` or `Option<User>`",
    note = "a closure that moves values in gives `async move {{ .. }}` over clones of them, and that future must be `Send`"
)]
pub trait Validate<'head, P>: Fn(P, &'head Parts) -> Self::Future {
    /// The application's user.
    type Identity;
    /// What it gives.
    type Verdict: Verdict<Identity = Self::Identity>;
    /// What gives it.
    type Future: Future<Output = Self::Verdict> + Send;
}

impl<'head, P, F, A> Validate<'head, P> for F
where
    F: Fn(P, &'head Parts) -> A,
    A: Future<Output: Verdict> + Send,
{
    type Identity = <A::Output as Verdict>::Identity;
    type Verdict = A::Output;
    type Future = A;
}

/// What a check gives: `Result<User, AuthError>`, or `Option<User>` where there is nothing to say about a refusal.
pub trait Verdict: sealed::Sealed {
    /// The application's user.
    type Identity;

    /// The user, or why not; `unknown` is the refusal of a check that said nothing.
    ///
    /// # Errors
    /// What the check said, or `unknown`.
    fn or_unknown(self, unknown: impl FnOnce() -> Denial) -> Result<Self::Identity, AuthError>;
}

impl<I> Verdict for Result<I, AuthError> {
    type Identity = I;

    fn or_unknown(self, _: impl FnOnce() -> Denial) -> Self {
        self
    }
}

impl<I> Verdict for Option<I> {
    type Identity = I;

    fn or_unknown(self, unknown: impl FnOnce() -> Denial) -> Result<I, AuthError> {
        self.ok_or_else(|| unknown().into())
    }
}

mod sealed {
    pub trait Sealed {}
    impl<I> Sealed for Result<I, super::AuthError> {}
    impl<I> Sealed for Option<I> {}
}
