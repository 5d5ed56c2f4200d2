//! Why a request was let pass or refused: in the log, for a layer, for a client in development, and replayed.

mod agreement;
mod explanation;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get as on_get, post as on_post};
use bytes::Bytes;
use countersign::authorize::Require;
use countersign::challenge::Scheme;
use countersign::decision::{Decision, Step, is_explained};
use countersign::jwt::{
    Algorithm, Claims, KeySet, ManualClock, NumericDate, Signer, SigningKey, Verified, Verifier,
};
use countersign::revocation::{Entry, Revocations, Staleness};
use countersign::routes::{Routes, any, foreign, get};
use countersign::session::SessionId;
use countersign::strategy::{ApiKey, ApiKeyId, StoredApiKey, TrustedIssuer};
use countersign::{
    ApiKeyStrategy, AuthError, Authenticated, BasicStrategy, BodyGuard, Credentials, Denial, ExtractJwt,
    Guard, JwtStrategy, LocalStrategy, Strategy, all_of, any_of,
};
use http::Method;
use http::request::Parts;
use tower::ServiceExt;

use crate::common::{Answer, Log, Told, User, get as plain, send, told};

const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);

fn key() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).expect("a key").with_key_id("k-2026")
}

fn token(issuer: &str, lives: u64) -> String {
    let signer = Signer::new(key(), issuer, "orders", Duration::from_secs(lives));
    let claims = Claims::new(serde_json::json!({ "email": "ada@secret.example" })).subject("ada-7");
    signer.sign(&claims, NOW).expect("a token")
}

fn jwt() -> impl Strategy<Identity = User> {
    let places = ExtractJwt::first_of([ExtractJwt::bearer(), ExtractJwt::query("access_token")]);
    JwtStrategy::new(Verifier::new("login", "orders"), KeySet::from(key().verifying_key()))
        .extract(places)
        .clock(ManualClock::new(NOW + Duration::from_secs(600)))
        .validate(async |token: Verified<()>, _: &Parts| token.subject().map(|name| User(name.to_owned())))
}

fn api_key() -> impl Strategy<Identity = User> {
    ApiKeyStrategy::new("acme", async |_: ApiKeyId, _: &Parts| None::<StoredApiKey<User>>)
}

fn basic() -> impl Strategy<Identity = User> {
    BasicStrategy::new("machines", async |_: Credentials, _: &Parts| None::<User>)
}

fn several() -> impl Strategy<Identity = User> {
    any_of((jwt(), api_key(), basic()))
}

fn app(guard: Guard<impl Strategy<Identity = User>>) -> Router {
    Router::new().route("/", on_get(async |user: Authenticated<User>| user.0.clone())).layer(guard)
}

fn with(header: &str, value: &str) -> Request {
    Request::get("/").header(header, value).body(Body::empty()).expect("a request")
}

fn bearer(token: &str) -> Request {
    with("authorization", &format!("Bearer {token}"))
}

/// What the log says of this refusal.
async fn logged(app: &Router, request: Request) -> String {
    let log = Log::start();
    assert!(!send(app, request).await.status.is_success());
    let line: serde_json::Value = serde_json::from_str(&log.read()).expect("one line");
    let field = |name: &str| line["fields"][name].as_str().unwrap_or("-").to_owned();
    format!("{} {}: {}", field("strategy"), field("code"), field("trace"))
}

