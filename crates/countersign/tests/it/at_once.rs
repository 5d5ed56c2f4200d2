//! What is decided without awaiting anything.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::authorize::Require;
use countersign::cache::TokenCache;
use countersign::jwt::{Algorithm, KeySet, SigningKey, Verified};
use countersign::{
    AuthError, Authentication, BasicStrategy, Credentials, Denial, Guard, JwtStrategy, Strategy, any_of,
};
use countersign_testkit::TestIssuer;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use tower::{Layer, Service, ServiceExt};

type Token = Verified<Value>;

fn jwt(issuer: &TestIssuer) -> JwtStrategy<Value, KeySet> {
    JwtStrategy::new(issuer.verifier(), issuer.keys()).clock(issuer.clock())
}

fn strategy(issuer: &TestIssuer) -> impl Strategy<Identity = String> {
    let machines =
        BasicStrategy::new("machines", async |who: Credentials, _: &Parts| Some(who.username().to_owned()));
    any_of((machines, jwt(issuer).map(|token: Token| token.subject().unwrap_or_default().to_owned())))
}

fn head(authorizations: &[&str]) -> Parts {
    let request =
        authorizations.iter().fold(Request::get("/"), |request, text| request.header("authorization", *text));
    request.body(()).expect("a request").into_parts().0
}

/// All that an outcome tells.
fn told<I: std::fmt::Debug>(outcome: &Result<Authentication<I>, AuthError>) -> String {
    format!("{outcome:?}")
}

#[tokio::test]
async fn what_is_said_at_once_is_what_is_said_by_who_waits() {
    let issuer = TestIssuer::new();
    let strategy = strategy(&issuer);
    let good = format!("Bearer {}", issuer.token("ada"));
    let forged = format!("{good}A");
    let elsewhere = format!("Bearer {}", TestIssuer::new().with_name("https://evil.example").token("ada"));
    let unsigned = format!("Bearer {}", issuer.forge(r#"{"alg":"none"}"#, r#"{"sub":"ada"}"#));
    for authorizations in [
        &[good.as_str()] as &[&str],
        &[&forged],
        &[&elsewhere],
        &[&unsigned],
        &[&good, &good],
        &["Bearer a b"],
        &["Bearer"],
        &["Digest a"],
        &[],
    ] {
        let head = head(authorizations);
        let waited = strategy.authenticate(&head).await;
        let at_once = strategy.authenticate_now(&head);
        // A set of keys may know a key later, also for who names one that does not exist.
        let at_once = at_once.filter(|_| !told(&waited).contains("unknown_key"));
        if let Some(at_once) = at_once {
            assert_eq!(told(&at_once), told(&waited), "{authorizations:?}");
        } else {
            assert!(waited.is_err(), "{authorizations:?}");
        }
    }
    let head = head(&[&good]);
    assert!(strategy.authenticate_now(&head).is_some_and(|outcome| outcome.is_ok()));
}

/// At once, a good token's alphabet is left to its decoding; with a cache, to what was decoded before.
#[tokio::test]
async fn what_is_no_token_is_told_at_once_as_by_the_letter() {
    let issuer = TestIssuer::new();
    let plain = jwt(&issuer);
    let cached = jwt(&issuer).cache(TokenCache::new(100));
    let good = format!("Bearer {}", issuer.token("ada"));
    let good_head = head(&[&good]);
    assert!(cached.authenticate_now(&good_head).is_some_and(|outcome| outcome.is_ok()));

    let letters: [&[u8]; 10] = [b" ", b"\t", b"=", b"~", b"+", b"/", b",", b".", b"\"", "\u{e9}".as_bytes()];
    let places = (0..=good.len()).flat_map(|place| letters.map(|letter| (place, letter)));
    for (place, letter) in places {
        let (before, behind) = good.as_bytes().split_at(place);
        let authorization = [before, letter, behind].concat();
        let mut head = head(&[]);
        let Ok(value) = HeaderValue::from_bytes(&authorization) else { continue };
        head.headers.insert(AUTHORIZATION, value);
        for strategy in [&plain, &cached] {
            let waited = strategy.authenticate(&head).await;
            let at_once = strategy.authenticate_now(&head);
            // More spaces before the token are within the grammar.
            let stays_good = letter == b" " && ["Bearer".len(), "Bearer ".len()].contains(&place);
            assert_eq!(waited.is_ok(), stays_good, "{authorization:?}");
            match at_once {
                Some(at_once) => assert_eq!(told(&at_once), told(&waited)),
                None => assert!(told(&waited).contains("unknown_key"), "{authorization:?}"),
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_said_at_once_where_newer_keys_may_have_to_tell() {
    let issuer = TestIssuer::new();
    let other = SigningKey::generate(Algorithm::Es256).expect("a key");
    let keys = KeySet::from(other.verifying_key());
    let strategy = JwtStrategy::<Value, _>::new(issuer.verifier(), keys).clock(issuer.clock());
    let head = head(&[&format!("Bearer {}", issuer.token("ada"))]);
    assert!(strategy.authenticate_now(&head).is_none());
    assert!(strategy.authenticate(&head).await.is_err());
}

#[tokio::test]
async fn nothing_is_said_at_once_where_the_application_has_to_be_asked() {
    let issuer = TestIssuer::new();
    let strategy = jwt(&issuer).validate(async |_: Token, _: &Parts| None::<String>);
    let head = head(&[&format!("Bearer {}", issuer.token("ada"))]);
    assert!(strategy.authenticate_now(&head).is_none());
    assert!(strategy.authenticate(&head).await.is_err());
}

/// A service that counts how often it was cloned.
#[derive(Default)]
struct Counted(Arc<AtomicUsize>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl Service<Request<Full<Bytes>>> for Counted {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(Full::default())))
    }
}

async fn status(
    service: impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible>,
    token: &str,
) -> StatusCode {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let request = request.body(Full::default()).expect("a request");
    let Ok(answer) = service.oneshot(request).await;
    answer.status()
}

#[tokio::test]
async fn a_decision_at_once_copies_nothing_of_what_stands_behind() {
    let issuer = TestIssuer::new();
    let counted = Counted::default();
    let clones = Arc::clone(&counted.0);
    let require = Require::policy(|token: &Token, _: &Parts| match token.subject() {
        Some("ada") => Ok(()),
        _ => Err(Denial::insufficient_scope("not ada").into()),
    });
    let service = Guard::required(jwt(&issuer)).layer(require.layer(counted));
    assert_eq!(status(service, &issuer.token("ada")).await, StatusCode::OK);
    assert_eq!(clones.load(Ordering::SeqCst), 0);

    let service = Guard::required(jwt(&issuer).validate(async |token: Token, _: &Parts| Some(token)));
    assert_eq!(
        status(service.layer(Counted(Arc::clone(&clones))), &issuer.token("ada")).await,
        StatusCode::OK
    );
    assert_eq!(clones.load(Ordering::SeqCst), 1);
}
