//! What handlers get, and what they are told when the application is put together wrongly.

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get as on_get;
use axum::{Extension, Router};
use countersign::extract::NotAuthenticated;
use countersign::{Authenticated, Guard, MaybeAuthenticated};
use http::{Extensions, StatusCode};

use crate::common::{Log, Told, User, get, send, told};

async fn needs_user(_: Authenticated<User>) {}

async fn may_have_user(_: MaybeAuthenticated<User>) {}

async fn needs_number(_: Authenticated<u64>) {}

#[tokio::test]
async fn an_unguarded_extractor_is_a_500_that_names_the_mistake() {
    let log = Log::start();
    let app = Router::new().route("/users/{id}", on_get(needs_user));
    let answer = send(&app, get("/users/7")).await;
    insta::assert_snapshot!(answer, @r#"
    500 Internal Server Error
    cache-control: no-store
    content-type: application/problem+json

    {"type":"about:blank","title":"Internal Server Error","status":500,"detail":"The server is put together wrongly: see its log.","code":"guard_missing"}
    "#);
    insta::assert_snapshot!(log.read(), @r#"{"level":"ERROR","fields":{"message":"refused","status":500,"code":"guard_missing","method":"GET","route":"/users/{id}","reason":"no guard stands in front of this route: add `.layer(Guard::required(..))`"},"target":"countersign::extract"}"#);
}

#[tokio::test]
async fn an_unguarded_optional_extractor_is_never_silently_anonymous() {
    let app = Router::new().route("/", on_get(may_have_user));
    let answer = send(&app, get("/")).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "guard_missing"));
}

#[tokio::test]
async fn a_guard_beside_a_route_does_not_guard_it() {
    let app = Router::new()
        .route("/guarded", on_get(needs_user))
        .route_layer(Guard::required(Told))
        .route("/forgotten", on_get(needs_user));
    assert_eq!(send(&app, told("/guarded", "user ada")).await.status, StatusCode::OK);
    assert_eq!(send(&app, told("/forgotten", "user ada")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_handler_that_asks_for_another_identity_is_told_which_one_there_is() {
    let log = Log::start();
    let app = Router::new().route("/", on_get(needs_number)).layer(Guard::required(Told));
    let answer = send(&app, told("/", "user ada")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let log = log.read();
    assert!(log.contains("recognises `it::common::User`, and the handler asks for `u64`"), "{log}");
}

#[tokio::test]
async fn an_extension_that_somebody_else_put_there_is_not_an_identity() {
    async fn forge(mut request: Request, next: Next) -> axum::response::Response {
        request.extensions_mut().insert(User("mallory".to_owned()));
        next.run(request).await
    }
    let app = Router::new()
        .route("/", on_get(async |_: Authenticated<User>, _: Extension<User>| ()))
        .layer(from_fn(forge));
    assert_eq!(send(&app, get("/")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn an_identity_knows_how_it_was_recognised() {
    let handler = async |user: Authenticated<User>| Authenticated::details(&user).strategy();
    let app = Router::new().route("/", on_get(handler)).layer(Guard::required(Told));
    assert_eq!(send(&app, told("/", "user ada")).await.body, "told");
}

#[test]
fn outside_of_axum_a_missing_guard_is_an_error_too() {
    let missing = |error: NotAuthenticated| {
        assert!(!error.is_anonymous());
        error.to_string()
    };
    let none = Extensions::new();
    let told = "no guard stands in front of this route: add `.layer(Guard::required(..))`";
    assert_eq!(Authenticated::<User>::from_extensions(&none).map_err(missing).expect_err("unguarded"), told);
    assert_eq!(
        MaybeAuthenticated::<User>::from_extensions(&none).map_err(missing).expect_err("unguarded"),
        told
    );
}
