//! What a recognised visitor may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::routing::{get as on_get, post as on_post};
use axum::{Json, Router};
use bytes::Bytes;
use countersign::authorize::{AuthenticationContext, HasRoles, HasScopes, Require, StepUp};
use countersign::jwt::{AccessTokenClaims, ManualClock, NumericDate};
use countersign::{AuthError, Authenticated, Denial, Guard};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};

use crate::common::{Answer, Log, Told, User, get, send, told};

const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);

/// Ada may read and write and is an editor; others may nothing.
impl HasScopes for User {
    fn has_scope(&self, scope: &str) -> bool {
        self.0 == "ada" && matches!(scope, "orders:read" | "orders:write")
    }
}

impl HasRoles for User {
    fn has_role(&self, role: &str) -> bool {
        self.0 == "ada" && role == "editor"
    }
}

/// Reads `<acr>@<seconds ago>` from the user's name.
impl AuthenticationContext for User {
    fn acr(&self) -> Option<&str> {
        self.0.split_once('@').map(|(acr, _)| acr)
    }

    fn auth_time(&self) -> Option<NumericDate> {
        let ago: i64 = self.0.split_once('@')?.1.parse().ok()?;
        Some(NumericDate::from_secs(1_700_000_000 - ago))
    }
}

fn app(require: Require<User>) -> Router {
    Router::new()
        .route("/", on_get(async |user: Authenticated<User>| user.0.clone()).layer(require))
        .route_layer(Guard::required(Told))
}

async fn ask(require: Require<User>, user: &str) -> Answer {
    send(&app(require), told("/", &format!("user {user}"))).await
}

#[tokio::test]
async fn who_has_all_scopes_passes() {
    assert_eq!(ask(Require::scopes(["orders:read", "orders:write"]), "ada").await.body, "ada");
}

#[tokio::test]
async fn a_missing_scope_is_a_403_that_names_what_is_needed() {
    let log = Log::start();
    insta::assert_snapshot!(ask(Require::scopes(["orders:read", "orders:burn"]), "ada").await, @r#"
    403 Forbidden
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer error="insufficient_scope", error_description="These credentials do not allow this.", scope="orders:read orders:burn"

    {"type":"about:blank","title":"Forbidden","status":403,"detail":"These credentials do not allow this.","code":"insufficient_scope"}
    "#);
    assert!(log.read().contains("the scope `orders:burn` was not granted"));
}

#[tokio::test]
async fn one_role_of_several_is_enough_and_roles_are_not_told() {
    assert_eq!(ask(Require::roles(["admin", "editor"]), "ada").await.status, StatusCode::OK);
    let refused = ask(Require::roles(["admin"]), "ada").await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "insufficient_scope"));
    assert!(!refused.to_string().contains("admin"));
}

