//! A guard with real tokens: who gets in, and what everybody else is told.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use countersign::jwt::{
    Algorithm, Claims, KeySet, KeySource, KeysUnavailable, ManualClock, NumericDate, Signer, SigningKey,
    Verified, Verifier, base64url,
};
use countersign::{AuthError, Authenticated, Guard, JwtStrategy, MaybeAuthenticated};
use http::request::Parts;
use http::{Request, StatusCode};
use serde::{Deserialize, Serialize};

use crate::common::{Answer, Log, User, get, send};

const ISSUER: &str = "https://login.example.com";
const AUDIENCE: &str = "https://api.example.com";
const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);
const SECRET: [u8; 32] = [7; 32];

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Profile {
    email: String,
}

fn key() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &SECRET).expect("a key").with_key_id("key-1")
}

fn signer(issuer: &str, audience: &str) -> Signer {
    Signer::new(key(), issuer, audience, Duration::from_secs(900))
}

fn claims() -> Claims<'static, Profile> {
    Claims::new(Profile { email: "ada@example.com".to_owned() }).subject("user-1").token_id("token-1")
}

fn token() -> String {
    signer(ISSUER, AUDIENCE).sign(&claims(), NOW).expect("a token")
}

/// A token whose parts are just these texts, well signed.
fn signed(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    let signature = key().sign_bytes(input.as_bytes()).expect("a signature");
    format!("{input}.{}", base64url::encode(signature))
}

fn strategy() -> JwtStrategy<Profile, KeySet> {
    JwtStrategy::new(Verifier::new(ISSUER, AUDIENCE), KeySet::from(key().verifying_key()))
        .clock(ManualClock::new(NOW))
}

async fn email(token: Verified<Profile>, _: &Parts) -> Option<User> {
    tokio::task::yield_now().await;
    Some(User(token.email.clone()))
}

async fn hello(user: Authenticated<User>) -> String {
    format!("hello {}", user.0)
}

fn app() -> Router {
    Router::new().route("/", on_get(hello)).layer(Guard::required(strategy().validate(email)))
}

async fn present(app: &Router, authorization: &str) -> Answer {
    let request = Request::get("/").header("authorization", authorization).body(Body::empty());
    send(app, request.expect("a request")).await
}

#[tokio::test]
async fn a_good_token_reaches_the_handler_as_the_applications_own_user() {
    for scheme in ["Bearer", "bearer", "BEARER  "] {
        let answer = present(&app(), &format!("{scheme} {}", token())).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "hello ada@example.com"));
    }
}

#[tokio::test]
async fn without_a_check_the_identity_is_the_verified_token() {
    let handler = async |token: Authenticated<Verified<Profile>>| {
        format!("{} {}", token.subject().unwrap_or_default(), token.email)
    };
    let app = Router::new().route("/", on_get(handler)).layer(Guard::required(strategy()));
    assert_eq!(present(&app, &format!("Bearer {}", token())).await.body, "user-1 ada@example.com");
}

#[tokio::test]
async fn an_identity_knows_from_which_token_and_key_it_is() {
    let handler = async |user: Authenticated<User>| {
        let details = Authenticated::details(&user);
        assert_eq!(details.issued_at(), Some(NOW));
        assert_eq!(details.expires_at(), Some(NOW + Duration::from_secs(900)));
        [details.strategy(), details.token_id().unwrap_or_default(), details.key_id().unwrap_or_default()]
            .join(" ")
    };
    let app = Router::new().route("/", on_get(handler)).layer(Guard::required(strategy().validate(email)));
    assert_eq!(present(&app, &format!("Bearer {}", token())).await.body, "jwt token-1 key-1");
}

#[tokio::test]
async fn bearer_with_two_values_is_refused_not_truncated() {
    let token = token();
    for authorization in
        [format!("Bearer {token} b"), format!("Bearer {token} {token}"), format!("Bearer {token}, b")]
    {
        let answer = present(&app(), &authorization).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "credentials_malformed")
        );
        assert_eq!(
            answer.challenge(),
            r#"Bearer error="invalid_token", error_description="What follows the scheme is not exactly one token.""#,
        );
    }
}

