//! What goes wrong elsewhere with guards and routes, each by its name.
//!
//! In the order in which it was found: in the stack of NestJS (`@nestjs/jwt`, `passport-jwt`, `@nestjs/passport`), in other
//! crates of Rust, and in threads about routes and refusals. Sessions and key sets have their own: `tests/session/pitfalls.rs`
//! and `tests/jwks/pitfalls.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get as axum_get;
use countersign::authorize::Require;
use countersign::cache::TokenCache;
use countersign::jwt::{
    Algorithm, Claims, KeySet, KeySource, KeysUnavailable, ManualClock, NumericDate, Renewal, Signer,
    SigningKey, Verified, Verifier, base64url,
};
use countersign::routes::{Routes, get, post};
use countersign::strategy::{ClientAuthentication, TrustedIssuer};
use countersign::{Authenticated, ExtractJwt, Guard, JwtStrategy, Rejection, Strategy, any_of};
use futures_util::FutureExt;
use http::request::Parts;
use http::{Request, StatusCode};
use serde_json::json;

use crate::common::{Answer, Log, Told, User, get as plain, send, told};

const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);

fn key(secret: u8) -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[secret; 32]).expect("a key").with_key_id("k")
}

fn keys() -> KeySet {
    KeySet::from(key(7).verifying_key())
}

fn verifier() -> Verifier {
    Verifier::new("login", "api")
}

fn jwt() -> JwtStrategy<serde_json::Value, KeySet> {
    JwtStrategy::new(verifier(), keys()).clock(ManualClock::new(NOW))
}

async fn user(token: Verified<serde_json::Value>, _: &Parts) -> Option<User> {
    token.subject().map(|name| User(name.to_owned()))
}

fn token_for(audience: &str) -> String {
    let signer = Signer::new(key(7), "login", audience, Duration::from_secs(120));
    signer.sign(&Claims::new(json!({})).subject("ada"), NOW).expect("a token")
}

/// A token whose parts are just these texts, well signed.
fn signed(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    let signature = key(7).sign_bytes(input.as_bytes()).expect("a signature");
    format!("{input}.{}", base64url::encode(signature))
}

fn guarded(strategy: impl Strategy) -> Router {
    Routes::new(Guard::required(strategy)).route("/", get(async || "in").authenticated()).into_router()
}

async fn present(app: &Router, token: &str) -> Answer {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    send(app, request.body(Body::empty()).expect("a request")).await
}

/// 1. Audience, issuer and algorithms are options in two places, one of which is silently dropped: a token for somebody else
/// gets in.
#[tokio::test]
async fn a_token_for_another_audience_is_refused_however_the_strategy_was_put_together() {
    let issuer = TrustedIssuer::new("login", "api", keys());
    let several = JwtStrategy::<serde_json::Value, _>::several([issuer]).expect("an issuer");
    let apps = [
        guarded(jwt()),
        guarded(jwt().validate(user)),
        guarded(jwt().cache(TokenCache::new(8))),
        guarded(jwt().extract(ExtractJwt::first_of([ExtractJwt::bearer()])).realm("x")),
        guarded(several.clock(ManualClock::new(NOW))),
        guarded(any_of((Told, jwt().validate(user)))),
    ];
    for app in apps {
        assert_eq!(present(&app, &token_for("api")).await.status, StatusCode::OK);
        assert_eq!(present(&app, &token_for("other")).await.code(), "aud_mismatch");
    }
}

/// 2. A lifetime of `'120'` is milliseconds, one of `120` is seconds.
#[tokio::test]
async fn a_token_of_two_minutes_lives_two_minutes() {
    let token = token_for("api");
    let at = |moment: u64| guarded(jwt().clock(ManualClock::new(NOW + Duration::from_secs(moment))));
    // A minute more is granted for clocks that are apart.
    assert_eq!(present(&at(179), &token).await.status, StatusCode::OK);
    assert_eq!(present(&at(180), &token).await.code(), "token_expired");
}