#[tokio::test]
async fn a_policy_sees_the_identity_and_the_head() {
    let policy = |user: &User, head: &Parts| match head.uri.query() == Some(user.0.as_str()) {
        true => Ok(()),
        false => Err(AuthError::from(Denial::insufficient_scope("of somebody else"))),
    };
    let app = app(Require::policy(policy));
    assert_eq!(send(&app, told("/?eve", "user eve")).await.status, StatusCode::OK);
    assert_eq!(send(&app, told("/?ada", "user eve")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn policies_together_must_all_allow_it() {
    let scopes = || Require::scopes(["orders:read"]);
    assert_eq!(ask(scopes().and(Require::roles(["editor"])), "ada").await.status, StatusCode::OK);
    assert_eq!(ask(scopes().and(Require::roles(["admin"])), "ada").await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(Require::roles(["admin"]).and(scopes()), "ada").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_login_that_is_too_old_or_too_weak_is_asked_for_again() {
    let recent =
        || StepUp::max_age(Duration::from_secs(300)).and_acr(["mfa", "hwk"]).clock(ManualClock::new(NOW));
    for good in ["mfa@0", "hwk@300", "mfa@360", "mfa@-60"] {
        assert_eq!(ask(Require::step_up(recent()), good).await.status, StatusCode::OK, "{good}");
    }
    for bad in ["mfa@361", "pwd@0", "mfa@-61", "mfa@", "ada"] {
        let answer = ask(Require::step_up(recent()), bad).await;
        assert_eq!(answer.code(), "insufficient_user_authentication", "{bad}");
    }
    insta::assert_snapshot!(ask(Require::step_up(recent()), "mfa@361").await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer error="insufficient_user_authentication", error_description="This needs a stronger or a more recent login.", acr_values="mfa hwk", max_age="300"

    {"type":"about:blank","title":"Unauthorized","status":401,"detail":"This needs a stronger or a more recent login.","code":"insufficient_user_authentication"}
    "#);
}

#[tokio::test]
async fn only_what_was_demanded_of_a_login_is_looked_at() {
    let strong = || Require::step_up(StepUp::acr(["mfa"]));
    assert_eq!(ask(strong(), "mfa@999999").await.status, StatusCode::OK);
    let answer = ask(strong(), "pwd@0").await;
    assert!(answer.challenge().ends_with("acr_values=\"mfa\""), "{answer}");
    let recent = Require::step_up(StepUp::max_age(Duration::from_secs(5)).clock(ManualClock::new(NOW)));
    assert_eq!(ask(recent, "none@0").await.status, StatusCode::OK);
}

#[tokio::test]
async fn authorization_runs_before_any_body_is_read() {
    let read = Arc::new(AtomicBool::new(false));
    let body = {
        let read = Arc::clone(&read);
        Body::from_stream(futures_util::stream::once(async move {
            read.store(true, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(b"nonsense"))
        }))
    };
    let app = Router::new()
        .route("/", on_post(async |_: Json<Vec<u8>>| ()).layer(Require::<User>::roles(["admin"])))
        .route_layer(Guard::required(Told));
    let request = Request::post("/").header("x-token", "user ada").body(body).expect("a request");
    assert_eq!(send(&app, request).await.status, StatusCode::FORBIDDEN);
    assert!(!read.load(Ordering::SeqCst));
}

#[tokio::test]
async fn an_anonymous_visitor_is_asked_who_they_are() {
    let app = Router::new()
        .route("/", on_get(async || ()).layer(Require::<User>::roles(["editor"])))
        .route_layer(Guard::optional(Told));
    let answer = send(&app, get("/")).await;
    assert_eq!((answer.code().as_str(), answer.challenge()), ("credentials_missing", "Bearer"));
    assert_eq!(send(&app, told("/", "user ada")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_a_guard_in_front_nobody_passes() {
    let log = Log::start();
    let app = Router::new().route("/", on_get(async || ()).layer(Require::<User>::roles(["editor"])));
    assert_eq!(send(&app, told("/", "user ada")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(log.read().contains("no guard stands in front of this route"));

    let other = Router::new()
        .route("/", on_get(async || ()).layer(Require::policy(|_: &u64, _: &Parts| Ok(()))))
        .route_layer(Guard::required(Told));
    assert_eq!(send(&other, told("/", "user ada")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[test]
fn access_tokens_know_their_scopes() {
    let mut claims = AccessTokenClaims::new("client");
    assert!(!claims.has_scope("read") && !claims.has_scope(""));
    claims.scope = Some("read write".to_owned());
    assert!(claims.has_scope("read") && claims.has_scope("write"));
    for other in ["", " ", "rea", "read write", "reads", "READ"] {
        assert!(!claims.has_scope(other), "{other:?}");
    }
}

#[tokio::test]
async fn a_guard_may_answer_otherwise_and_still_lets_nobody_in() {
    let log = Log::start();
    let to_login = |why: &AuthError, head: &Parts, mut answer: Response<Bytes>| {
        if let AuthError::NoCredentials = why {
            *answer.status_mut() = StatusCode::SEE_OTHER;
            let to = format!("/login?next={}", head.uri.path());
            answer.headers_mut().insert("location", HeaderValue::from_str(&to).expect("a location"));
        }
        answer
    };
    let app =
        Router::new().route("/", on_get(async || "secret")).layer(Guard::required(Told).on_refused(to_login));
    let answer = send(&app, get("/")).await;
    assert_eq!(
        (answer.status, &answer.headers["location"]),
        (StatusCode::SEE_OTHER, &HeaderValue::from_static("/login?next=/"))
    );
    assert!(!answer.body.contains("secret"));
    assert!(log.read().contains("credentials_missing"));
    assert_eq!(send(&app, told("/", "bad")).await.status, StatusCode::UNAUTHORIZED);
}
