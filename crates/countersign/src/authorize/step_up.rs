//! Asking the user to prove more, or again, who they are (RFC 9470).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;

use super::Policy;
use crate::jwt::{AccessTokenClaims, Clock, NumericDate, SystemClock, Verified};
use crate::strategy::{AuthError, Denial};

/// How far the clocks of issuer and verifier may be apart, as by default for tokens.
const LEEWAY: Duration = Duration::from_secs(60);

/// An identity that knows how, and when, the user proved who they are (OpenID Connect Core §2).
pub trait AuthenticationContext {
    /// How strong the proof was: the claim `acr`.
    fn acr(&self) -> Option<&str>;

    /// When it was given: the claim `auth_time`.
    fn auth_time(&self) -> Option<NumericDate>;
}

impl AuthenticationContext for AccessTokenClaims {
    fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    fn auth_time(&self) -> Option<NumericDate> {
        self.auth_time
    }
}

impl<C: AuthenticationContext> AuthenticationContext for Verified<C> {
    fn acr(&self) -> Option<&str> {
        (**self).acr()
    }

    fn auth_time(&self) -> Option<NumericDate> {
        (**self).auth_time()
    }
}

/// How strongly and how lately the user must have proven who they are (RFC 9470): for
/// [`Require::step_up`](super::Require::step_up).
///
/// Who has not is answered 401 `insufficient_user_authentication` with what is demanded, so that the client can send the user
/// to log in again. An identity that does not know its `acr` or `auth_time` has not.
///
/// ```
/// use std::time::Duration;
///
/// use countersign::authorize::{Require, StepUp};
/// use countersign::jwt::{AccessTokenClaims, Verified};
///
/// let payments = StepUp::max_age(Duration::from_secs(300)).and_acr(["urn:example:mfa"]);
/// let require = Require::<Verified<AccessTokenClaims>>::step_up(payments);
/// # let _ = require;
/// ```
#[derive(Clone)]
pub struct StepUp {
    acr: Vec<&'static str>,
    max_age: Option<Duration>,
    clock: Arc<dyn Clock>,
}

impl StepUp {
    /// Demands one of these values of `acr`, the preferred ones first. At least one must be named, or it does not compile.
    #[must_use]
    pub fn acr<const N: usize>(values: [&'static str; N]) -> Self {
        const { assert!(N > 0, "name at least one value") };
        Self { acr: values.to_vec(), max_age: None, clock: Arc::new(SystemClock) }
    }

    /// Demands a proof that is no older than this, a minute aside for clocks that are apart.
    #[must_use]
    pub fn max_age(max_age: Duration) -> Self {
        Self { acr: Vec::new(), max_age: Some(max_age), clock: Arc::new(SystemClock) }
    }

    /// Demands one of these values of `acr`, too.
    #[must_use]
    pub fn and_acr<const N: usize>(self, values: [&'static str; N]) -> Self {
        Self { acr: Self::acr(values).acr, ..self }
    }

    /// Goes by this clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    fn is_recent(&self, auth_time: Option<NumericDate>) -> bool {
        let Some(max_age) = self.max_age else { return true };
        let now = self.clock.now();
        auth_time
            .is_some_and(|then| then <= now + LEEWAY && now.since(then) <= max_age.saturating_add(LEEWAY))
    }

    fn is_strong(&self, acr: Option<&str>) -> bool {
        self.acr.is_empty() || acr.is_some_and(|acr| self.acr.contains(&acr))
    }
}

impl<I: AuthenticationContext> Policy<I> for StepUp {
    fn name(&self) -> Cow<'static, str> {
        let acr = (!self.acr.is_empty()).then(|| format!("acr {}", self.acr.join(" or ")));
        let age = self.max_age.map(|age| format!("login within {} s", age.as_secs()));
        acr.into_iter().chain(age).collect::<Vec<_>>().join(", ").into()
    }

    fn decide(&self, identity: &I, _: &Parts) -> Result<(), AuthError> {
        let reason = match (self.is_strong(identity.acr()), self.is_recent(identity.auth_time())) {
            (true, true) => return Ok(()),
            (false, _) => "the user has not proven strongly enough who they are",
            (true, false) => "it is too long ago that the user proved who they are",
        };
        let mut denial = Denial::insufficient_user_authentication(reason);
        if !self.acr.is_empty() {
            denial = denial.acr_values(self.acr.join(" "));
        }
        if let Some(max_age) = self.max_age {
            denial = denial.max_age(max_age);
        }
        Err(denial.into())
    }
}

impl fmt::Debug for StepUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepUp")
            .field("acr", &self.acr)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}