#[tokio::test]
async fn two_authorization_headers_are_refused_although_one_is_good() {
    let good = format!("Bearer {}", token());
    for (first, second) in [(good.as_str(), "Bearer x"), ("Basic YTpi", &good), (&good, &good)] {
        let request = Request::get("/").header("authorization", first).header("authorization", second);
        let answer = send(&app(), request.body(Body::empty()).expect("a request")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "credentials_repeated")
        );
    }
}

#[tokio::test]
async fn another_scheme_is_nothing_presented() {
    for authorization in ["Basic YTpi", "Token abc", &token()] {
        let answer = present(&app(), authorization).await;
        assert_eq!(
            (answer.status, answer.challenge()),
            (StatusCode::UNAUTHORIZED, "Bearer"),
            "{authorization}"
        );
        assert_eq!(answer.code(), "credentials_missing");
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_never_read() {
    for name in ["access_token", "token", "auth_token", "jwt"] {
        let answer = send(&app(), get(&format!("/?{name}={}", token()))).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "credentials_missing")
        );
    }
}

#[tokio::test]
async fn a_token_that_is_not_good_is_401_invalid_token_with_the_code_of_what_is_wrong() {
    let header = r#"{"alg":"HS256","typ":"JWT","kid":"key-1"}"#;
    let payload =
        |claims: &str| format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":1700000900{claims}}}"#);
    let good = payload(r#","email":"ada@example.com""#);
    assert_eq!(present(&app(), &format!("Bearer {}", signed(header, &good))).await.status, StatusCode::OK);

    let with_header = |header: &str| signed(header, &good);
    let with_payload = |payload: &str| signed(header, payload);
    let genuine = token();
    let (input, _) = genuine.rsplit_once('.').expect("three parts");
    let cases = [
        ("credentials_malformed", String::new()),
        ("token_malformed", "garbage".to_owned()),
        ("token_malformed", format!("{genuine}.x")),
        ("signature_invalid", format!("{input}.{}", base64url::encode([0; 32]))),
        ("algorithm_unsupported", with_header(r#"{"alg":"none"}"#)),
        ("algorithm_unsupported", with_header(r#"{"alg":"nOnE"}"#)),
        ("algorithm_mismatch", with_header(r#"{"alg":"HS512","kid":"key-1"}"#)),
        ("key_unknown", with_header(r#"{"alg":"HS256","kid":"key-2"}"#)),
        ("crit_unsupported", with_header(r#"{"alg":"HS256","kid":"key-1","crit":["b64"],"b64":true}"#)),
        ("typ_mismatch", with_header(r#"{"alg":"HS256","kid":"key-1","typ":"at+jwt"}"#)),
        ("header_invalid", with_header(r#"{"alg":"HS256","alg":"HS256","kid":"key-1"}"#)),
        ("payload_invalid", with_payload("[]")),
        ("claim_missing", with_payload(&format!(r#"{{"iss":"{ISSUER}","exp":1700000900,"email":"a"}}"#))),
        ("aud_mismatch", signer(ISSUER, "https://other.example.com").sign(&claims(), NOW).expect("a token")),
        ("iss_mismatch", signer("https://evil.example.com", AUDIENCE).sign(&claims(), NOW).expect("a token")),
        (
            "token_expired",
            signer(ISSUER, AUDIENCE).sign(&claims(), NOW - Duration::from_secs(961)).expect("a token"),
        ),
        ("token_not_yet_valid", with_payload(&payload(r#","nbf":1700000061,"email":"a""#))),
    ];
    let log = Log::start();
    for (code, token) in &cases {
        let answer = present(&app(), &format!("Bearer {token}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, *code), "{token}");
        let challenge = answer.challenge();
        assert!(challenge.starts_with(r#"Bearer error="invalid_token", error_description=""#), "{challenge}");
    }

    let log = log.read();
    assert_eq!(log.lines().count(), cases.len(), "one line for each: {log}");
    for (line, (code, token)) in log.lines().zip(&cases) {
        assert!(line.contains(&format!(r#""code":"{code}""#)), "{code} is not in {line}");
        assert!(
            token.split('.').all(|part| part.len() < 8 || !line.contains(part)),
            "{line} holds some of {token}"
        );
    }
}

#[tokio::test]
async fn an_expired_token_reads_like_this() {
    let clock = Arc::new(ManualClock::new(NOW));
    let strategy = strategy().validate(email).clock(Arc::clone(&clock)).realm("orders");
    let app = Router::new().route("/", on_get(hello)).layer(Guard::required(strategy));
    let authorization = format!("Bearer {}", token());
    assert_eq!(present(&app, &authorization).await.status, StatusCode::OK);

    clock.advance(Duration::from_secs(900 + 60 + 1));
    insta::assert_snapshot!(present(&app, &authorization).await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer realm="orders", error="invalid_token", error_description="The token has expired (exp)."

    {"type":"about:blank","title":"Unauthorized","status":401,"detail":"The token has expired (exp).","code":"token_expired"}
    "#);
}

/// A key source that has lost its keys.
struct Down;

impl KeySource for Down {
    type Snapshot<'a> = &'a KeySet;

    fn snapshot(&self, _: NumericDate) -> Result<&KeySet, KeysUnavailable> {
        Err(KeysUnavailable)
    }
}

#[tokio::test]
async fn a_key_source_that_is_down_is_503_not_401_behind_either_guard() {
    let down = || {
        JwtStrategy::new(Verifier::new(ISSUER, AUDIENCE), Down).clock(ManualClock::new(NOW)).validate(email)
    };
    let handler = async |_: MaybeAuthenticated<User>| ();
    let guarded = |guard| Router::new().route("/", on_get(handler)).layer::<Guard<_>>(guard);
    for app in [guarded(Guard::required(down())), guarded(Guard::optional(down()))] {
        let answer = present(&app, &format!("Bearer {}", token())).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, "keys_unavailable")
        );
        assert!(
            answer.headers.contains_key("retry-after") && !answer.headers.contains_key("www-authenticate")
        );
    }
}

#[tokio::test]
async fn a_check_that_finds_nobody_refuses() {
    let strategy = strategy().validate(async |_: Verified<Profile>, _: &Parts| None::<User>);
    let app = Router::new().route("/", on_get(hello)).layer(Guard::required(strategy));
    let answer = present(&app, &format!("Bearer {}", token())).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "identity_unknown"));
}

#[tokio::test]
async fn a_check_sees_the_head_and_chooses_its_own_answer() {
    async fn tenant(token: Verified<Profile>, head: &Parts) -> Result<User, AuthError> {
        let tenant =
            head.headers.get("x-tenant").ok_or(AuthError::denied("tenant_missing", "no X-Tenant"))?;
        tokio::task::yield_now().await;
        match tenant.to_str() {
            Ok("down") => Err(AuthError::unavailable("tenants_unavailable", "the tenant's database is away")),
            Ok(name) => Ok(User(format!("{}@{name}", token.subject().unwrap_or_default()))),
            Err(_) => Err(AuthError::bug("a tenant that is not ASCII got past the proxy")),
        }
    }
    let app = Router::new().route("/", on_get(hello)).layer(Guard::required(strategy().validate(tenant)));
    let authorization = format!("Bearer {}", token());
    let with = |tenant: &str| {
        let request = Request::get("/").header("authorization", &authorization).header("x-tenant", tenant);
        request.body(Body::empty()).expect("a request")
    };
    assert_eq!(send(&app, with("acme")).await.body, "hello user-1@acme");
    assert_eq!(send(&app, with("down")).await.code(), "tenants_unavailable");
    assert_eq!(send(&app, with("dé")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(present(&app, &authorization).await.code(), "tenant_missing");
}

#[tokio::test]
async fn a_check_is_never_asked_about_a_token_that_is_not_good() {
    let strategy = strategy().validate(async |_: Verified<Profile>, _: &Parts| -> Option<User> {
        unreachable!("asked about a token that is not good")
    });
    let app = Router::new().route("/", on_get(hello)).layer(Guard::required(strategy));
    let other = signer(ISSUER, "https://other.example.com").sign(&claims(), NOW).expect("a token");
    assert_eq!(present(&app, &format!("Bearer {other}")).await.code(), "aud_mismatch");
}
