//! Tokens about which their issuer is asked, and an issuer that can be broken.

mod shared;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use bytes::Bytes;
use countersign::authorize::Require;
use countersign::jwks::FetchError;
use countersign::jwt::{AnyAudience, AnyIssuer, ManualClock, NumericDate};
use countersign::strategy::{ClientAuthentication, Introspect, Introspected};
use countersign::{Authenticated, Guard, IntrospectionStrategy, Strategy};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::common::{Answer, Log, get, send};

const NOW: i64 = 1_700_000_000;

/// An issuer: how it answers, and what it was asked.
#[derive(Clone, Default)]
struct Issuer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answer: Said,
    asked: Vec<Request<Bytes>>,
}

/// What an issuer says.
#[derive(Clone, Default)]
enum Said {
    Body(u16, String),
    #[default]
    Down,
    TooMuch,
    Silence,
    /// What is to be said when this lets it through.
    Held(Arc<Semaphore>),
    Panic,
}

impl Issuer {
    fn says(&self, body: impl Into<String>) -> &Self {
        self.answers(Said::Body(200, body.into()))
    }

    fn answers(&self, answer: Said) -> &Self {
        self.0.lock().expect("not poisoned").answer = answer;
        self
    }

    /// Keeps it from answering: a permit for each question that it may answer.
    fn hold(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.answers(Said::Held(Arc::clone(&gate)));
        gate
    }

    fn asked(&self) -> usize {
        self.0.lock().expect("not poisoned").asked.len()
    }
}

impl Introspect for Issuer {
    async fn post(&self, request: Request<Bytes>, limit: usize) -> Result<Response<Bytes>, FetchError> {
        assert_eq!(limit, 64 * 1024);
        let said = || self.0.lock().expect("not poisoned").answer.clone();
        self.0.lock().expect("not poisoned").asked.push(request);
        let mut answer = said();
        while let Said::Held(gate) = answer {
            gate.acquire().await.expect("it stays open").forget();
            answer = said();
        }
        match answer {
            Said::Body(status, body) => {
                let response = Response::builder().status(status).header("location", "https://evil.example/");
                Ok(response.body(Bytes::from(body)).expect("an answer"))
            }
            Said::Down => Err(FetchError::Unreachable { reason: "connection refused".to_owned() }),
            Said::TooMuch => Err(FetchError::TooLarge),
            Said::Silence | Said::Held(_) => std::future::pending().await,
            #[expect(clippy::panic, reason = "so it is told to")]
            Said::Panic => panic!("on purpose"),
        }
    }
}

