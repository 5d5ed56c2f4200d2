//! The strategy of tokens that only their issuer understands: it is asked about each (RFC 7662).

mod answer;
mod ask;
mod client;
mod flights;
mod inquiry;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use serde::de::DeserializeOwned;

pub use answer::Introspected;
pub use ask::Introspect;
pub use client::{ClientAuthentication, InvalidClientCredentials};

use super::{Accept, AuthError, Authentication, Checked, Details, Outline, Strategy, Validate, Verdict};
use crate::challenge::Scheme;
use crate::decision::Step;
use crate::extract_jwt::ExtractJwt;
use crate::jwks::LocationError;
use crate::jwt::{Audiences, Clock, Issuers};
use ask::Asking;
use inquiry::Inquiry;

/// Recognises the bearer of a token about which its issuer must be asked, since it is no JWT or its issuer may revoke it at
/// any moment (RFC 7662).
///
/// This is the one strategy that asks over the network: a guarded request waits for the answer, unless the same token was
/// active [a moment ago](Self::remember_for). Whoever can, verifies JWTs instead.
///
/// - The token is refused (401 `token_inactive`) when the issuer says that it is not active, and when the answer names another
///   issuer, another audience, or a time that is over.
/// - It cannot be known (503 `introspection_unavailable`) when there is no answer within five seconds, or one that is not
///   200, not JSON, too large or a redirect: never 401, which would log everybody out. So are too many [questions at
///   once](Self::max_open_questions) (503 `introspection_busy`).
/// - Requests that bring the same token at the same time ask once: all wait for the one answer, and a failure is that of those who
///   waited. The question does not depend on who asked first: it goes on when that client has left.
/// - Tokens longer than 4 KiB are not asked about.
/// - What is remembered lies under the SHA-256 of the token, in a table of fixed size.
///
/// ```
/// use countersign::strategy::{ClientAuthentication, Introspect, IntrospectionStrategy};
/// use countersign::{Guard, Strategy};
///
/// fn guard(http: impl Introspect, secret: &str) -> Result<Guard<impl Strategy>, Box<dyn std::error::Error>> {
///     let client = ClientAuthentication::basic("orders", secret)?;
///     let strategy = IntrospectionStrategy::<(), _>::new(
///         "https://login.example/introspect",
///         client,
///         "https://login.example",
///         "https://orders.example",
///         http,
///     )?;
///     Ok(Guard::required(strategy))
/// }
/// ```
pub struct IntrospectionStrategy<C, H, V = Accept> {
    token: Token<C, H>,
    validate: V,
}

/// All that leads from a head to an active token.
struct Token<C, H> {
    extract: ExtractJwt,
    scheme: Scheme,
    inquiry: Inquiry<C, H>,
}

const NAME: &str = "introspection";

impl<C, H: Introspect> IntrospectionStrategy<C, H> {
    /// Takes the token from `Authorization: Bearer` and asks this endpoint about it, as this client.
    ///
    /// The answer must name one of these issuers and one of these audiences. Where an authorization server does not tell
    /// them (RFC 7662 §2.2 leaves it free), say [`AnyIssuer`](crate::jwt::AnyIssuer) and
    /// [`AnyAudience`](crate::jwt::AnyAudience): the endpoint then has to know what is meant for this client.
    ///
    /// # Errors
    /// [`LocationError`] when the endpoint is not an `https` URL (or `http` on loopback).
    pub fn new(
        endpoint: &str,
        client: ClientAuthentication,
        issuers: impl Into<Issuers>,
        audiences: impl Into<Audiences>,
        http: H,
    ) -> Result<Self, LocationError> {
        let asking = Asking::new(endpoint, client, http)?;
        let inquiry = Inquiry::new(asking, issuers.into(), audiences.into());
        let token = Token { extract: ExtractJwt::bearer(), scheme: Scheme::BEARER, inquiry };
        Ok(Self { token, validate: Accept })
    }

    /// Asks `check` for the application's own user, once the token is known to be active; as
    /// [`JwtStrategy::validate`](crate::JwtStrategy::validate).
    pub fn validate<V, R>(self, check: V) -> IntrospectionStrategy<C, H, Checked<V, R>>
    where
        V: for<'head> Validate<'head, Arc<Introspected<C>>, Verdict = R>,
    {
        IntrospectionStrategy { token: self.token, validate: Checked::new(check) }
    }
}