/// 3. A key that is given to the call is ignored if the module has one.
#[tokio::test]
async fn the_key_that_signs_is_the_only_one_that_was_given() {
    let forged = Signer::new(key(8), "login", "api", Duration::from_secs(120));
    let forged = forged.sign(&Claims::new(json!({})).subject("ada"), NOW).expect("a token");
    assert_eq!(present(&guarded(jwt()), &forged).await.code(), "signature_invalid");
    let theirs = KeySet::from(key(8).verifying_key());
    let theirs = JwtStrategy::<(), _>::new(verifier(), theirs).clock(ManualClock::new(NOW));
    assert_eq!(present(&guarded(theirs), &forged).await.status, StatusCode::OK);
}

/// Keys that cannot be had.
struct Down;

impl KeySource for Down {
    type Snapshot<'a> = &'a KeySet;

    fn snapshot(&self, _: NumericDate) -> Result<&KeySet, KeysUnavailable> {
        Err(KeysUnavailable)
    }
}

/// 4. Where the source of the keys fails, nothing ever settles. 9. Where it does, it is 401, and clients log their users out.
#[tokio::test(start_paused = true)]
async fn a_source_of_keys_that_is_down_is_answered_503_and_at_once() {
    let started = tokio::time::Instant::now();
    let strategy = || JwtStrategy::<(), _>::new(verifier(), Down).clock(ManualClock::new(NOW));
    let behind_optional =
        Routes::new(Guard::required(strategy())).route("/", get(async || "in").optional()).into_router();
    for app in [guarded(strategy()), behind_optional] {
        let answer = present(&app, &token_for("api")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "keys_unavailable"));
        assert!(
            answer.headers.contains_key("retry-after") && !answer.headers.contains_key("www-authenticate")
        );
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
}

/// 5. A refusal is a bare 401, without a challenge and without a reason anywhere; a strategy's own 400 and 429 become 401.
#[tokio::test]
async fn a_refusal_has_a_challenge_a_code_and_a_reason_and_its_own_status() {
    let log = Log::start();
    let answer = present(&guarded(jwt()), "x.y.z").await;
    assert!(answer.challenge().starts_with("Bearer error=\"invalid_token\""));
    assert_eq!(answer.code(), "token_malformed");
    assert!(log.read().contains("\"reason\":\""));
    for (word, status) in [("throttled", 429), ("nonsense", 400)] {
        assert_eq!(send(&guarded(Told), told("/", word)).await.status.as_u16(), status);
    }
}

/// 6. A check that passes without a user lets the request in with none; one that fails ends the chain although the next
/// strategy would do.
#[tokio::test]
async fn a_check_without_a_user_lets_nobody_in_and_what_is_bad_ends_the_chain_on_purpose() {
    let nobody = jwt().validate(async |_: Verified<serde_json::Value>, _: &Parts| None::<User>);
    assert_eq!(present(&guarded(nobody), &token_for("api")).await.code(), "identity_unknown");

    let app = guarded(any_of((jwt().validate(user), Told)));
    let both = |token: &str| {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        request.header("x-token", "user eve").body(Body::empty()).expect("a request")
    };
    assert_eq!(send(&app, both("bad")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&app, told("/", "user eve")).await.status, StatusCode::OK);
}

/// 7. A strategy is found by its name, and a wrong one fails at the first request.
#[test]
fn what_is_put_together_wrongly_fails_where_it_is_written_and_not_at_the_first_request() {
    let issuer = || TrustedIssuer::new("login", "api", keys());
    assert!(JwtStrategy::<(), _>::several([issuer(), issuer()]).is_err());
    assert!(ClientAuthentication::basic("orders", "").is_err());
    let added_twice = || {
        let routes = Routes::<_, ()>::new(Guard::required(Told)).route("/", get(async || ()).authenticated());
        routes.route("/", get(async || ()).public())
    };
    assert!(std::panic::catch_unwind(added_twice).is_err());
}