fn active(more: &str) -> String {
    format!(r#"{{"active":true,"iss":"login","aud":["orders","x"],"sub":"ada"{more}}}"#)
}

/// What this application reads beside the registered members.
#[derive(Deserialize)]
struct Own {
    tenant: Option<String>,
}

struct World {
    issuer: Issuer,
    clock: Arc<ManualClock>,
    app: Router,
}

fn strategy(issuer: &Issuer) -> IntrospectionStrategy<Own, Issuer> {
    let client = ClientAuthentication::basic("orders", "hunter2").expect("credentials");
    IntrospectionStrategy::new("https://login.example/introspect", client, "login", "orders", issuer.clone())
        .expect("an endpoint")
}

fn app(strategy: impl Strategy<Identity = Arc<Introspected<Own>>>) -> Router {
    let handler = async |token: Authenticated<Arc<Introspected<Own>>>| {
        format!("{} of {}", token.subject().unwrap_or("-"), token.tenant.as_deref().unwrap_or("-"))
    };
    Router::new().route("/", on_get(handler)).layer(Guard::required(strategy))
}

impl World {
    fn new() -> Self {
        Self::with(|strategy| strategy)
    }

    fn with(
        change: impl FnOnce(IntrospectionStrategy<Own, Issuer>) -> IntrospectionStrategy<Own, Issuer>,
    ) -> Self {
        let issuer = Issuer::default();
        let clock = Arc::new(ManualClock::new(NumericDate::from_secs(NOW)));
        let app = app(change(strategy(&issuer)).clock(Arc::clone(&clock)));
        Self { issuer, clock, app }
    }

    async fn present(&self, token: &str) -> Answer {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        send(&self.app, request.body(Body::empty()).expect("a request")).await
    }

    async fn code(&self, token: &str) -> String {
        let answer = self.present(token).await;
        match answer.status {
            StatusCode::OK => "ok".to_owned(),
            status => format!("{} {}", status.as_u16(), answer.code()),
        }
    }
}

#[tokio::test]
async fn an_active_token_recognises_its_bearer() {
    let world = World::new();
    world.issuer.says(active(r#","tenant":"north","exp":1700000600"#));
    assert_eq!(world.present("opaque").await.body, "ada of north");
}

#[tokio::test]
async fn the_question_is_a_form_that_holds_the_token_and_a_client_that_proves_itself() {
    let world = World::new();
    world.issuer.says(active(""));
    world.present("a+b/c~d==").await;
    let state = world.issuer.0.lock().expect("not poisoned");
    let question = &state.asked[0];
    assert_eq!(
        (question.method().as_str(), question.uri().to_string()),
        ("POST", "https://login.example/introspect".to_owned())
    );
    assert_eq!(question.body(), &"token=a%2Bb%2Fc%7Ed%3D%3D&token_type_hint=access_token");
    let header = |name: &str| question.headers()[name].to_str().expect("ASCII");
    assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(header("authorization"), "Basic b3JkZXJzOmh1bnRlcjI=");
    assert!(question.headers()["authorization"].is_sensitive());
}

#[tokio::test]
async fn a_token_that_is_not_active_is_refused_and_nothing_else_is_read() {
    let world = World::new();
    for body in [r#"{"active":false}"#, r#"{"active":false,"sub":7,"exp":"never"}"#] {
        world.issuer.says(body);
        assert_eq!(world.code("opaque").await, "401 token_inactive");
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_for_another_audience_or_for_another_time_is_refused() {
    let world = World::new();
    for (body, code) in [
        (r#"{"active":true,"iss":"other","aud":"orders"}"#.to_owned(), "401 iss_mismatch"),
        (r#"{"active":true,"aud":"orders"}"#.to_owned(), "401 claim_missing"),
        (r#"{"active":true,"iss":"login","aud":"other"}"#.to_owned(), "401 aud_mismatch"),
        (r#"{"active":true,"iss":"login","aud":[]}"#.to_owned(), "401 aud_mismatch"),
        (r#"{"active":true,"iss":"login"}"#.to_owned(), "401 claim_missing"),
        (active(r#","exp":1699999940"#), "401 token_expired"),
        (active(r#","exp":1699999941"#), "ok"),
        (active(r#","nbf":1700000061"#), "401 token_not_yet_valid"),
        (active(r#","nbf":1700000060"#), "ok"),
        (r#"{"active":true,"iss":"login","aud":"orders"}"#.to_owned(), "ok"),
    ] {
        world.issuer.says(&*body);
        assert_eq!(world.code(&format!("t{}", world.issuer.asked())).await, code, "{body}");
    }
}

#[tokio::test]
async fn issuer_and_audience_are_not_asked_for_where_that_is_said() {
    let issuer = Issuer::default();
    issuer.says(r#"{"active":true,"sub":"ada"}"#);
    let client = ClientAuthentication::bearer("t").expect("credentials");
    let strategy =
        IntrospectionStrategy::new("https://login.example/", client, AnyIssuer, AnyAudience, issuer.clone());
    let app = app(strategy.expect("an endpoint"));
    let request = Request::get("/").header("authorization", "Bearer x").body(Body::empty());
    assert_eq!(send(&app, request.expect("a request")).await.body, "ada of -");
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_fails_in_whatever_way_is_503_and_never_401() {
    let world = World::new();
    let said = [
        Said::Down,
        Said::TooMuch,
        Said::Silence,
        Said::Body(200, String::new()),
        Said::Body(200, "<html>".to_owned()),
        Said::Body(200, "[]".to_owned()),
        Said::Body(200, r#"{"sub":"ada"}"#.to_owned()),
        Said::Body(200, r#"{"active":"true","iss":"login","aud":"orders"}"#.to_owned()),
        Said::Body(200, r#"{"active":false,"active":true,"iss":"login","aud":"orders"}"#.to_owned()),
        Said::Body(200, active(r#","exp":"soon""#)),
        Said::Body(200, active(r#","tenant":7"#)),
        Said::Body(201, active("")),
        Said::Body(302, active("")),
        Said::Body(307, active("")),
        Said::Body(401, r#"{"active":true}"#.to_owned()),
        Said::Body(403, String::new()),
        Said::Body(500, String::new()),
    ];
    for said in said {
        world.issuer.answers(said);
        let answer = world.present("opaque").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "introspection_unavailable"));
        assert!(
            answer.headers.contains_key("retry-after") && !answer.headers.contains_key("www-authenticate")
        );
    }
    world.issuer.says(active(""));
    assert_eq!(world.code("opaque").await, "ok");
}

#[tokio::test]
async fn an_active_token_is_remembered_for_a_while_and_never_beyond_its_end() {
    let world = World::new();
    world.issuer.says(active(r#","exp":1700000620"#));
    let asked = async |moment: u64| {
        world.clock.set(NumericDate::from_secs(NOW) + Duration::from_secs(moment));
        world.code("opaque").await;
        world.issuer.asked()
    };
    assert_eq!((asked(0).await, asked(29).await, asked(30).await), (1, 1, 2));
    // At 600 it lasts 20 seconds more.
    assert_eq!((asked(600).await, asked(619).await, asked(620).await), (3, 3, 4));
}

#[tokio::test]
async fn a_revoked_token_passes_no_longer_than_was_said() {
    let world = World::with(|strategy| strategy.remember_for(Duration::from_secs(5)));
    world.issuer.says(active(""));
    assert_eq!(world.code("opaque").await, "ok");
    world.issuer.says(r#"{"active":false}"#);
    world.clock.advance(Duration::from_secs(4));
    assert_eq!(world.code("opaque").await, "ok");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.code("opaque").await, "401 token_inactive");

    let world = World::with(|strategy| strategy.remember_for(Duration::ZERO));
    world.issuer.says(active(""));
    assert_eq!((world.code("opaque").await.as_str(), world.issuer.asked()), ("ok", 1));
    assert_eq!((world.code("opaque").await.as_str(), world.issuer.asked()), ("ok", 2));
}

#[tokio::test]
async fn one_token_is_never_taken_for_another_and_a_refused_one_is_asked_about_again() {
    let world = World::new();
    world.issuer.says(active(""));
    assert_eq!(world.code("one").await, "ok");
    world.issuer.says(r#"{"active":false}"#);
    for token in ["two", "One", "one=", "on"] {
        assert_eq!(world.code(token).await, "401 token_inactive");
    }
    assert_eq!(world.code("two").await, "401 token_inactive");
    assert_eq!((world.code("one").await.as_str(), world.issuer.asked()), ("ok", 6));
}

#[tokio::test]
async fn a_token_that_is_too_long_or_none_at_all_is_not_asked_about() {
    let world = World::new();
    world.issuer.says(active(""));
    assert_eq!(world.code(&"a".repeat(4 * 1024 + 1)).await, "401 token_too_long");
    assert_eq!(world.code("a b").await, "401 credentials_malformed");
    assert_eq!(send(&world.app, get("/")).await.code(), "credentials_missing");
    assert_eq!(world.issuer.asked(), 0);
    assert_eq!(world.code(&"a".repeat(4 * 1024)).await, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_tokens_opens_no_flood_of_questions() {
    let world = Arc::new(World::new());
    world.issuer.answers(Said::Silence);
    let flood: Vec<_> = (0..80)
        .map(|number| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.code(&format!("made-up-{number}")).await })
        })
        .collect();
    let mut codes = Vec::new();
    for request in flood {
        codes.push(request.await.expect("an answer"));
    }
    assert_eq!(world.issuer.asked(), 64);
    assert_eq!(codes.iter().filter(|code| *code == "503 introspection_busy").count(), 16);
    assert_eq!(codes.iter().filter(|code| *code == "503 introspection_unavailable").count(), 64);
    world.issuer.says(active(""));
    assert_eq!(world.code("opaque").await, "ok");
}

#[tokio::test]
async fn the_log_tells_the_operator_why_and_holds_no_token_and_no_secret() {
    let log = Log::start();
    let world = World::new();
    world.issuer.answers(Said::Body(401, String::new()));
    world.present("opaque-token").await;
    let line = log.read();
    assert!(
        line.contains("the endpoint answered 401") && line.contains("asked the introspection endpoint"),
        "{line}"
    );
    for hidden in ["opaque-token", "hunter2", "b3JkZXJz"] {
        assert!(!line.contains(hidden) && !format!("{:?}", strategy(&world.issuer)).contains(hidden));
    }
}

#[tokio::test]
async fn scopes_and_the_applications_own_check_come_after_it() {
    let issuer = Issuer::default();
    issuer.says(active(r#","scope":"orders:read orders:list""#));
    let route =
        |scope: &'static str| on_get(async || ()).layer(Require::<Arc<Introspected<Own>>>::scopes([scope]));
    let app = Router::new()
        .route("/read", route("orders:read"))
        .route("/write", route("orders:write"))
        .layer(Guard::required(strategy(&issuer).clock(ManualClock::new(NumericDate::from_secs(NOW)))));
    let bearer = |path: &str| {
        Request::get(path).header("authorization", "Bearer x").body(Body::empty()).expect("a request")
    };
    assert_eq!(send(&app, bearer("/read")).await.status, StatusCode::OK);
    assert_eq!(send(&app, bearer("/write")).await.status, StatusCode::FORBIDDEN);

    let known = async |token: Arc<Introspected<Own>>, _: &Parts| {
        token.subject().filter(|name| *name == "eve").map(str::to_owned)
    };
    let checked = strategy(&issuer).validate(known);
    let app = Router::new().route("/", on_get(async || ())).layer(Guard::required(checked));
    assert_eq!(send(&app, bearer("/")).await.code(), "identity_unknown");
}

#[test]
fn an_endpoint_is_asked_over_https_only() {
    let client = || ClientAuthentication::bearer("t").expect("credentials");
    for endpoint in ["http://login.example/", "login.example", "https://a:b@login.example/", ""] {
        let strategy = IntrospectionStrategy::<(), _>::new(endpoint, client(), "a", "b", Issuer::default());
        assert!(strategy.is_err(), "{endpoint}");
    }
    assert!(
        IntrospectionStrategy::<(), _>::new("http://127.0.0.1:1/", client(), "a", "b", Issuer::default())
            .is_ok()
    );
}
