//! The strategy of a bearer token: a signed JWT.

mod refused;
mod tell;
mod trusted;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use serde::de::DeserializeOwned;

pub use trusted::{IssuerRepeated, TrustedIssuer};

use tell::Newer;
use trusted::Trusted;

use super::{Accept, AuthError, Authentication, Checked, Details, Outline, Strategy, Validate, Verdict};
use crate::cache::{self, Proof, TokenCache};
use crate::challenge::Scheme;
use crate::extract_jwt::{ExtractError, ExtractJwt};
use crate::jwt::{Clock, KeySource, SystemClock, Verified, Verifier, VerifyError};
use crate::revocation::{Check, Revocations, SessionClaim, Staleness};

/// Recognises the bearer of a signed JWT (RFC 7519, RFC 6750).
///
/// The verification is local: no network, no lock, nothing awaited unless [`validate`](Self::validate) is given
/// something to await. Without it, the identity is the [`Verified`] token. Only where no key at hand can decide is the
/// source of the keys asked for newer ones, once ([`KeySource::renew`]); a fixed set has none.
///
/// ```
/// use countersign::jwt::{Algorithm, KeySet, Verified, Verifier, VerifyingKey};
/// use countersign::{AuthError, Guard, JwtStrategy};
/// use http::request::Parts;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Claims {
///     email: String,
/// }
///
/// struct User {
///     email: String,
/// }
///
/// # let key = VerifyingKey::from_secret(Algorithm::Hs256, &[7; 32])?;
/// let verifier = Verifier::new("https://login.example.com", "https://api.example.com");
/// let strategy = JwtStrategy::new(verifier, KeySet::from(key))
///     .validate(async |token: Verified<Claims>, _: &Parts| Some(User { email: token.into_claims().email }));
/// let guard = Guard::required(strategy);
/// # let _ = (guard, |user: User| user.email);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JwtStrategy<C, K, V = Accept> {
    token: Token<C, K>,
    validate: V,
}

/// All that leads from a head to a verified token.
struct Token<C, K> {
    extract: ExtractJwt,
    trusted: Trusted<K>,
    cache: Option<TokenCache<C>>,
    revocation: Option<Check<C>>,
    clock: Arc<dyn Clock>,
    scheme: Scheme,
}

impl<C, K: KeySource> JwtStrategy<C, K> {
    /// Takes the token from `Authorization: Bearer` and verifies it with `keys`, by the clock of the system.
    ///
    /// `keys` is a [`KeySet`](crate::jwt::KeySet) or any other source; an `Arc` of one, to share it.
    pub fn new(verifier: Verifier, keys: K) -> Self {
        Self::trusting(Trusted::one(verifier, keys))
    }

    /// As [`new`](Self::new), for tokens of several issuers, each with its own keys: one for each tenant, say.
    ///
    /// The `iss` of the token, which proves nothing, only chooses among the declared issuers; the token is then verified as
    /// that issuer's, and one that was signed by another's keys is refused. A token of an issuer that was not declared is
    /// refused without a look at its signature. Tokens of up to 16 KiB are read.
    ///
    /// ```
    /// use countersign::JwtStrategy;
    /// use countersign::jwt::KeySet;
    /// use countersign::strategy::TrustedIssuer;
    ///
    /// # fn strategy(ours: KeySet, theirs: KeySet) -> Result<(), Box<dyn std::error::Error>> {
    /// let strategy = JwtStrategy::<(), _>::several([
    ///     TrustedIssuer::new("https://login.example", "https://api.example", ours),
    ///     TrustedIssuer::new("https://partner.example", "https://api.example", theirs),
    /// ])?;
    /// # let _ = strategy;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`IssuerRepeated`] when an issuer is declared twice.
    pub fn several(issuers: impl IntoIterator<Item = TrustedIssuer<K>>) -> Result<Self, IssuerRepeated> {
        Trusted::several(issuers).map(Self::trusting)
    }

    fn trusting(trusted: Trusted<K>) -> Self {
        let token = Token {
            extract: ExtractJwt::bearer(),
            trusted,
            cache: None,
            revocation: None,
            clock: Arc::new(SystemClock),
            scheme: Scheme::BEARER,
        };
        Self { token, validate: Accept }
    }

