//! The strategy of `Authorization: Basic`: a user name and a password in a header.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use http::request::Parts;
use zeroize::Zeroizing;

use super::{AuthError, Authentication, Credentials, Denial, Strategy, Validate, Verdict};
use crate::challenge::Scheme;
use crate::decision::Step;
use crate::extract_jwt::credentials_after;
use crate::jwt::base64url;

/// Recognises who sends a user name and a password with every request (RFC 7617): scripts and old clients.
///
/// `verify` is asked as by [`LocalStrategy`](crate::LocalStrategy), for each request: hashing a password for each is dear,
/// so keep this to routes that few ask for.
///
/// Read by the letter: padded, canonical base64, UTF-8 (the challenge asks for it), the user name before the first colon,
/// no control characters (RFC 7617 §2), neither part empty. Whatever else is refused 401 `credentials_malformed`.
///
/// ```
/// use countersign::{BasicStrategy, Credentials, Guard};
/// use http::request::Parts;
///
/// let strategy = BasicStrategy::new("metrics", async |credentials: Credentials, _: &Parts| {
///     // Look the user up and verify the password here.
///     (credentials.username() == "prometheus").then(|| credentials.username().to_owned())
/// });
/// let guard = Guard::required(strategy);
/// # let _ = guard;
/// ```
pub struct BasicStrategy<V, R> {
    verify: V,
    scheme: Scheme,
    verdict: PhantomData<fn() -> R>,
}

impl<V, R> BasicStrategy<V, R>
where
    V: for<'head> Validate<'head, Credentials, Verdict = R>,
{
    /// Asks `verify` whose user name and password these are. The challenge must name a realm (RFC 7617 §2), which browsers
    /// show to the user.
    pub fn new(realm: impl Into<Cow<'static, str>>, verify: V) -> Self {
        Self { verify, scheme: Scheme::BASIC.realm(realm), verdict: PhantomData }
    }
}

const NAME: &str = "basic";

impl<V, R> Strategy for BasicStrategy<V, R>
where
    V: for<'head> Validate<'head, Credentials, Verdict = R> + Send + Sync + 'static,
    R: Verdict<Identity: Send + Sync> + 'static,
{
    type Identity = R::Identity;

    fn name(&self) -> &'static str {
        NAME
    }

    fn schemes(&self) -> &[Scheme] {
        std::slice::from_ref(&self.scheme)
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<R::Identity>, AuthError> {
        let presented = credentials_after(&head.headers, "Basic")?.ok_or(AuthError::NoCredentials)?;
        let credentials = read(presented).map_err(|reason| {
            Denial::new("credentials_malformed", reason)
                .detail("What follows Basic is not a user name and a password as RFC 7617 writes them.")
        })?;
        let identity = self.verify.validate(credentials, head).await.or_unknown(Denial::wrong_credentials);
        let asked = || Step::new(NAME, "asked the application's own check");
        let identity = identity.map_err(|error| error.after([asked()]))?;
        Ok(Authentication::new(NAME, identity))
    }

    /// That nothing is presented is told at once, for a strategy beside this one.
    fn authenticate_now(&self, head: &Parts) -> Option<Result<Authentication<R::Identity>, AuthError>> {
        matches!(credentials_after(&head.headers, "Basic"), Ok(None)).then_some(Err(AuthError::NoCredentials))
    }
}

impl<V, R> fmt::Debug for BasicStrategy<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicStrategy").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// `user-pass = user-id ":" password` in base64 (RFC 7617 §2), or what is wrong with it.
fn read(presented: &str) -> Result<Credentials, &'static str> {
    let bytes = base64(presented).ok_or("the credentials are not padded, canonical base64")?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "the credentials are not UTF-8")?;
    if text.chars().any(char::is_control) {
        return Err("the credentials hold a control character");
    }
    let (username, password) = text.split_once(':').ok_or("no colon follows the user name")?;
    if username.is_empty() || password.is_empty() {
        return Err("the user name or the password is empty");
    }
    Ok(Credentials::new(username.to_owned(), password.to_owned()))
}

/// Strict base64 (RFC 4648 §4): padded, and canonical.
fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let unpadded = text.trim_end_matches('=');
    let padding = text.len() - unpadded.len();
    if padding > 2 || !text.len().is_multiple_of(4) || unpadded.contains(['-', '_']) {
        return None;
    }
    let other_alphabet = Zeroizing::new(unpadded.replace('+', "-").replace('/', "_"));
    base64url::decode(&other_alphabet).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_user_name_ends_at_the_first_colon() {
        for (presented, username, password) in [
            ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
            ("dGVzdDoxMjPCow==", "test", "123\u{a3}"),
            ("YTpiOmM=", "a", "b:c"),
            ("YTo6", "a", ":"),
            ("YTo/Pz8+", "a", "???>"),
        ] {
            let credentials = read(presented).unwrap();
            assert_eq!((credentials.username(), credentials.password()), (username, password));
        }
    }

    #[test]
    fn what_is_not_a_user_name_and_a_password_is_refused() {
        for presented in [
            "=",
            "YTpi=",
            "YTpi====",
            "YTpiOmM",
            "YTpiOmM==",
            "YTpiOmN=",
            "YTo_Pz8-",
            "YTpiYg=",
            "YWI=",
            "Ojo=",
            "OmI=",
            "YTo=",
            "YTr/",
            "YTpiAA==",
            "YToKYg==",
            "YTp/",
        ] {
            assert!(read(presented).is_err(), "{presented}");
        }
    }
}