#[tokio::test]
async fn the_log_names_the_strategy_that_refused_and_how_it_came_to() {
    let app = app(Guard::required(several()));
    let wrong_key = SigningKey::from_secret(Algorithm::Hs256, &[8; 32]).expect("a key").with_key_id("k\n1");
    let forged = Signer::new(wrong_key, "login", "orders", Duration::from_secs(900));
    let forged = forged.sign(&Claims::new(()), NOW).expect("a token");
    let shown = ApiKey::generate("acme").expect("a key");
    let lines = [
        logged(&app, plain("/")).await,
        logged(&app, bearer(&token("login", 300))).await,
        logged(&app, bearer(&token("other", 900))).await,
        logged(&app, bearer(&forged)).await,
        logged(&app, bearer("a b")).await,
        logged(&app, Request::get("/?access_token=x.y.z").body(Body::empty()).expect("a request")).await,
        logged(&app, with("x-api-key", "acme_1_2")).await,
        logged(&app, with("x-api-key", shown.text())).await.replace(shown.id(), "<id>"),
        logged(&app, with("authorization", "Basic YTpi")).await,
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    any_of credentials_missing: jwt: found nothing in Authorization: Bearer or query parameter access_token; api-key: found nothing in header x-api-key; basic: found nothing in Authorization: Basic
    jwt token_expired: jwt: found a token in Authorization: Bearer; jwt: it asks for the key `k-2026` and the algorithm `HS256`
    jwt iss_mismatch: jwt: found a token in Authorization: Bearer; jwt: it asks for the key `k-2026` and the algorithm `HS256`
    jwt key_unknown: jwt: found a token in Authorization: Bearer; jwt: it asks for the key `k\n1` and the algorithm `HS256`
    jwt credentials_malformed: jwt: found something in Authorization: Bearer
    jwt token_malformed: jwt: found a token in query parameter access_token
    api-key credentials_malformed: jwt: found nothing in Authorization: Bearer or query parameter access_token; api-key: found a key in header x-api-key
    api-key api_key_unknown: jwt: found nothing in Authorization: Bearer or query parameter access_token; api-key: found a key in header x-api-key; api-key: looked up the id <id>
    basic credentials_invalid: jwt: found nothing in Authorization: Bearer or query parameter access_token; api-key: found nothing in header x-api-key; basic: asked the application's own check
    "#);
}

#[tokio::test]
async fn the_log_says_of_several_issuers_whose_a_token_was_taken_for() {
    let keys = || KeySet::from(key().verifying_key());
    let issuers = [TrustedIssuer::new("login", "orders", keys()), TrustedIssuer::new("other", "x", keys())];
    let strategy = JwtStrategy::<(), _>::several(issuers).expect("two issuers").clock(ManualClock::new(NOW));
    let app = app(Guard::required(strategy.map(|_| User(String::new()))));
    insta::assert_snapshot!(logged(&app, bearer(&token("other", 900))).await, @r#"jwt aud_mismatch: jwt: found a token in Authorization: Bearer; jwt: took it for a token of the issuer `other`; jwt: it asks for the key `k-2026` and the algorithm `HS256`"#);
    insta::assert_snapshot!(logged(&app, bearer(&token("third", 900))).await, @r#"jwt iss_mismatch: jwt: found a token in Authorization: Bearer; jwt: it asks for the key `k-2026` and the algorithm `HS256`"#);
}

#[tokio::test]
async fn the_log_holds_no_claim_and_no_secret() {
    let app = app(Guard::required(several()).danger_explain_to_clients());
    let log = Log::start();
    let expired = token("login", 300);
    let shown = ApiKey::generate("acme").expect("a key");
    for request in
        [bearer(&expired), with("x-api-key", shown.text()), with("authorization", "Basic YWRhOmh1bnRlcjI=")]
    {
        send(&app, request).await;
    }
    let secret = shown.text().rsplit('_').next().expect("a secret");
    let parts = expired.split('.').chain([secret, "YWRh", "hunter2", "ada", "login", "1700000"]);
    for hidden in parts {
        assert!(!log.read().contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn all_of_says_who_was_recognised_before() {
    let app = Router::new().route("/", on_get(async || ())).layer(Guard::required(all_of((
        Told,
        jwt(),
        api_key(),
    ))));
    let request = Request::get("/").header("x-token", "user ada");
    let one = logged(&app, request.body(Body::empty()).expect("a request")).await;
    let request = Request::get("/").header("x-token", "user ada").header("authorization", "Bearer x");
    let two = logged(&app, request.body(Body::empty()).expect("a request")).await;
    insta::assert_snapshot!(format!("{one}\n{two}"), @r#"
    all_of credentials_incomplete: all_of: told recognised somebody; jwt: found nothing in Authorization: Bearer or query parameter access_token; api-key: found nothing in header x-api-key
    jwt token_malformed: all_of: told recognised somebody; jwt: found a token in Authorization: Bearer
    "#);
}

#[tokio::test]
async fn a_requirement_that_is_not_met_is_named_with_who_was_recognised() {
    let require = Require::<User>::scopes(["orders:read"]).and(Require::roles(["admin"]));
    let handler = on_get(async || ()).layer(require);
    let app = Router::new().route("/", handler).layer(Guard::required(any_of((Told, api_key()))));
    insta::assert_snapshot!(logged(&app, told("/", "user ada")).await, @r#"told insufficient_scope: told: recognised; require: role admin: not met"#);
}

#[tokio::test]
async fn the_applications_own_steps_are_told_too() {
    let check = async |_: Verified<()>, head: &Parts| {
        assert!(!is_explained(head));
        let asked = Step::new("crm", "asked for the contract");
        Err::<User, _>(AuthError::denied("contract_ended", "the contract has ended").after([asked]))
    };
    let jwt = JwtStrategy::new(Verifier::new("login", "orders"), KeySet::from(key().verifying_key()));
    let app = app(Guard::required(jwt.clock(ManualClock::new(NOW)).validate(check)));
    insta::assert_snapshot!(logged(&app, bearer(&token("login", 300))).await, @r#"jwt contract_ended: jwt: recognised, by key `k-2026`; jwt: asked the application's own check; crm: asked for the contract"#);
}

#[tokio::test]
async fn the_log_says_by_what_a_token_was_revoked_and_how_old_the_view_is() {
    let session = SessionId::from_bytes([7; SessionId::LEN]);
    let claims = Claims::new(serde_json::json!({ "sid": session })).subject("ada-7").token_id("t-1");
    let token = Signer::new(key(), "login", "orders", Duration::from_secs(900)).sign(&claims, NOW);
    let token = token.expect("a token");
    let mut lines = Vec::new();
    for (entries, staleness, confirmed) in [
        (vec![Entry::session(session, NOW)], Staleness::fail_closed(), true),
        (vec![Entry::user("ada-7", NOW)], Staleness::fail_closed(), true),
        (vec![Entry::token("t-1", NOW)], Staleness::fail_closed(), false),
        (vec![], Staleness::fail_closed(), true),
        (vec![], Staleness::fail_open_for(Duration::from_secs(5)), false),
    ] {
        let view = Revocations::fed(Duration::from_secs(960), NOW);
        if confirmed {
            view.confirm(NOW, NOW);
        }
        view.merge(entries, NOW);
        let jwt = JwtStrategy::<serde_json::Value, _>::new(
            Verifier::new("login", "orders"),
            KeySet::from(key().verifying_key()),
        );
        let jwt = jwt.clock(ManualClock::new(NOW + Duration::from_secs(11))).revocation(&view, staleness);
        let user = async |token: Verified<serde_json::Value>, _: &Parts| {
            token.subject().map(|name| User(name.to_owned()))
        };
        let app = app(Guard::required(jwt.validate(user)));
        lines.push(logged(&app, bearer(&token)).await);
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    jwt token_revoked: jwt: recognised, by key `k-2026`; revocation: found its session in the view, which is 11 s old
    jwt token_revoked: jwt: recognised, by key `k-2026`; revocation: found its user in the view, which is 11 s old
    jwt token_revoked: jwt: recognised, by key `k-2026`; revocation: found the token itself in the view, which was made 11 s ago and never confirmed
    jwt revocation_unknown: jwt: recognised, by key `k-2026`; revocation: the view is 11 s old, and must be confirmed and may be 10 s old
    jwt revocation_unknown: jwt: recognised, by key `k-2026`; revocation: the view was made 11 s ago and never confirmed, and may be 5 s old
    ");
}

#[tokio::test]
async fn clients_are_told_why_in_development_only() {
    let log = Log::start();
    let danger = Guard::required(several()).danger_explain_to_clients();
    assert!(log.read().contains("for development only"));
    let answer = send(&app(danger), bearer(&token("login", 300))).await;
    let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("a problem");
    insta::assert_snapshot!(serde_json::to_string_pretty(&problem).expect("JSON"), @r#"
    {
      "code": "token_expired",
      "detail": "The token has expired (exp).",
      "reason": "the token has expired (exp)",
      "status": 401,
      "title": "Unauthorized",
      "trace": [
        {
          "by": "jwt",
          "step": "found a token in Authorization: Bearer"
        },
        {
          "by": "jwt",
          "step": "it asks for the key `k-2026` and the algorithm `HS256`"
        },
        {
          "by": "jwt",
          "seen": "k-2026 (HS256)",
          "step": "checked the keys"
        },
        {
          "by": "jwt",
          "seen": "285 characters",
          "step": "checked the length"
        },
        {
          "by": "jwt",
          "seen": "3 parts",
          "step": "checked the form"
        },
        {
          "by": "jwt",
          "seen": "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k-2026\"}",
          "step": "checked the header"
        },
        {
          "by": "jwt",
          "seen": "JWT",
          "step": "checked the typ"
        },
        {
          "by": "jwt",
          "seen": "alg HS256, kid k-2026",
          "step": "checked the key"
        },
        {
          "by": "jwt",
          "seen": "against k-2026 (HS256)",
          "step": "checked the signature"
        },
        {
          "by": "jwt",
          "seen": "184 characters",
          "step": "checked the payload"
        },
        {
          "by": "jwt",
          "seen": "iss, sub, aud, exp, iat, jti, email",
          "step": "checked the claims"
        },
        {
          "by": "jwt",
          "seen": "login",
          "step": "checked the iss"
        },
        {
          "by": "jwt",
          "seen": "orders",
          "step": "checked the aud"
        },
        {
          "by": "jwt",
          "expected": "less than 60 s ago",
          "seen": "1700000300, that is 2023-11-14T22:18:20Z, 300 s ago",
          "step": "refused it for the exp"
        }
      ],
      "type": "about:blank"
    }
    "#);

    let answer = send(&app(Guard::required(several())), bearer(&token("login", 300))).await;
    let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("a problem");
    let members: Vec<_> = problem.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["code", "detail", "status", "title", "type"]);
}

#[tokio::test]
async fn what_stands_behind_a_guard_in_development_says_why_too() {
    let handler = on_get(async || ()).layer(Require::<User>::roles(["admin"]));
    let app = Router::new().route("/", handler).layer(Guard::required(Told).danger_explain_to_clients());
    let answer = send(&app, told("/", "user ada")).await;
    let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("a problem");
    let trace = serde_json::to_string(&problem["trace"]).expect("JSON");
    insta::assert_snapshot!(trace, @r#"[{"by":"told","step":"recognised"},{"by":"require","step":"role admin: not met"}]"#);

    let login = LocalStrategy::new(async |_: Credentials, _: &Parts| None::<User>);
    let login = BodyGuard::new(login).danger_explain_to_clients();
    let app = Router::new().route("/", on_post(async || ())).layer(login);
    let request = Request::post("/").header("content-type", "application/json");
    let body = r#"{"username":"ada","password":"hunter2"}"#;
    let answer = send(&app, request.body(Body::from(body)).expect("a request")).await;
    assert!(answer.body.contains("nobody has this user name"), "{}", answer.body);
    assert!(!answer.body.contains("hunter2"));
}

#[tokio::test]
async fn a_layer_in_front_finds_the_decision_in_the_answer() {
    let app = app(Guard::required(several()));
    Log::install();
    let answer: Response = app.oneshot(bearer(&token("other", 900))).await.expect("an answer");
    let decision = answer.extensions().get::<Decision>().expect("a decision");
    assert_eq!((decision.strategy(), decision.code()), (Some("jwt"), Some("iss_mismatch")));
    assert!(!decision.is_admitted() && decision.steps().len() == 2);
    assert!(decision.reason().is_some_and(|reason| reason.contains("(iss)")));
}

fn challenges(answer: &Answer) -> Vec<String> {
    let values = answer.headers.get_all("www-authenticate").iter();
    values.map(|value| value.to_str().expect("ASCII").to_owned()).collect()
}

#[tokio::test]
async fn the_merged_challenge_says_what_was_wrong_on_the_scheme_that_was_presented() {
    let app = app(Guard::required(several()));
    let cases = [
        (bearer("x"), [r#"Bearer error="invalid_token""#, "ApiKey", "Basic"]),
        (with("x-api-key", "x"), ["Bearer", r#"ApiKey error="invalid_token""#, "Basic"]),
        // RFC 7617 has no word for it, and forbids others.
        (with("authorization", "Basic YTpi"), ["Bearer", "ApiKey", "Basic"]),
    ];
    for (request, expected) in cases {
        let found = challenges(&send(&app, request).await);
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found} {expected}");
            assert_eq!(found.contains("error"), expected.contains("error"), "{found}");
        }
    }
}

#[tokio::test]
async fn who_lacks_a_scope_is_told_on_the_scheme_that_was_presented() {
    const OTHER: Scheme = Scheme::new("Other").with_words_of_bearer();
    /// As [`Told`], by another scheme.
    struct Other;
    impl Strategy for Other {
        type Identity = User;

        fn name(&self) -> &'static str {
            "other"
        }

        fn schemes(&self) -> &[Scheme] {
            const { &[OTHER] }
        }

        async fn authenticate(&self, head: &Parts) -> Result<countersign::Authentication<User>, AuthError> {
            let _ = head.headers.get("x-other").ok_or(AuthError::NoCredentials)?;
            Ok(countersign::Authentication::new("other", User("eve".to_owned())))
        }
    }
    let handler = on_get(async || ()).layer(Require::<User>::scopes(["orders:read"]));
    let app = Router::new().route("/", handler).layer(Guard::required(any_of((Told, Other))));
    assert!(
        challenges(&send(&app, told("/", "user eve")).await)[0]
            .starts_with("Bearer error=\"insufficient_scope\"")
    );
    let by_other = challenges(&send(&app, with("x-other", "1")).await);
    assert_eq!(by_other.len(), 1);
    assert!(by_other[0].starts_with("Other error=\"insufficient_scope\""));
}

#[tokio::test]
async fn a_guard_may_say_itself_otherwise_what_it_refuses_and_the_decision_stays() {
    let plainly = |_: &AuthError, _: &Parts, mut answer: http::Response<Bytes>| {
        *answer.body_mut() = Bytes::from_static(b"no");
        answer
    };
    Log::install();
    let app = app(Guard::required(several()).on_refused(plainly));
    let answer: Response = app.oneshot(plain("/")).await.expect("an answer");
    assert!(answer.extensions().get::<Decision>().is_some());
}
