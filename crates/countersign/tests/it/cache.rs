//! A token that comes again: what is not checked again, and all that is.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use countersign::cache::{CachedVerifier, TokenCache};
use countersign::jwt::{Clock, KeySet, ManualClock, NumericDate, Verified};
use countersign::strategy::TrustedIssuer;
use countersign::{Authenticated, Guard, JwtStrategy, Strategy};
use countersign_testkit::TestIssuer;
use http::request::Parts;
use http::{Method, Request, Uri};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

thread_local! {
    static READ: Cell<usize> = const { Cell::new(0) };
}

/// Claims that count how often they were read from a payload, which happens after a signature was found good.
#[derive(Clone)]
struct Counted;

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        READ.set(READ.get() + 1);
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// How many signatures were checked and found good on this thread since it was last asked.
fn verifications() -> usize {
    READ.take()
}

fn head(token: &str) -> Parts {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    request.body(()).expect("a request").into_parts().0
}

/// The code of a refusal, or the subject.
async fn present(strategy: &impl Strategy<Identity = Verified<Counted>>, token: &str) -> String {
    match strategy.authenticate(&head(token)).await {
        Ok(authentication) => authentication.identity().subject().expect("a subject").to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

fn cached(issuer: &TestIssuer) -> JwtStrategy<Counted, KeySet> {
    JwtStrategy::new(issuer.verifier(), issuer.keys()).clock(issuer.clock()).cache(TokenCache::new(64))
}

#[tokio::test]
async fn the_signature_of_a_token_is_checked_once() {
    let issuer = TestIssuer::new();
    let strategy = cached(&issuer);
    let (ada, eve) = (issuer.token("ada"), issuer.token("eve"));
    for _ in 0..10 {
        assert_eq!(present(&strategy, &ada).await, "ada");
        assert_eq!(present(&strategy, &eve).await, "eve");
    }
    assert_eq!(verifications(), 2);
}

#[tokio::test]
async fn a_token_that_comes_again_tells_all_that_it_told_the_first_time() {
    let issuer = TestIssuer::new();
    let strategy = cached(&issuer);
    let token = issuer.token("ada");
    let first = strategy.authenticate(&head(&token)).await.expect("a good token");
    let again = strategy.authenticate(&head(&token)).await.expect("a good token");
    assert_eq!(first.details(), again.details());
    assert_eq!(first.identity().payload(), again.identity().payload());
    assert_eq!(first.identity().key_id(), again.identity().key_id());
    assert!(first.identity().audience().eq(again.identity().audience()));
}

#[tokio::test]
async fn a_remembered_token_with_another_signature_is_refused() {
    let issuer = TestIssuer::new();
    let strategy = cached(&issuer);
    let token = issuer.token("ada");
    assert_eq!(present(&strategy, &token).await, "ada");

    let (input, signature) = token.rsplit_once('.').expect("three parts");
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{input}.{flipped}{}", &signature[1..]);
    assert_eq!(present(&strategy, &forged).await, "signature_invalid");
    assert_eq!(present(&strategy, &format!("{input}.")).await, "signature_invalid");
    assert_eq!(present(&strategy, &token[..token.len() - 1]).await, "token_malformed");
    assert_eq!(present(&strategy, &token).await, "ada");
}

#[tokio::test]
async fn a_remembered_token_expires_at_the_very_moment_at_which_another_does() {
    let issuer = TestIssuer::new();
    let strategy = cached(&issuer);
    let plain = JwtStrategy::new(issuer.verifier(), issuer.keys()).clock(issuer.clock());
    let token = issuer.token("ada");
    assert_eq!(present(&strategy, &token).await, "ada");

    issuer.clock().advance(Duration::from_secs(15 * 60 + 60) - Duration::from_millis(1));
    assert_eq!(
        (present(&strategy, &token).await, present(&plain, &token).await),
        ("ada".into(), "ada".into())
    );
    issuer.clock().advance(Duration::from_millis(1));
    let expired = || "token_expired".to_owned();
    assert_eq!((present(&strategy, &token).await, present(&plain, &token).await), (expired(), expired()));
}

#[tokio::test]
async fn a_remembered_token_is_not_good_before_its_time_when_the_clock_is_set_back() {
    let issuer = TestIssuer::new();
    let strategy = cached(&issuer);
    let now = issuer.clock().now();
    let header = format!(
        r#"{{"alg":"ES256","typ":"JWT","kid":"{}"}}"#,
        issuer.signing_key().key_id().expect("a key id")
    );
    let (iss, aud) = (issuer.name(), issuer.audience());
    let payload =
        json!({"iss": iss, "aud": aud, "sub": "ada", "exp": now.as_secs() + 900, "nbf": now.as_secs()});
    let token = issuer.forge(header, payload.to_string());
    assert_eq!(present(&strategy, &token).await, "ada");
    issuer.clock().set(now - Duration::from_secs(61));
    assert_eq!(present(&strategy, &token).await, "token_not_yet_valid");
}

#[tokio::test]
async fn a_remembered_token_grows_too_old() {
    let issuer = TestIssuer::new();
    let verifier = issuer.verifier().max_age(Duration::from_secs(100)).leeway(Duration::ZERO);
    let strategy = JwtStrategy::new(verifier, issuer.keys()).clock(issuer.clock()).cache(TokenCache::new(64));
    let token = issuer.token("ada");
    assert_eq!(present(&strategy, &token).await, "ada");
    issuer.clock().advance(Duration::from_secs(101));
    assert_eq!(present(&strategy, &token).await, "token_too_old");
}

#[tokio::test]
async fn what_validate_refuses_from_now_on_is_refused_although_it_is_remembered() {
    let issuer = TestIssuer::new();
    let revoked = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&revoked);
    let strategy = cached(&issuer).validate(move |token: Verified<Counted>, _: &Parts| {
        let good = !asked.load(Ordering::Relaxed);
        async move { good.then_some(token) }
    });
    let token = issuer.token("ada");
    assert_eq!(present(&strategy, &token).await, "ada");
    revoked.store(true, Ordering::Relaxed);
    assert_eq!(present(&strategy, &token).await, "identity_unknown");
    assert_eq!(verifications(), 1);
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let issuer = TestIssuer::new();
    let strategy = cached(&issuer);
    issuer.clock().advance(Duration::from_secs(1000));
    let token = issuer.token("ada");
    issuer.clock().set(issuer.clock().now() - Duration::from_secs(1000));
    let early = issuer.verifier().max_age(Duration::from_secs(10));
    let strict = JwtStrategy::new(early, issuer.keys()).clock(issuer.clock()).cache(TokenCache::new(64));
    assert_eq!(present(&strict, &token).await, "token_not_yet_valid");
    issuer.clock().advance(Duration::from_secs(1000));
    assert_eq!(present(&strict, &token).await, "ada");
    assert_eq!(present(&strategy, &token).await, "ada");
}

#[tokio::test]
async fn a_remembered_token_of_one_issuer_is_not_one_of_another() {
    let (one, two) = (TestIssuer::new().with_name("one"), TestIssuer::new().with_name("two"));
    let trusted = |issuer: &TestIssuer| TrustedIssuer::new(issuer.name(), issuer.audience(), issuer.keys());
    let strict = trusted(&two).expect(|verifier| verifier.max_age(Duration::from_secs(100)));
    let strategy = JwtStrategy::<Counted, _>::several([trusted(&one), strict]).expect("two issuers");
    let strategy = strategy.clock(one.clock()).cache(TokenCache::new(64));
    let (ada, eve) = (one.token("ada"), two.token("eve"));
    for _ in 0..3 {
        assert_eq!(present(&strategy, &ada).await, "ada");
        assert_eq!(present(&strategy, &eve).await, "eve");
    }
    assert_eq!(verifications(), 2);

    one.clock().advance(Duration::from_secs(161));
    assert_eq!(present(&strategy, &ada).await, "ada");
    assert_eq!(present(&strategy, &eve).await, "token_too_old", "each by its own verifier");
}

#[tokio::test]
async fn a_token_that_is_too_long_is_verified_every_time() {
    let issuer = TestIssuer::new();
    let token = issuer.token("ada");
    for (longest, expected) in [(token.len(), 1), (token.len() - 1, 3)] {
        let strategy = cached(&issuer).cache(TokenCache::new(64).max_token_length(longest));
        for _ in 0..3 {
            assert_eq!(present(&strategy, &token).await, "ada");
        }
        assert_eq!(verifications(), expected);
    }
}

/// Claims that count how many of them there are.
struct Live(Arc<AtomicUsize>);

thread_local! {
    static LIVE: Arc<AtomicUsize> = Arc::default();
}

impl Live {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Clone for Live {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<'de> Deserialize<'de> for Live {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer)?;
        Ok(LIVE.with(Self::new))
    }
}

#[test]
fn a_flood_of_good_tokens_does_not_make_it_grow() {
    let issuer = TestIssuer::new();
    let cache = TokenCache::new(20);
    assert_eq!(cache.capacity(), 24);
    let verifier = CachedVerifier::<Live>::new(issuer.verifier(), cache);
    let live = LIVE.with(Arc::clone);
    let mut most = 0;
    for number in 0..500 {
        let token = issuer.token(&format!("visitor {number}"));
        drop(verifier.verify(&token, &issuer.keys(), issuer.clock().now()).expect("a good token"));
        most = most.max(live.load(Ordering::Relaxed));
    }
    assert!((17..=24).contains(&most), "{most}");
    drop(verifier);
    assert_eq!(live.load(Ordering::Relaxed), 0);
}

#[test]
fn it_tells_what_it_takes() {
    let cache = TokenCache::<Value>::new(1000).max_token_length(1000);
    let each = cache.max_bytes() / cache.capacity();
    assert!((1750..2200).contains(&each), "{each}");
}

#[test]
fn threads_that_present_the_same_tokens_at_once_each_get_their_own() {
    let issuer = TestIssuer::new();
    let (keys, now) = (issuer.keys(), issuer.clock().now());
    // Smaller than what is in use, so that places change hands all the time.
    let verifier = CachedVerifier::<Value>::new(issuer.verifier(), TokenCache::new(16));
    let tokens: Vec<_> = (0..40).map(|number| (number, issuer.token(&format!("visitor {number}")))).collect();
    let present = |round: usize| {
        for (number, token) in tokens.iter().cycle().skip(round).take(200) {
            let verified = verifier.verify(token, &keys, now).expect("a good token");
            assert_eq!(verified.subject(), Some(format!("visitor {number}").as_str()));
        }
    };
    std::thread::scope(|scope| {
        for round in 0..4 {
            scope.spawn(move || present(round * 10));
        }
    });
}

#[tokio::test]
async fn an_attack_on_a_guard_that_remembers_the_genuine_token_finds_nothing() {
    let issuer = TestIssuer::new();
    let strategy = JwtStrategy::<Value, _>::new(issuer.verifier(), issuer.keys()).clock(issuer.clock());
    let guard = Guard::required(strategy.cache(TokenCache::new(1000)));
    let hello = async |_: Authenticated<Verified<Value>>| "hello";
    let app: Router = Router::new().route("/profile", on_get(hello)).layer(guard);
    for _ in 0..2 {
        let battery = issuer.battery(&issuer.token("ada"));
        let report = battery.attack(app.clone(), Method::GET, Uri::from_static("/profile")).await;
        report.assert_all_refused();
        report.assert_codes();
    }
}

#[test]
fn a_cached_verifier_refuses_what_its_verifier_refuses() {
    let issuer = TestIssuer::new();
    let verifier = CachedVerifier::<Value>::new(issuer.verifier(), TokenCache::new(64).hash_key(1));
    let (token, other) = (issuer.token("ada"), TestIssuer::new());
    let now = issuer.clock().now();
    assert_eq!(verifier.verify(&token, &other.keys(), now).expect_err("refused").code(), "key_unknown");
    assert!(verifier.verify(&token, &issuer.keys(), now).is_ok());
    assert_eq!(verifier.verify(&token, &other.keys(), now).expect_err("refused").code(), "key_unknown");
    let late = ManualClock::new(NumericDate::MAX).now();
    assert_eq!(verifier.verify(&token, &issuer.keys(), late).expect_err("refused").code(), "token_expired");
}
