//! Several strategies before one route.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use countersign::challenge::Scheme;
use countersign::{
    AuthError, Authenticated, Authentication, Guard, MaybeAuthenticated, Strategy, all_of, any_of,
};
use http::request::Parts;
use http::{Request, StatusCode};

use crate::common::{Told, User, get, send};

/// Believes the header `x-machine`, unless it says `broken`, which nobody is, or `boom`.
#[derive(Debug)]
struct Machine;

impl Strategy for Machine {
    type Identity = u32;

    fn name(&self) -> &'static str {
        "machine"
    }

    fn schemes(&self) -> &[Scheme] {
        const { &[Scheme::new("Machine"), Scheme::BEARER] }
    }

    async fn authenticate(&self, head: &Parts) -> Result<Authentication<u32>, AuthError> {
        let header = head.headers.get("x-machine").ok_or(AuthError::NoCredentials)?;
        let number = header.to_str().ok().and_then(|text| text.parse().ok());
        let number = number.ok_or_else(|| AuthError::denied("machine_unknown", "no such machine"))?;
        Ok(Authentication::new("machine", number))
    }
}

fn either() -> impl Strategy<Identity = String> {
    any_of((Told.map(|user: User| user.0), Machine.map(|number: u32| format!("machine {number}"))))
}

async fn hello(who: Authenticated<String>) -> String {
    format!("{}, by {}", *who, Authenticated::details(&who).strategy())
}

async fn hello_or_not(MaybeAuthenticated(who): MaybeAuthenticated<String>) -> String {
    who.map_or_else(|| "nobody".to_owned(), |who| who.to_string())
}

fn request(headers: &[(&str, &str)]) -> Request<Body> {
    let request =
        headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn the_strategy_that_finds_its_credentials_recognises() {
    let app = Router::new().route("/", on_get(hello)).layer(Guard::required(either()));
    assert_eq!(send(&app, request(&[("x-token", "user ada")])).await.body, "ada, by told");
    assert_eq!(send(&app, request(&[("x-machine", "7")])).await.body, "machine 7, by machine");
    let both = request(&[("x-machine", "7"), ("x-token", "user ada")]);
    assert_eq!(send(&app, both).await.body, "ada, by told");
}

#[tokio::test]
async fn bad_credentials_are_never_retried_as_something_else() {
    let app = Router::new().route("/", on_get(hello)).layer(Guard::required(either()));
    for (token, status) in [("bad", 401), ("poor", 403), ("outage", 503), ("throttled", 429), ("what?", 500)]
    {
        let answer = send(&app, request(&[("x-token", token), ("x-machine", "7")])).await;
        assert_eq!(answer.status.as_u16(), status, "{token}");
    }
}

#[tokio::test]
async fn bad_credentials_of_any_strategy_are_never_an_anonymous_visitor() {
    let app = Router::new().route("/", on_get(hello_or_not)).layer(Guard::optional(either()));
    assert_eq!(send(&app, get("/")).await.body, "nobody");
    assert_eq!(send(&app, request(&[("x-token", "bad")])).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&app, request(&[("x-machine", "x")])).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_challenge_offers_each_scheme_of_all_once() {
    let app = Router::new().route("/", on_get(hello)).layer(Guard::required(either()));
    let answer = send(&app, get("/")).await;
    let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, ["Bearer", "Machine"]);
}

async fn pair(both: Authenticated<(User, u32)>) -> String {
    format!("{} on {}", both.0.0, both.1)
}

#[tokio::test]
async fn all_together_recognise_or_none_does() {
    let app = Router::new().route("/", on_get(pair)).layer(Guard::required(all_of((Told, Machine))));
    let both = request(&[("x-token", "user ada"), ("x-machine", "7")]);
    assert_eq!(send(&app, both).await.body, "ada on 7");
    assert_eq!(send(&app, get("/")).await.code(), "credentials_missing");
    for half in [[("x-token", "user ada")], [("x-machine", "7")]] {
        assert_eq!(send(&app, request(&half)).await.code(), "credentials_incomplete");
    }
    let bad = request(&[("x-token", "user ada"), ("x-machine", "x")]);
    assert_eq!(send(&app, bad).await.code(), "machine_unknown");
}

#[tokio::test]
async fn half_of_the_credentials_is_not_an_anonymous_visitor() {
    let handler = async |_: MaybeAuthenticated<(User, u32)>| ();
    let app = Router::new().route("/", on_get(handler)).layer(Guard::optional(all_of((Told, Machine))));
    assert_eq!(send(&app, get("/")).await.status, StatusCode::OK);
    let half = request(&[("x-machine", "7")]);
    assert_eq!(send(&app, half).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sixteen_strategies_are_asked_in_order_and_more_in_tuples_of_tuples() {
    let m = || Machine.map(|number: u32| User(number.to_string()));
    let sixteen =
        || any_of((m(), m(), m(), m(), m(), m(), m(), m(), m(), m(), m(), m(), m(), m(), m(), Told));
    let handler = async |user: Authenticated<User>| user.0.clone();
    let app =
        Router::new().route("/", on_get(handler)).layer(Guard::required(any_of((sixteen(), sixteen()))));
    assert_eq!(send(&app, request(&[("x-token", "user ada")])).await.body, "ada");
    assert_eq!(send(&app, request(&[("x-machine", "7"), ("x-token", "user ada")])).await.body, "7");
}

#[tokio::test]
async fn an_optional_one_of_several_still_refuses_what_is_bad() {
    let handler =
        async |MaybeAuthenticated(who): MaybeAuthenticated<(User, Option<u32>)>| who.is_some().to_string();
    let either = any_of((
        all_of((Told, Machine)).map(|(user, number)| (user, Some(number))),
        Told.map(|user| (user, None)),
    ));
    let app = Router::new().route("/", on_get(handler)).layer(Guard::optional(either));
    assert_eq!(send(&app, get("/")).await.body, "false");
    let half = send(&app, request(&[("x-token", "user ada")])).await;
    assert_eq!((half.status, half.code().as_str()), (StatusCode::UNAUTHORIZED, "credentials_incomplete"));
}