impl<C, H, V> IntrospectionStrategy<C, H, V> {
    /// Takes the token from elsewhere.
    #[must_use]
    pub fn extract(mut self, extract: ExtractJwt) -> Self {
        self.token.scheme = self.token.scheme.renamed(extract.scheme_name().unwrap_or("Bearer"));
        self.token.extract = extract;
        self
    }

    /// For how long at most an active token is taken for active without asking again, counted from the question, and never beyond
    /// its own `exp`: 30 seconds if not said otherwise. So long may a revoked token still pass; zero asks every time, and then for
    /// each request alone.
    #[must_use]
    pub fn remember_for(mut self, at_most: Duration) -> Self {
        self.token.inquiry.remember_for(at_most);
        self
    }

    /// How many questions may be open at once, each about another token: 64 if not said otherwise, and at least one. For a
    /// question beyond them the answer is 503 `introspection_busy`.
    #[must_use]
    pub fn max_open_questions(mut self, at_most: usize) -> Self {
        self.token.inquiry.max_open_questions(at_most);
        self
    }

    /// Goes by this clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.token.inquiry.clock(clock);
        self
    }

    /// Names the realm of the challenge (RFC 6750 §3).
    #[must_use]
    pub fn realm(mut self, realm: impl Into<Cow<'static, str>>) -> Self {
        self.token.scheme = self.token.scheme.realm(realm);
        self
    }
}

impl<C, H> Token<C, H>
where
    C: DeserializeOwned + Send + Sync + 'static,
    H: Introspect,
{
    async fn recognise(&self, head: &Parts) -> Result<(Arc<Introspected<C>>, Details), AuthError> {
        let found = || {
            self.extract.where_found(head).map(|place| Step::new(NAME, format!("found a token in {place}")))
        };
        let token = self.extract.extract(head).map_err(|error| AuthError::from(error).after(found()))?;
        let token = token.ok_or(AuthError::NoCredentials)?;
        let introspected = self.inquiry.about(token).await.map_err(|error| error.after(found()))?;
        let details = Details {
            token_id: introspected.token_id().map(Box::from),
            issued_at: introspected.issued_at(),
            expires_at: introspected.expires_at(),
            ..Details::new(NAME)
        };
        Ok((introspected, details))
    }
}

impl<C, H> Strategy for IntrospectionStrategy<C, H>
where
    C: DeserializeOwned + Send + Sync + 'static,
    H: Introspect,
{
    type Identity = Arc<Introspected<C>>;

    fn name(&self) -> &'static str {
        NAME
    }

    fn schemes(&self) -> &[Scheme] {
        std::slice::from_ref(&self.token.scheme)
    }

    fn outline(&self) -> Outline {
        Outline::one(NAME, self.token.extract.credentials())
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<Self::Identity>, AuthError> {
        let (introspected, details) = self.token.recognise(head).await?;
        Ok(Authentication::with_details(introspected, details))
    }
}

impl<C, H, V, R> Strategy for IntrospectionStrategy<C, H, Checked<V, R>>
where
    C: DeserializeOwned + Send + Sync + 'static,
    H: Introspect,
    V: for<'head> Validate<'head, Arc<Introspected<C>>, Verdict = R> + Send + Sync + 'static,
    R: Verdict<Identity: Send + Sync> + 'static,
{
    type Identity = R::Identity;

    fn name(&self) -> &'static str {
        NAME
    }

    fn schemes(&self) -> &[Scheme] {
        std::slice::from_ref(&self.token.scheme)
    }

    fn outline(&self) -> Outline {
        Outline::one(NAME, self.token.extract.credentials())
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<R::Identity>, AuthError> {
        let (introspected, details) = self.token.recognise(head).await?;
        let identity = self.validate.ask(introspected, head, &details).await?;
        Ok(Authentication::with_details(identity, details))
    }
}

impl<C, H, V> fmt::Debug for IntrospectionStrategy<C, H, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionStrategy")
            .field("extract", &self.token.extract)
            .field("inquiry", &self.token.inquiry)
            .finish_non_exhaustive()
    }
}
