//! What users of passport-jwt, passport-local, @nestjs/passport and @nestjs/jwt look for, where no other test shows it.

mod page;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use countersign::challenge::Scheme;
use countersign::jwt::{
    Algorithm, AnyAudience, AnyIssuer, Claims, Clock as _, KeySet, NumericDate, NumericSubject, Signer,
    SigningKey, SystemClock, Unverified, Verified, Verifier, VerifyingKey, jws,
};
use countersign::{
    AuthError, Authenticated, Authentication, Denial, ExtractJwt, Guard, JwtStrategy, Strategy,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::common::{Answer, Told, get as bare, send, told};

const SECRET: [u8; 32] = [7; 32];
const MINUTES_15: Duration = Duration::from_secs(900);

fn key() -> VerifyingKey {
    VerifyingKey::from_secret(Algorithm::Hs256, &SECRET).expect("a key")
}

fn signer(lifetime: Duration) -> Signer {
    Signer::new(SigningKey::from_secret(Algorithm::Hs256, &SECRET).expect("a key"), "me", "you", lifetime)
}

fn token() -> String {
    signer(MINUTES_15).sign(&Claims::new(()).subject("ada"), SystemClock.now()).expect("a token")
}

async fn hello(user: Authenticated<Verified<()>>) -> String {
    user.subject().unwrap_or_default().to_owned()
}

fn app(extract: ExtractJwt) -> Router {
    let strategy =
        JwtStrategy::<(), _>::new(Verifier::new("me", "you"), KeySet::from(key())).extract(extract);
    Router::new().route("/", get(hello)).layer(Guard::required(strategy))
}

async fn present(extract: ExtractJwt, path: &str, header: &str, value: &str) -> Answer {
    send(&app(extract), Request::get(path).header(header, value).body(Body::empty()).expect("a request"))
        .await
}

fn assert_ada(answer: &Answer) {
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ada"));
}

#[test]
fn a_lifetime_has_a_unit_and_is_never_taken_for_milliseconds() {
    let now = NumericDate::from_secs(1_700_000_000);
    let token = signer(Duration::from_secs(120)).sign(&Claims::new(()), now).expect("a token");
    let payload = Unverified::decode(&token).expect("a token").payload().to_owned();
    assert!(payload.contains(r#""exp":1700000120,"iat":1700000000"#), "{payload}");
}

#[tokio::test]
async fn the_scheme_is_read_in_either_case() {
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let value = format!("{scheme} {}", token());
        assert_ada(&present(ExtractJwt::bearer(), "/", "authorization", &value).await);
    }
}

#[tokio::test]
async fn a_token_may_follow_a_scheme_of_ones_own() {
    const JWT: Scheme = Scheme::new("JWT");
    assert_ada(&present(ExtractJwt::scheme(&JWT), "/", "authorization", &format!("JWT {}", token())).await);
}

#[tokio::test]
async fn a_token_may_stand_in_a_header_of_its_own() {
    let extract = || ExtractJwt::header(HeaderName::from_static("x-access-token"));
    assert_ada(&present(extract(), "/", "x-access-token", &token()).await);
    let twice = format!("{0}, {0}", token());
    let answer = present(extract(), "/", "x-access-token", &twice).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "credentials_malformed"));
}

#[tokio::test]
async fn a_token_may_stand_where_a_function_of_ones_own_looks() {
    let extract =
        ExtractJwt::from_fn(|head| Ok(head.headers.get("x-proxied").and_then(|value| value.to_str().ok())));
    assert_ada(&present(extract, "/", "x-proxied", &token()).await);
}

#[tokio::test]
async fn of_several_places_the_one_that_holds_a_token_is_read_and_two_are_refused() {
    const JWT: Scheme = Scheme::new("JWT");
    let in_query = format!("/?auth_token={}", token());
    for (in_header, scheme) in
        [(ExtractJwt::bearer as fn() -> _, "Bearer"), (|| ExtractJwt::scheme(&JWT), "JWT")]
    {
        let places = || ExtractJwt::first_of([in_header(), ExtractJwt::query("auth_token")]);
        assert_ada(&present(places(), &in_query, "x-nothing", "here").await);
        let header = format!("{scheme} {}", token());
        assert_ada(&present(places(), "/", "authorization", &header).await);
        let both = present(places(), &in_query, "authorization", &header).await;
        assert_eq!((both.status, both.code().as_str()), (StatusCode::UNAUTHORIZED, "credentials_repeated"));
    }
}