/// 8. `Bearer a b c` is read as `a`; a parameter that is repeated arrives as an array; credentials are read from the query,
/// too.
#[tokio::test]
async fn credentials_are_one_token_in_the_one_place_that_was_named() {
    let token = token_for("api");
    let app = guarded(jwt());
    for more in [" b c", " ", ",", ", Bearer x"] {
        assert_eq!(
            present(&app, &format!("{token}{more}")).await.code(),
            "credentials_malformed",
            "{more:?}"
        );
    }
    let query = format!("/?access_token={token}&token={token}&auth_token={token}");
    assert_eq!(send(&app, plain(&query)).await.code(), "credentials_missing");
    let by_query = guarded(jwt().extract(ExtractJwt::query("token")));
    let twice = format!("/?token={token}&token={token}");
    assert_eq!(send(&by_query, plain(&twice)).await.code(), "credentials_repeated");
}

/// 10. An unknown `crit` is accepted, against RFC 7515 §4.1.11. Jsonwebtoken does so, too.
#[tokio::test]
async fn an_extension_that_must_be_understood_and_is_not_refuses_the_token() {
    let payload = r#"{"iss":"login","aud":"api","exp":1700000120}"#;
    let app = guarded(jwt());
    assert_eq!(present(&app, &signed(r#"{"alg":"HS256"}"#, payload)).await.status, StatusCode::OK);
    for crit in [r#"["b64"]"#, r#"["x"]"#, "[]"] {
        let header = format!(r#"{{"alg":"HS256","crit":{crit},"b64":true,"x":1}}"#);
        assert_eq!(present(&app, &signed(&header, payload)).await.status, StatusCode::UNAUTHORIZED, "{crit}");
    }
}

/// 11. The subject is signed as a number, which RFC 7519 has as a string.
#[tokio::test]
async fn a_subject_that_is_a_number_is_refused() {
    let payload = r#"{"iss":"login","aud":"api","exp":1700000120,"sub":7}"#;
    let header = r#"{"alg":"HS256"}"#;
    assert_eq!(present(&guarded(jwt()), &signed(header, payload)).await.code(), "claim_invalid");
}

/// 12. A forgotten guard is an open route, and global guards guard nothing on some transports.
#[tokio::test]
async fn a_forgotten_guard_is_no_open_route() {
    // In `Routes` it does not compile: the documentation of `Routes::route` shows it. In a plain router the handler says so.
    let handler = async |user: Authenticated<User>| user.0.clone();
    let forgotten = Router::new().route("/", axum_get(handler));
    assert_eq!(send(&forgotten, told("/", "user ada")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    // And each declared route is guarded, wherever it is nested.
    let inner = Routes::<_, ()>::new(Guard::required(Told)).route("/deep", get(handler).authenticated());
    let app =
        Routes::new(Guard::required(Told)).nest("/a", Routes::new(Guard::required(Told)).nest("/b", inner));
    assert_eq!(send(&app.into_router(), plain("/a/b/deep")).await.status, StatusCode::UNAUTHORIZED);
}

/// Jsonwebtoken: with audience and issuer asked for, a token that has neither passes; so does one whose `aud` is a number, and
/// one that is not good yet. Jwt-simple: one without an end passes.
#[tokio::test]
async fn a_claim_that_is_asked_for_must_be_there_and_be_what_it_is() {
    let app = guarded(jwt());
    let header = r#"{"alg":"HS256"}"#;
    for (payload, code) in [
        (r#"{"exp":1700000120}"#, "claim_missing"),
        (r#"{"iss":"login","exp":1700000120}"#, "claim_missing"),
        (r#"{"aud":"api","exp":1700000120}"#, "claim_missing"),
        (r#"{"iss":"login","aud":123,"exp":1700000120}"#, "claim_invalid"),
        (r#"{"iss":"login","aud":"api"}"#, "claim_missing"),
        (r#"{"iss":"login","aud":"api","exp":1700000120,"nbf":1700000061}"#, "token_not_yet_valid"),
    ] {
        assert_eq!(present(&app, &signed(header, payload)).await.code(), code, "{payload}");
    }
}

/// Keys of which newer ones are fetched for ever.
struct Fetching(KeySet);

impl KeySource for Fetching {
    type Snapshot<'a> = &'a KeySet;

    fn snapshot(&self, _: NumericDate) -> Result<&KeySet, KeysUnavailable> {
        Ok(&self.0)
    }

    fn renew(&self, _: NumericDate) -> Option<Renewal<'_>> {
        Some(Box::pin(std::future::pending()))
    }
}

/// Jwt-authorizer: a lock is held while keys are fetched, so one slow request stops all; and after any failure the next
/// strategy is tried.
#[tokio::test]
async fn one_request_that_waits_makes_no_other_wait_and_no_failure_is_tried_elsewhere() {
    let app = guarded(JwtStrategy::<(), _>::new(verifier(), Fetching(keys())).clock(ManualClock::new(NOW)));
    let new_key = key(8).with_key_id("new");
    let signer = Signer::new(new_key, "login", "api", Duration::from_secs(120));
    let by_new_key = signer.sign(&Claims::new(json!({})), NOW).expect("a token");
    let mut waiting = Box::pin(present(&app, &by_new_key));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(present(&app, &token_for("api")).await.status, StatusCode::OK);
    assert!((&mut waiting).now_or_never().is_none());

    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let second = JwtStrategy::<(), _>::new(verifier(), keys()).extract(ExtractJwt::from_fn(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(None)
    }));
    let app = guarded(any_of((Told, second.map(|_| User(String::new())))));
    for word in ["bad", "poor", "outage", "throttled", "what?"] {
        send(&app, told("/", word)).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

/// The example of axum: a bad token is answered 400 without a challenge; keys are a global.
#[tokio::test]
async fn a_bad_token_is_401_with_a_challenge_and_keys_belong_to_a_strategy() {
    for token in ["x", "x.y.z", "e30.e30.", &token_for("other")] {
        let answer = present(&guarded(jwt()), token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
        assert!(answer.challenge().contains("error=\"invalid_token\""));
    }
    // Two in one process, each with its own keys.
    let other = JwtStrategy::<(), _>::new(verifier(), KeySet::from(key(8).verifying_key()));
    let other = guarded(other.clock(ManualClock::new(NOW)));
    assert_eq!(present(&guarded(jwt()), &token_for("api")).await.status, StatusCode::OK);
    assert_eq!(present(&other, &token_for("api")).await.status, StatusCode::UNAUTHORIZED);
}

/// Extractors answer 400 and 422 before anybody is asked who they are, and tell strangers what a route takes.
#[tokio::test]
async fn a_stranger_does_not_learn_what_a_route_takes() {
    let handler = async |_: Path<u32>, user: Authenticated<User>, _: Json<u32>| user.0.clone();
    let app = Routes::new(Guard::required(Told))
        .route(
            "/orders/{id}",
            post(handler).require(Require::policy(|user: &User, _: &Parts| match user.0.as_str() {
                "ada" => Ok(()),
                _ => Err(Rejection::forbidden("not_yours", "Not yours.").into()),
            })),
        )
        .into_router();
    let ask = async |path: &str, token: &str, body: &'static str| {
        let request = Request::post(path).header("x-token", token).header("content-type", "application/json");
        send(&app, request.body(Body::from(body)).expect("a request")).await.status.as_u16()
    };
    for (path, body) in [("/orders/seven", "7"), ("/orders/7", "{"), ("/orders/7", "\"seven\"")] {
        assert_eq!(ask(path, "bad", body).await, 401);
        assert_eq!(ask(path, "user eve", body).await, 403);
        assert!(matches!(ask(path, "user ada", body).await, 400 | 422));
    }
}

/// "The API answers 401, the log is silent, the cause was a wrong `aud`, and hours were lost."
#[tokio::test]
async fn a_wrong_audience_is_in_the_log_and_in_the_answer() {
    let log = Log::start();
    let answer = present(&guarded(jwt()), &token_for("other")).await;
    assert!(log.read().contains("the token is meant for someone else (aud)"));
    assert!(answer.body.contains("The token is meant for someone else (aud)."));
    assert_eq!(answer.code(), "aud_mismatch");
}