    /// Asks `check` for the application's own user, once the token is verified.
    ///
    /// `check` gets the token and the head of the request. It gives the user, `None` if there is nobody for this token
    /// (401 `identity_unknown`), or an [`AuthError`] of its own.
    pub fn validate<V, R>(self, check: V) -> JwtStrategy<C, K, Checked<V, R>>
    where
        V: for<'head> Validate<'head, Verified<C>, Verdict = R>,
    {
        JwtStrategy { token: self.token, validate: Checked::new(check) }
    }
}

impl<C, K, V> JwtStrategy<C, K, V> {
    /// Takes the token from elsewhere. A 401 offers the scheme that is read there, and `Bearer` where none is.
    #[must_use]
    pub fn extract(mut self, extract: ExtractJwt) -> Self {
        self.token.scheme = self.token.scheme.renamed(extract.scheme_name().unwrap_or("Bearer"));
        self.token.extract = extract;
        self
    }

    /// Remembers tokens that were good, so that the signature of one that comes again is not checked again: see
    /// [`cache`](crate::cache). All else about it is.
    #[must_use]
    pub fn cache(mut self, cache: TokenCache<C>) -> Self {
        self.token.cache = Some(cache);
        self
    }

    /// Refuses tokens that were revoked: 401 `token_revoked`, by what `view` says at the moment of the request. Where it is
    /// too old by `staleness`, the answer is 503 `revocation_unknown`. See [`revocation`](crate::revocation).
    #[must_use]
    pub fn revocation(mut self, view: &Revocations, staleness: Staleness) -> Self
    where
        C: SessionClaim,
    {
        self.token.revocation = Some(Check::new(view, staleness));
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

impl<C: DeserializeOwned, K: KeySource> Token<C, K> {
    /// The token, if it is good; `None` if newer keys than those at hand may have to tell.
    fn verify_now(&self, head: &Parts) -> Option<Result<Authentication<Verified<C>>, AuthError>> {
        let token = match self.extract.extract_unread(head) {
            Ok(Some(token)) => token,
            nothing => return Some(Err(self.refuse_nothing(nothing.err(), head))),
        };
        let verdict = match self.recall(token) {
            Some(verified) => Ok(verified),
            None => self.prove_now(token),
        };
        match verdict {
            Ok(verified) => Some(self.admit(verified)),
            Err(error) => self.refuse_now(error, token, head),
        }
    }

    /// What becomes of a token that did not prove good; `None` if newer keys than those at hand may have to tell.
    #[cold]
    fn refuse_now(
        &self,
        error: VerifyError,
        token: &str,
        head: &Parts,
    ) -> Option<Result<Authentication<Verified<C>>, AuthError>> {
        // Until here its alphabet was left to its decoding: what is no token at all is told by the letter.
        if let Err(error) = self.presented(head) {
            return Some(Err(error));
        }
        if asks_for_newer_keys(&error) {
            return None;
        }
        let refused = self.refuse(error, Newer::NotAsked, token, head);
        Some(refused.and_then(|verified| self.admit(verified)))
    }

    /// The token, if it is good by the keys at hand or by newer ones. Whether it was revoked is for [`pass`](Self::pass) to say.
    async fn verify(&self, head: &Parts) -> Result<Verified<C>, AuthError> {
        let token = self.presented(head)?;
        match self.recall(token) {
            Some(verified) => Ok(verified),
            None => self.prove(token, head).await,
        }
    }

    /// The token for the identity, unless it was revoked.
    fn admit(&self, token: Verified<C>) -> Result<Authentication<Verified<C>>, AuthError> {
        if self.revocation.is_none() {
            return Ok(Authentication::telling(token, details_of));
        }
        let details = self.pass(&token)?;
        Ok(Authentication::with_details(token, details))
    }

    /// What is to be told of the token, unless it was revoked.
    fn pass(&self, token: &Verified<C>) -> Result<Details, AuthError> {
        let mut details = details_of(token);
        if let Some(revocation) = &self.revocation {
            revocation.pass(token, &mut details, self.clock.now())?;
        }
        Ok(details)
    }

    fn presented<'h>(&self, head: &'h Parts) -> Result<&'h str, AuthError> {
        match self.extract.extract(head) {
            Ok(Some(token)) => Ok(token),
            nothing => Err(self.refuse_nothing(nothing.err(), head)),
        }
    }

