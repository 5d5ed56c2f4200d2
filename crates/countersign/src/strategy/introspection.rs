//! The strategy of tokens that only their issuer understands: it is asked about each (RFC 7662).

mod answer;
mod ask;
mod client;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use http::request::Parts;
use serde::de::DeserializeOwned;

pub use answer::Introspected;
pub use ask::Introspect;
pub use client::{ClientAuthentication, InvalidClientCredentials};

use super::{
    Accept, AuthError, Authentication, Checked, Denial, Details, Outline, Strategy, Validate, Verdict,
};
use crate::cache::Table;
use crate::challenge::Scheme;
use crate::decision::Step;
use crate::extract_jwt::ExtractJwt;
use crate::jwks::LocationError;
use crate::jwt::{Audiences, Clock, Issuers, NumericDate, SystemClock, VerifyError};
use ask::Asking;

/// Recognises the bearer of a token about which its issuer must be asked, since it is no JWT or its issuer may revoke it at
/// any moment (RFC 7662).
///
/// This is the one strategy that asks over the network: a guarded request waits for the answer, unless the same token was
/// active [a moment ago](Self::remember_for). Whoever can, verifies JWTs instead.
///
/// - The token is refused (401 `token_inactive`) when the issuer says that it is not active, and when the answer names another
///   issuer, another audience, or a time that is over.
/// - It cannot be known (503 `introspection_unavailable`) when there is no answer within five seconds, or one that is not
///   200, not JSON, too large or a redirect: never 401, which would log everybody out. So are too many questions at
///   once (503 `introspection_busy`).
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
    asking: Asking<H>,
    issuers: Issuers,
    audiences: Audiences,
    remembered: Table<Entry<C>>,
    remember_for: Duration,
    clock: Arc<dyn Clock>,
    scheme: Scheme,
}

/// A token that was active.
struct Entry<C> {
    token: [u8; 32],
    introspected: Arc<Introspected<C>>,
    until: NumericDate,
}

/// The longest token that is asked about, in characters.
const MAX_TOKEN_LENGTH: usize = 4 * 1024;
/// How many active tokens are remembered.
const REMEMBERED: usize = 4 * 1024;
/// By how much our clock and the issuer's may be apart.
const LEEWAY: Duration = Duration::from_secs(60);
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
        let token = Token {
            extract: ExtractJwt::bearer(),
            asking: Asking::new(endpoint, client, http)?,
            issuers: issuers.into(),
            audiences: audiences.into(),
            remembered: Table::new(REMEMBERED),
            remember_for: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
            scheme: Scheme::BEARER,
        };
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

    /// For how long at most an active token is taken for active without asking again, and never beyond its own `exp`: 30
    /// seconds if not said otherwise. So long may a revoked token still pass; zero asks every time.
    #[must_use]
    pub fn remember_for(mut self, at_most: Duration) -> Self {
        self.token.remember_for = at_most;
        self
    }

    /// Goes by this clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.token.clock = Arc::new(clock);
        self
    }

    /// Names the realm of the challenge (RFC 6750 §3).
    #[must_use]
    pub fn realm(mut self, realm: impl Into<Cow<'static, str>>) -> Self {
        self.token.scheme = self.token.scheme.realm(realm);
        self
    }
}

impl<C: DeserializeOwned, H: Introspect> Token<C, H> {
    async fn recognise(&self, head: &Parts) -> Result<(Arc<Introspected<C>>, Details), AuthError> {
        let found = || {
            self.extract.where_found(head).map(|place| Step::new(NAME, format!("found a token in {place}")))
        };
        let token = self.extract.extract(head).map_err(|error| AuthError::from(error).after(found()))?;
        let token = token.ok_or(AuthError::NoCredentials)?;
        let introspected = self.introspect(token).await.map_err(|error| error.after(found()))?;
        let details = Details {
            token_id: introspected.token_id().map(Box::from),
            issued_at: introspected.issued_at(),
            expires_at: introspected.expires_at(),
            ..Details::new(NAME)
        };
        Ok((introspected, details))
    }

    async fn introspect(&self, token: &str) -> Result<Arc<Introspected<C>>, AuthError> {
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(VerifyError::TooLong { limit: MAX_TOKEN_LENGTH }.into());
        }
        let (digest, hash) = digest(token);
        let now = self.clock.now();
        let is_it = |entry: &Entry<C>| entry.token == digest && now < entry.until;
        if let Some(introspected) = self.remembered.find(hash, is_it, |entry| Arc::clone(&entry.introspected))
        {
            return Ok(introspected);
        }
        let asked = || Step::new(NAME, "asked the introspection endpoint");
        let introspected = match self.asking.about(token).await {
            Ok(Some(introspected)) => Arc::new(introspected),
            Ok(None) => return Err(inactive().after([asked()])),
            Err(error) => return Err(error.after([asked()])),
        };
        // Asked anew: the answer may have taken its time.
        let now = self.clock.now();
        self.check(&introspected, now).map_err(|error| AuthError::from(error).after([asked()]))?;
        let longest = now + self.remember_for;
        let until = introspected.expires_at().map_or(longest, |expires_at| expires_at.min(longest));
        let entry = Entry { token: digest, introspected: Arc::clone(&introspected), until };
        self.remembered.put(hash, entry, |entry| entry.until <= now);
        Ok(introspected)
    }

    /// Whether the answer is about a token for us, and for now.
    fn check(&self, introspected: &Introspected<C>, now: NumericDate) -> Result<(), VerifyError> {
        self.issuers.accept(introspected.issuer())?;
        self.audiences.accept(introspected.audience())?;
        if introspected.expires_at().is_some_and(|expires_at| now >= expires_at + LEEWAY) {
            return Err(VerifyError::Expired);
        }
        if introspected.not_before().is_some_and(|not_before| not_before > now + LEEWAY) {
            return Err(VerifyError::NotYetValid);
        }
        Ok(())
    }
}

fn inactive() -> AuthError {
    Denial::new("token_inactive", "the issuer says that the token is not active")
        .detail("The token is not active.")
        .into()
}

/// The SHA-256 of a token, and where in the table that leads.
fn digest(token: &str) -> ([u8; 32], u64) {
    let mut digest = [0; 32];
    let sha256 = digest::digest(&digest::SHA256, token.as_bytes());
    // SHA-256 has 32 bytes, and the first 8 of them are as good a hash as any.
    digest.iter_mut().zip(sha256.as_ref()).for_each(|(byte, its)| *byte = *its);
    let hash = digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
    (digest, hash)
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
            .field("asking", &self.token.asking)
            .field("remember_for", &self.token.remember_for)
            .finish_non_exhaustive()
    }
}
