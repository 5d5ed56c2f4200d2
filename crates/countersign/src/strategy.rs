//! Strategies say *who*: they turn a request into an identity, or say why they cannot.
//!
//! [`JwtStrategy`] reads a bearer token, [`ApiKeyStrategy`] an API key, [`BasicStrategy`] a user name and a password from a
//! header; [`IntrospectionStrategy`] asks the issuer about a token; [`LocalStrategy`] from the body of a login. [`any_of`] and [`all_of`] put several together. Write your own by implementing [`Strategy`], which sees the head of a request, or [`BodyStrategy`], which asks for its body
//! too.

mod api_key;
mod authentication;
mod basic;
mod combine;
mod error;
mod introspection;
mod jwt;
mod local;
mod outline;
mod sole;
mod validate;

use std::future::Future;

use bytes::Bytes;
use http::request::Parts;

pub use api_key::{
    ApiKey, ApiKeyHash, ApiKeyId, ApiKeyStrategy, InvalidApiKey, InvalidApiKeyHash, StoredApiKey,
};
pub(crate) use authentication::{Admission, Recognised};
pub use authentication::{Authentication, Details};
pub use basic::BasicStrategy;
pub use combine::{AllOf, Alternatives, AnyOf, Map, Several, Together, all_of, any_of};
pub use error::{AuthError, Bug, Denial, Outage, Rejection};
pub(crate) use error::{Shortfall, Text};
pub use introspection::{
    ClientAuthentication, Introspect, Introspected, IntrospectionStrategy, InvalidClientCredentials,
};
pub use jwt::{IssuerRepeated, JwtStrategy, TrustedIssuer};
pub use local::{Credentials, FormToken, LocalStrategy};
pub use outline::{Credential, Outline};
pub use validate::{Accept, Checked, Validate, Verdict};

use crate::challenge::Scheme;

/// Turns the head of a request into an identity.
///
/// A [`Guard`](crate::Guard) asks it before anything of the body is read.
///
/// ```
/// use countersign::{AuthError, Authentication, Strategy};
/// use http::request::Parts;
///
/// /// Believes a proxy that has checked the client's certificate.
/// struct ClientCertificate;
///
/// impl Strategy for ClientCertificate {
///     type Identity = String;
///
///     fn name(&self) -> &'static str {
///         "client-certificate"
///     }
///
///     async fn authenticate(&self, head: &Parts) -> Result<Authentication<String>, AuthError> {
///         let subject = head.headers.get("x-client-subject").ok_or(AuthError::NoCredentials)?;
///         let subject = subject.to_str().map_err(|_| AuthError::denied("subject_malformed", "not ASCII"))?;
///         Ok(Authentication::new(self.name(), subject.to_owned()))
///     }
/// }
/// ```
pub trait Strategy: Send + Sync + 'static {
    /// Who or what was recognised.
    type Identity: Send + Sync + 'static;

    /// The name under which it stands in logs and in [`Details`].
    fn name(&self) -> &'static str;

    /// The schemes that a 401 offers (RFC 9110 §11.6.1). `Bearer` if not said otherwise.
    fn schemes(&self) -> &[Scheme] {
        const { &[Scheme::BEARER] }
    }

    /// The strategies of which it is made, or itself, and the schemes of each.
    #[doc(hidden)]
    fn members(&self) -> Vec<(&'static str, Vec<Scheme>)> {
        vec![(self.name(), self.schemes().to_vec())]
    }

    /// What it is and where it looks. If not said otherwise: in `Authorization`, after its schemes.
    fn outline(&self) -> Outline {
        Outline::of_schemes(self.name(), self.schemes())
    }

    /// Recognises who sent the request with this head.
    ///
    /// # Errors
    /// [`AuthError::NoCredentials`] only if nothing was presented that this strategy reads: an optional guard then lets
    /// the request pass without an identity. Whatever was presented and is not good is [`AuthError::Denied`].
    fn authenticate(
        &self,
        head: &Parts,
    ) -> impl Future<Output = Result<Authentication<Self::Identity>, AuthError>> + Send;

    /// What [`authenticate`](Self::authenticate) gives for this head, where nothing has to be awaited for it; `None`, as if not
    /// said otherwise, where that has to be asked.
    ///
    /// A guard tries this first, and needs no future then. It makes a strategy cheaper, and nothing else.
    fn authenticate_now(&self, head: &Parts) -> Option<Result<Authentication<Self::Identity>, AuthError>> {
        let _ = head;
        None
    }

    /// The same strategy with another identity: to bring several to one, for [`any_of`].
    fn map<I, F>(self, map: F) -> Map<Self, F>
    where
        Self: Sized,
        F: Fn(Self::Identity) -> I + Send + Sync + 'static,
        I: Send + Sync + 'static,
    {
        Map { strategy: self, map }
    }
}

/// Turns a request and its body into an identity: for logins.
///
/// A [`BodyGuard`](crate::BodyGuard) asks it twice: how much of the body may be read at all, then who it is.
pub trait BodyStrategy: Send + Sync + 'static {
    /// Who or what was recognised.
    type Identity: Send + Sync + 'static;

    /// The name under which it stands in logs and in [`Details`].
    fn name(&self) -> &'static str;

    /// The schemes that a 401 offers (RFC 9110 §11.6.1).
    fn schemes(&self) -> &[Scheme];

    /// Looks at the head alone and says how many bytes of the body may be read.
    ///
    /// # Errors
    /// When the body need not be read to know that it is no good, for instance for its media type.
    fn body_limit(&self, head: &Parts) -> Result<usize, AuthError>;

    /// Recognises who sent the request with this head and this body, which is whole and within the limit.
    ///
    /// # Errors
    /// As [`Strategy::authenticate`].
    fn authenticate(
        &self,
        head: &Parts,
        body: &Bytes,
    ) -> impl Future<Output = Result<Authentication<Self::Identity>, AuthError>> + Send;
}
