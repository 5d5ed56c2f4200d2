//! The application's own check, between a proof and the application's user.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use http::request::Parts;

use super::{AuthError, Denial, Details};
use crate::decision::Step;

/// The application's check: turns a proof `P`, for instance verified claims, into the application's own user.
///
/// Every `async` function and closure of the shape `async |proof: P, head: &Parts| -> Result<User, AuthError>` is one,
/// or `-> Option<User>`, where `None` is a refusal:
///
/// ```
/// use countersign::jwt::{KeySet, Verified, Verifier};
/// use countersign::{JwtStrategy, Strategy};
/// use http::request::Parts;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Claims {
///     email: String,
/// }
///
/// fn strategy(verifier: Verifier, keys: KeySet) -> impl Strategy<Identity = String> {
///     JwtStrategy::new(verifier, keys).validate(async |token: Verified<Claims>, _: &Parts| Some(token.into_claims().email))
/// }
/// ```
///
/// Where a check needs something of its own, such as a store of users, implement it for a type that holds that:
///
/// ```
/// use std::collections::HashMap;
///
/// use countersign::{AuthError, BodyStrategy, Credentials, Denial, LocalStrategy, Validate};
/// use http::request::Parts;
///
/// struct Users(HashMap<String, String>);
///
/// impl<'head> Validate<'head, Credentials> for Users {
///     type Verdict = Result<String, AuthError>;
///
///     async fn validate(&self, credentials: Credentials, _: &'head Parts) -> Result<String, AuthError> {
///         let user = self.0.get(credentials.username()).cloned();
///         user.ok_or_else(|| Denial::wrong_credentials().into())
///     }
/// }
///
/// fn strategy(users: Users) -> impl BodyStrategy<Identity = String> {
///     LocalStrategy::new(users)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot check `{P}`",
    label = "not an async function or closure of `({P}, &http::request::Parts)`",
    note = "write `async |proof: {P}, _: &http::request::Parts| ..`, giving `Result<User, AuthError>` or `Option<User>`",
    note = "a check that needs something of its own is a type that implements `Validate<'_, {P}>`"
)]
pub trait Validate<'head, P> {
    /// What it gives: `Result<User, AuthError>` or `Option<User>`.
    type Verdict: Verdict;

    /// Gives the user of whom `proof` speaks, or says why there is none.
    fn validate(&self, proof: P, head: &'head Parts) -> impl Future<Output = Self::Verdict> + Send;
}

impl<'head, P, F, A> Validate<'head, P> for F
where
    F: Fn(P, &'head Parts) -> A,
    A: Future<Output: Verdict> + Send,
{
    type Verdict = A::Output;

    fn validate(&self, proof: P, head: &'head Parts) -> impl Future<Output = A::Output> + Send {
        self(proof, head)
    }
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

/// Takes the proof for the identity: what a strategy does without `validate`.
#[derive(Debug, Clone, Copy)]
pub struct Accept;

/// Asks the application's own check `V`, whose verdict is `R`: what a strategy does after `validate`.
pub struct Checked<V, R> {
    check: V,
    verdict: PhantomData<fn() -> R>,
}

impl<V, R> Checked<V, R> {
    pub(super) fn new(check: V) -> Self {
        Self { check, verdict: PhantomData }
    }

    /// Asks the application who it is of whom this proof speaks.
    pub(super) async fn ask<'head, P>(
        &self,
        proof: P,
        head: &'head Parts,
        details: &Details,
    ) -> Result<R::Identity, AuthError>
    where
        V: Validate<'head, P, Verdict = R>,
        R: Verdict,
    {
        let identity = self.check.validate(proof, head).await.or_unknown(|| {
            Denial::new("identity_unknown", "the token is good, and validate found nobody for it")
                .detail("Nobody here goes by this token.")
        });
        let asked = || Step::new(details.strategy, "asked the application's own check");
        identity.map_err(|error| error.after([Step::recognised(details), asked()]))
    }
}

impl<V, R> fmt::Debug for Checked<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checked")
    }
}

mod sealed {
    pub trait Sealed {}
    impl<I> Sealed for Result<I, super::AuthError> {}
    impl<I> Sealed for Option<I> {}
}
