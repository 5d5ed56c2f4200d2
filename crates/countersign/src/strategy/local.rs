//! The strategy of a login: a user name and a password from the body.

mod body;
mod form;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::mem;

use bytes::Bytes;
use http::request::Parts;
use zeroize::Zeroizing;

pub use form::FormToken;

use super::{AuthError, Authentication, BodyStrategy, Denial, Outage, Validate, Verdict};
use crate::challenge::Scheme;
use crate::password::{HashingError, Password};

use body::{Fields, MediaType};

/// Recognises who sends a user name and a password in the body: JSON or a form, never the query.
///
/// Stand it in front of a login with [`BodyGuard`](crate::BodyGuard). `verify` gets the [`Credentials`] and gives the
/// user, `None` for a wrong user name or password (401 `credentials_invalid`), or an [`AuthError`] of its own. Let it
/// do the same work whether the user is unknown or the password wrong, or the time it takes tells who has an account.
///
/// A body that is not a login is told what is wrong with it, before `verify` is asked: another media type 415, a field
/// missing, empty, there twice or not text 400.
///
/// ```
/// use countersign::password::{PasswordHash, Passwords, Verification};
/// use countersign::{AuthError, BodyGuard, BodyStrategy, Credentials, Denial, LocalStrategy, Validate};
/// use http::request::Parts;
///
/// #[derive(Clone)]
/// struct User {
///     email: String,
///     password: PasswordHash,
/// }
///
/// struct Users {
///     users: Vec<User>,
///     passwords: Passwords,
/// }
///
/// impl<'head> Validate<'head, Credentials> for Users {
///     type Verdict = Result<User, AuthError>;
///
///     async fn validate(&self, credentials: Credentials, _: &'head Parts) -> Result<User, AuthError> {
///         let (email, password) = credentials.into_parts();
///         let user = self.users.iter().find(|user| user.email == email);
///         let verification = match user {
///             Some(user) => self.passwords.verify(&password, &user.password).await?,
///             None => self.passwords.verify_absent(&password).await?,
///         };
///         match (user, verification) {
///             // (After `MatchRehashed` a store would keep the new hash.)
///             (Some(user), Verification::Match | Verification::MatchRehashed(_)) => Ok(user.clone()),
///             _ => Err(Denial::wrong_credentials().into()),
///         }
///     }
/// }
///
/// fn login(users: Users) -> BodyGuard<impl BodyStrategy<Identity = User>> {
///     BodyGuard::new(LocalStrategy::new(users).username_field("email"))
/// }
/// ```
pub struct LocalStrategy<V, R> {
    verify: V,
    username_field: Cow<'static, str>,
    password_field: Cow<'static, str>,
    body_limit: usize,
    scheme: Scheme,
    verdict: PhantomData<fn() -> R>,
}

impl<V, R> LocalStrategy<V, R>
where
    V: for<'head> Validate<'head, Credentials, Verdict = R>,
{
    /// Reads the fields `username` and `password` from a body of at most 8 KiB, and asks `verify` whose they are.
    pub fn new(verify: V) -> Self {
        Self {
            verify,
            username_field: Cow::Borrowed("username"),
            password_field: Cow::Borrowed("password"),
            body_limit: 8 * 1024,
            scheme: Scheme::PASSWORD,
            verdict: PhantomData,
        }
    }
}

impl<V, R> LocalStrategy<V, R> {
    /// Names the field of the user name, for instance `email`.
    #[must_use]
    pub fn username_field(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.username_field = name.into();
        self
    }

    /// Names the field of the password.
    #[must_use]
    pub fn password_field(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.password_field = name.into();
        self
    }

    /// The most bytes of a body that are read.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Names the realm of the challenge (RFC 9110 §11.5).
    #[must_use]
    pub fn realm(mut self, realm: impl Into<Cow<'static, str>>) -> Self {
        self.scheme = self.scheme.realm(realm);
        self
    }
}

impl<V, R> BodyStrategy for LocalStrategy<V, R>
where
    V: for<'head> Validate<'head, Credentials, Verdict = R> + Send + Sync + 'static,
    R: Verdict<Identity: Send + Sync> + 'static,
{
    type Identity = R::Identity;

    fn name(&self) -> &'static str {
        "local"
    }

    fn schemes(&self) -> &[Scheme] {
        std::slice::from_ref(&self.scheme)
    }

    fn body_limit(&self, head: &Parts) -> Result<usize, AuthError> {
        MediaType::of(head)?;
        Ok(self.body_limit)
    }

    async fn authenticate(
        &self,
        head: &Parts,
        body: &Bytes,
    ) -> Result<Authentication<R::Identity>, AuthError> {
        let mut fields = Fields::read(MediaType::of(head)?, body)?;
        let username = fields.take(&self.username_field)?;
        let password = fields.take(&self.password_field)?;
        drop(fields);
        let credentials = Credentials::new(username, password);
        let identity = self.verify.validate(credentials, head).await.or_unknown(Denial::wrong_credentials)?;
        Ok(Authentication::new(self.name(), identity))
    }
}

impl<V, R> fmt::Debug for LocalStrategy<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalStrategy")
            .field("username_field", &self.username_field)
            .field("password_field", &self.password_field)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

/// A user name and a password, as presented. The password is never printed, and erased from memory when dropped.
pub struct Credentials {
    username: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// Both, neither of them empty.
    pub(super) fn new(username: String, password: String) -> Self {
        Self { username, password: Zeroizing::new(password) }
    }

    /// The user name, as presented: not trimmed, not normalised, not empty.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The password, as presented: not empty. For a check of your own; [`into_parts`](Self::into_parts) has it for ours.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Both by value, the password as [`Passwords::verify`](crate::password::Passwords::verify) takes it.
    #[must_use]
    pub fn into_parts(mut self) -> (String, Password) {
        (self.username, Password::from(mem::take(&mut *self.password)))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

impl From<HashingError> for AuthError {
    /// A full queue is an outage that ends soon (503 `passwords_busy`); all else is a bug.
    fn from(error: HashingError) -> Self {
        let reason = error.to_string();
        match error {
            HashingError::Busy { retry_after } => {
                Outage::new("passwords_busy", reason).retry_after(retry_after).into()
            }
            _ => Self::bug(reason),
        }
    }
}
