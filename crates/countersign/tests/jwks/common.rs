//! An issuer that can be broken, an API that knows it by its key set alone, and time that stands still.
//!
//! Two clocks move together here: the manual one, by which everything is decided, and that of tokio (paused), by which
//! the task in the background waits.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use countersign::cache::TokenCache;
use countersign::jwks::RemoteJwkSetBuilder;
use countersign::jwt::{
    Algorithm, Claims, Clock, KeySet, ManualClock, NumericDate, Signer, SigningKey, Verified, Verifier,
};
use countersign::{Authenticated, Guard, JwtStrategy, RemoteJwkSet};
use countersign_testkit::FakeJwks;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const AUDIENCE: &str = "https://api.test";
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A key to sign with, as an issuer has several of.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::generate(Algorithm::Es256).expect("a key").with_key_id(name)
}

/// The public halves of these keys.
pub(crate) fn set(keys: &[&SigningKey]) -> KeySet {
    keys.iter().map(|key| key.verifying_key()).collect()
}

/// An issuer, its key set and the time.
pub(crate) struct World {
    pub(crate) fake: FakeJwks,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) key: SigningKey,
}

impl World {
    /// An issuer in good health with one key, `first`.
    pub(crate) fn new() -> Self {
        let key = key("first");
        let clock = Arc::new(ManualClock::new(NumericDate::from_secs(1_767_225_600)));
        Self { fake: FakeJwks::new(&set(&[&key])), clock, key }
    }

    /// The key set by its URL, with the clock of this world and with chance that is always a half.
    pub(crate) fn builder(&self) -> RemoteJwkSetBuilder {
        let builder = RemoteJwkSet::from_url(FakeJwks::URL).expect("a good URL");
        builder.clock(Arc::clone(&self.clock)).chance(|| 0.5)
    }

    /// An API that is started now.
    pub(crate) fn start(&self) -> Api {
        self.start_as(self.builder())
    }

    /// An API with this key set, that is started now.
    pub(crate) fn start_as(&self, builder: RemoteJwkSetBuilder) -> Api {
        Api::new(builder.start_with(self.fake.clone()).expect("a runtime"), Arc::clone(&self.clock))
    }

    /// An API that has fetched the key set once.
    pub(crate) async fn start_warm(&self) -> Api {
        let api = self.start();
        api.keys.refresh().await.expect("an issuer in good health");
        api
    }

    /// A token that this key signs now.
    pub(crate) fn token(&self, key: &SigningKey) -> String {
        let signer = Signer::new(key.clone(), ISSUER, AUDIENCE, Duration::from_secs(900));
        signer.sign(&Claims::new(()).subject("ada"), self.clock.now()).expect("a token")
    }

    /// Lets this much time pass, and the task in the background do what is then due.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        // The task looks at its clock once a minute at the least.
        tokio::time::advance(Duration::from_secs(61)).await;
        settle().await;
    }
}

/// Lets the task in the background run until it waits for something.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// An application behind a guard, which knows its issuer by nothing but the key set.
pub(crate) struct Api {
    pub(crate) keys: RemoteJwkSet,
    router: Router,
}

impl Api {
    pub(crate) fn new(keys: RemoteJwkSet, clock: impl Clock + 'static) -> Self {
        let strategy = JwtStrategy::new(Verifier::new(ISSUER, AUDIENCE), keys.clone()).clock(clock);
        Self { keys, router: router(strategy) }
    }

    /// The same API, put together with a cache of verified tokens.
    pub(crate) fn remembering(self, clock: impl Clock + 'static) -> Self {
        let strategy = JwtStrategy::new(Verifier::new(ISSUER, AUDIENCE), self.keys.clone()).clock(clock);
        Self { router: router(strategy.cache(TokenCache::new(64))), ..self }
    }

    /// What the bearer of this token is answered: the status, and the code if there is one.
    pub(crate) async fn present(&self, token: &str) -> String {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        let request = request.body(Body::empty()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("axum answers");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let retry_after =
            head.headers.get("retry-after").map(|seconds| seconds.to_str().expect("ASCII").to_owned());
        let challenge = head.headers.contains_key("www-authenticate");
        match head.status.as_u16() {
            200 => "200".to_owned(),
            401 => {
                assert!(challenge && retry_after.is_none());
                format!("401 {}", code(&body))
            }
            503 => {
                assert_eq!(code(&body), "keys_unavailable");
                let seconds: u64 = retry_after.expect("when to try again").parse().expect("seconds");
                assert!((1..=60).contains(&seconds), "{seconds}");
                assert!(!challenge, "a challenge would make clients drop a token that may be good");
                "503".to_owned()
            }
            other => panic!("answered {other}"),
        }
    }

    /// Why the last fetch failed.
    pub(crate) fn failure(&self) -> Option<&'static str> {
        self.keys.status().failure.map(|failure| failure.code())
    }
}

fn router(strategy: JwtStrategy<Value, RemoteJwkSet>) -> Router {
    let hello = async |_: Authenticated<Verified<Value>>| "hello";
    Router::new().route("/", get(hello)).layer(Guard::required(strategy))
}

fn code(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).expect("a problem");
    problem["code"].as_str().expect("a code").to_owned()
}