    /// Why there is no token.
    #[cold]
    fn refuse_nothing(&self, error: Option<ExtractError>, head: &Parts) -> AuthError {
        error.map_or(AuthError::NoCredentials, |error| self.refuse_place(error, head))
    }

    /// The token, if it was good before and still is.
    fn recall(&self, token: &str) -> Option<Verified<C>> {
        let cache = self.cache.as_ref()?;
        let holds = |verified: &Verified<C>, proof: Proof| {
            let (verifier, keys) = self.trusted.verifier(proof.verifier);
            cache::still_holds(verified, proof.keys, verifier, keys, self.clock.now())
        };
        cache.find(token, holds, |verified| cache.copy(verified))
    }

    /// The token, if it is good by the keys at hand or by newer ones.
    async fn prove(&self, token: &str, head: &Parts) -> Result<Verified<C>, AuthError> {
        let mut newer = Newer::NotAsked;
        let mut verdict = self.prove_now(token);
        if verdict.as_ref().is_err_and(asks_for_newer_keys) {
            newer = self.renew(token).await;
            if let Newer::AtHand = newer {
                verdict = self.prove_now(token);
            }
        }
        verdict.or_else(|error| self.refuse(error, newer, token, head))
    }

    fn prove_now(&self, token: &str) -> Result<Verified<C>, VerifyError> {
        let now = self.clock.now();
        self.trusted.prove(token, now, |verified, proof| {
            if let Some(cache) = &self.cache {
                cache.remember(token, cache.copy(verified), proof, now);
            }
        })
    }

    /// Awaits newer keys than those at hand, if there can be any.
    async fn renew(&self, token: &str) -> Newer {
        let Ok(number) = self.trusted.choose(token) else { return Newer::NotAsked };
        let (_, keys) = self.trusted.verifier(number);
        let Some(renewal) = keys.renew(self.clock.now()) else { return Newer::NotAsked };
        renewal.await.map_or_else(Newer::Failed, |()| Newer::AtHand)
    }
}

/// Whether it may be otherwise by newer keys than those at hand.
fn asks_for_newer_keys(error: &VerifyError) -> bool {
    matches!(error, VerifyError::UnknownKey | VerifyError::KeysUnavailable)
}

const NAME: &str = "jwt";

/// What a token tells of itself.
fn details_of<C>(token: &Verified<C>) -> Details {
    Details {
        token_id: token.token_id().map(Box::from),
        key_id: token.key_id().map(Box::from),
        issued_at: token.issued_at(),
        expires_at: Some(token.expires_at()),
        ..Details::new(NAME)
    }
}

impl<C, K> Strategy for JwtStrategy<C, K>
where
    C: DeserializeOwned + Send + Sync + 'static,
    K: KeySource + 'static,
{
    type Identity = Verified<C>;

    fn name(&self) -> &'static str {
        NAME
    }

    fn schemes(&self) -> &[Scheme] {
        std::slice::from_ref(&self.token.scheme)
    }

    fn outline(&self) -> Outline {
        Outline::one(NAME, self.token.extract.credentials())
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<Verified<C>>, AuthError> {
        self.token.admit(self.token.verify(head).await?)
    }

    fn authenticate_now(&self, head: &Parts) -> Option<Result<Authentication<Verified<C>>, AuthError>> {
        self.token.verify_now(head)
    }
}

impl<C, K, V, R> Strategy for JwtStrategy<C, K, Checked<V, R>>
where
    C: DeserializeOwned + Send + Sync + 'static,
    K: KeySource + 'static,
    V: for<'head> Validate<'head, Verified<C>, Verdict = R> + Send + Sync + 'static,
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
        let token = self.token.verify(head).await?;
        let details = self.token.pass(&token)?;
        let identity = self.validate.ask(token, head, &details).await?;
        Ok(Authentication::with_details(identity, details))
    }
}

impl<C, K, V> fmt::Debug for JwtStrategy<C, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtStrategy")
            .field("extract", &self.token.extract)
            .field("trusted", &self.token.trusted)
            .field("cache", &self.token.cache)
            .field("scheme", &self.token.scheme)
            .finish_non_exhaustive()
    }
}