#[tokio::test]
async fn a_guard_around_one_handler_guards_it_and_no_other() {
    let app = Router::new()
        .route("/mine", get("mine").layer(Guard::required(Told)))
        .route("/both", get("both").layer(Guard::required(Told)).post("open"))
        .route("/open", get("open"));
    for path in ["/mine", "/both"] {
        assert_eq!(send(&app, bare(path)).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(send(&app, told(path, "user ada")).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(send(&app, bare("/open")).await.body, "open");
    let post = Request::post("/both").body(Body::empty()).expect("a request");
    assert_eq!(send(&app, post).await.body, "open");
}

#[tokio::test]
async fn a_guard_around_a_router_guards_every_route_that_is_in_it() {
    let guarded = Router::new()
        .route("/a", get("a"))
        .route("/b", get("b").post("b"))
        .nest("/c", Router::new().route("/d", get("d")))
        .layer(Guard::required(Told));
    for path in ["/a", "/b", "/c/d", "/no-such-route"] {
        assert_eq!(send(&guarded, bare(path)).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(send(&guarded, told("/c/d", "user ada")).await.body, "d");
}

#[tokio::test]
async fn a_stranger_can_be_sent_to_the_login_page() {
    let guard =
        Guard::required(Told).on_refused(|why: &AuthError, _: &Parts, mut answer: Response<Bytes>| {
            if let AuthError::NoCredentials = why {
                *answer.status_mut() = StatusCode::SEE_OTHER;
                answer.headers_mut().insert("location", HeaderValue::from_static("/login"));
            }
            answer
        });
    let app = Router::new().route("/", get("secret")).layer(guard);
    let stranger = send(&app, bare("/")).await;
    assert_eq!(
        (stranger.status, &stranger.headers["location"]),
        (StatusCode::SEE_OTHER, &"/login".parse().expect("a value"))
    );
    assert!(!stranger.body.contains("secret"));
    assert_eq!(send(&app, told("/", "bad")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_check_that_fails_is_an_error_of_its_own_and_not_a_401() {
    let answered = async |error: AuthError| {
        let strategy = JwtStrategy::new(Verifier::new("me", "you"), KeySet::from(key()));
        let strategy = strategy
            .validate(move |_: Verified<()>, _: &Parts| std::future::ready(Err::<(), _>(error.clone())));
        let app = Router::new().route("/", get("secret")).layer(Guard::required(strategy));
        let request = Request::get("/").header("authorization", format!("Bearer {}", token()));
        let answer = send(&app, request.body(Body::empty()).expect("a request")).await;
        assert!(!answer.headers.contains_key("www-authenticate"), "{answer}");
        answer
    };
    let down = answered(AuthError::unavailable("users_unavailable", "the database does not answer")).await;
    assert_eq!((down.status.as_u16(), down.code().as_str()), (503, "users_unavailable"));
    assert!(down.headers.contains_key("retry-after"));
    let mistaken = answered(AuthError::bug("there is no table of users")).await;
    assert_eq!((mistaken.status.as_u16(), mistaken.code().as_str()), (500, "internal_error"));
    assert!(!mistaken.body.contains("table"));
}

/// Tokens as the lesson's `JwtModule` signs them: a numeric `sub`, and neither issuer nor audience.
struct OldTokens {
    keys: KeySet,
}

#[derive(serde::Deserialize)]
struct OldClaims {
    username: String,
}

impl Strategy for OldTokens {
    type Identity = String;

    fn name(&self) -> &'static str {
        "old-jwt"
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<String>, AuthError> {
        let token = ExtractJwt::bearer().extract(head)?.ok_or(AuthError::NoCredentials)?;
        let verifier = NumericSubject::accept(Verifier::new(AnyIssuer, AnyAudience));
        let token: Verified<OldClaims> = verifier.verify(token, &self.keys, SystemClock.now())?;
        let id = token.subject().ok_or_else(|| Denial::new("sub_missing", "an old token without sub"))?;
        Ok(Authentication::new(self.name(), format!("{id} {}", token.username)))
    }
}

#[tokio::test]
async fn tokens_of_the_old_application_can_be_let_in_by_a_strategy_that_says_so() {
    let now = SystemClock.now().as_secs();
    let payload = format!(r#"{{"sub":1,"username":"john","iat":{now},"exp":{}}}"#, now + 60);
    let key = SigningKey::from_secret(Algorithm::Hs256, &SECRET).expect("a key");
    let old = jws::sign(&key, Some("JWT"), payload.as_bytes()).expect("a token");
    let request = || {
        let request = Request::get("/").header("authorization", format!("Bearer {old}"));
        request.body(Body::empty()).expect("a request")
    };
    let name = async |user: Authenticated<String>| user.to_string();
    let lenient = OldTokens { keys: KeySet::from(key.verifying_key()) };
    let lenient = Router::new().route("/", get(name)).layer(Guard::required(lenient));
    assert_eq!(send(&lenient, request()).await.body, "1 john");
    assert_eq!(send(&app(ExtractJwt::bearer()), request()).await.code(), "claim_invalid");
}
