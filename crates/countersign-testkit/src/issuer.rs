//! An issuer in the process of the test.

use std::sync::Arc;
use std::time::Duration;

use countersign_jwt::{
    Algorithm, Claims, Clock, KeySet, ManualClock, NumericDate, Signer, SigningKey, Verified, Verifier,
    VerifyError,
};
use serde::Serialize;
use serde_json::Value;

use crate::forge::forge;
use crate::hostile::Battery;

/// An issuer in the process of the test: it has a key, a name, an audience and a clock that stands still.
///
/// Everything it gives out fits together: what [`token`](Self::token) mints, [`verifier`](Self::verifier) accepts
/// with [`keys`](Self::keys) at the moment that [`clock`](Self::clock) shows.
///
/// ```
/// use countersign_testkit::TestIssuer;
/// use serde_json::json;
/// use std::time::Duration;
///
/// let issuer = TestIssuer::new();
/// let token = issuer.token_with("ada", &json!({"email": "ada@example.com"}));
/// let verified = issuer.verify(&token)?;
/// assert_eq!(verified.subject(), Some("ada"));
/// assert_eq!(verified["email"], "ada@example.com");
///
/// issuer.clock().advance(Duration::from_secs(3600));
/// assert_eq!(issuer.verify(&token).unwrap_err().code(), "token_expired");
/// # Ok::<(), countersign_jwt::VerifyError>(())
/// ```
#[derive(Debug)]
pub struct TestIssuer {
    key: SigningKey,
    spare: Option<SigningKey>,
    name: String,
    audience: String,
    token_type: String,
    lifetime: Duration,
    clock: Arc<ManualClock>,
}

impl TestIssuer {
    /// The key of the issuer signs ES256; its tokens are of type `JWT` and good for 15 minutes; it is midnight on
    /// New Year's Day of 2026 (UTC).
    #[must_use]
    pub fn new() -> Self {
        Self::with_key(generate(Algorithm::Es256))
    }

    /// An issuer with a key of yours, and otherwise as [`new`](Self::new).
    #[must_use]
    pub fn with_key(key: SigningKey) -> Self {
        // As an issuer between two rotations: the next key is published, and a token has to say which one is meant.
        let spare = key.key_id().map(|_| generate(key.algorithm()));
        Self {
            key,
            spare,
            name: "https://issuer.test".to_owned(),
            audience: "https://api.test".to_owned(),
            token_type: "JWT".to_owned(),
            lifetime: Duration::from_secs(15 * 60),
            clock: Arc::new(ManualClock::new(NumericDate::from_secs(1_767_225_600))),
        }
    }

    /// Under another name, the `iss` of its tokens.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// For another audience, the `aud` of its tokens.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// With tokens of another type (`typ`), which [`verifier`](Self::verifier) then demands: `at+jwt`, say.
    #[must_use]
    pub fn with_token_type(mut self, token_type: impl Into<String>) -> Self {
        self.token_type = token_type.into();
        self
    }

    /// With tokens that are good for this long.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `aud` of its tokens.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The clock by which its tokens are issued. Give the same one to what you test; it moves only when you move
    /// it.
    #[must_use]
    pub fn clock(&self) -> Arc<ManualClock> {
        Arc::clone(&self.clock)
    }

    /// The key that signs its tokens.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// The keys that verify its tokens: the one that signs, and unless that is a secret a second one that has
    /// signed nothing yet. [`KeySet::to_jwk_set`] gives what an issuer publishes.
    #[must_use]
    pub fn keys(&self) -> KeySet {
        [&self.key].into_iter().chain(&self.spare).map(SigningKey::verifying_key).collect()
    }

    /// A verifier that expects its name, its audience and its type of token.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier::new(&self.name, &self.audience).token_type(&self.token_type)
    }

    /// A good token for `subject`.
    #[must_use]
    pub fn token(&self, subject: &str) -> String {
        self.token_with(subject, &())
    }

    /// A good token for `subject` with these claims, a struct or a map.
    ///
    /// # Panics
    /// When `claims` are neither, or one of them has the name of a registered claim.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test cannot go on without its token")]
    pub fn token_with(&self, subject: &str, claims: &impl Serialize) -> String {
        let signer = Signer::new(self.key.clone(), &self.name, self.audience.as_str(), self.lifetime);
        let claims = Claims::new(claims).subject(subject);
        signer
            .token_type(&self.token_type)
            .sign(&claims, self.clock.now())
            .expect("the claims cannot be signed")
    }

    /// A token over these very texts, signed by the issuer's key: for what no signer would write.
    ///
    /// ```
    /// use countersign_testkit::TestIssuer;
    ///
    /// let issuer = TestIssuer::new();
    /// let token = issuer.forge(r#"{"alg":"ES256","crit":["x"],"x":1}"#, "{}");
    /// assert_eq!(issuer.verify(&token).unwrap_err().code(), "crit_unsupported");
    /// ```
    #[must_use]
    pub fn forge(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        forge(&self.key, header, payload)
    }

    /// Verifies a token as an application would, at the present moment of the clock.
    ///
    /// # Errors
    /// [`VerifyError`], which says what is wrong with it.
    pub fn verify(&self, token: &str) -> Result<Verified<Value>, VerifyError> {
        self.verifier().verify(token, &self.keys(), self.clock.now())
    }

    /// Everything hostile beside `genuine`, a good token of this issuer with the claims that the application asks
    /// for.
    ///
    /// # Panics
    /// When `genuine` is not a token of this issuer.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test cannot go on without what it sends")]
    pub fn battery(&self, genuine: &str) -> Battery {
        let battery = Battery::new(&self.key, genuine, self.clock.now()).expect("no battery can be made");
        if self.spare.is_some() { battery.with_several_keys() } else { battery }
    }
}

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::expect_used, reason = "a test cannot go on without randomness")]
fn generate(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).expect("no key can be generated")
}
