//! Countersign's guard, in several ways.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::get;
use bench_harness::{Failure, Keys, Task};
use bench_jwt::ours::verifier;
use countersign::authorize::Require;
use countersign::cache::TokenCache;
use countersign::jwks::RemoteJwkSet;
use countersign::jwt::{KeySet, Verified};
use countersign::routes::{self, Routes};
use countersign::strategy::{Strategy, any_of};
use countersign::{Authenticated, BasicStrategy, Credentials, Denial, Guard, JwtStrategy};
use serde::Deserialize;
use tokio::net::TcpListener;

use super::answer;

/// The claims of the application.
#[derive(Clone, Deserialize)]
struct Profile {
    #[expect(dead_code, reason = "it is read from the token as an application would have it")]
    email: String,
}

type Token = Verified<Profile>;

/// The user of the application.
struct User {
    subject: String,
}

fn strategy(task: &Task) -> Result<JwtStrategy<Profile, KeySet>, Failure> {
    let (keys, verifier) = verifier(task)?;
    Ok(JwtStrategy::new(verifier, keys))
}

async fn profile(token: Authenticated<Token>) -> &'static str {
    answer(token.subject().unwrap_or_default())
}

fn guarded(strategy: impl Strategy<Identity = Token>) -> Router {
    Router::new().route("/", get(profile)).route_layer(Guard::required(strategy))
}

pub(super) fn guard(task: &Task) -> Result<Router, Failure> {
    Ok(guarded(strategy(task)?))
}

pub(super) fn cached(task: &Task) -> Result<Router, Failure> {
    Ok(guarded(strategy(task)?.cache(TokenCache::new(10_000))))
}

pub(super) fn validate(task: &Task) -> Result<Router, Failure> {
    let user =
        async |token: Token, _: &Parts| token.subject().map(|subject| User { subject: subject.into() });
    let guard = Guard::required(strategy(task)?.validate(user));
    let handler = async |user: Authenticated<User>| answer(&user.subject);
    Ok(Router::new().route("/", get(handler)).route_layer(guard))
}

pub(super) fn choice(task: &Task) -> Result<Router, Failure> {
    // Read first, and left to the next: a bearer is no user with a password.
    let nobody = BasicStrategy::new("machines", async |_: Credentials, _: &Parts| None::<Token>);
    Ok(guarded(any_of((nobody, strategy(task)?))))
}

pub(super) fn require(task: &Task) -> Result<Router, Failure> {
    let router = Router::new().route("/", get(profile)).route_layer(require_subject());
    Ok(router.route_layer(Guard::required(strategy(task)?)))
}

fn require_subject() -> Require<Token> {
    Require::policy(|token: &Token, _: &Parts| match token.subject() {
        Some(_) => Ok(()),
        None => Err(Denial::insufficient_scope("of nobody").into()),
    })
}

pub(super) fn routes(task: &Task) -> Result<Router, Failure> {
    let routes = Routes::new(Guard::required(strategy(task)?));
    Ok(routes.route("/", routes::get(profile).authenticated()).into_router())
}

/// The keys come from an issuer in the same process, whose own work counts.
pub(super) async fn remote(task: &Task) -> Result<Router, Failure> {
    let Keys::Pair { public_jwk, .. } = &task.keys else { return Err("a secret is not published".into()) };
    let document = format!(r#"{{"keys":[{public_jwk}]}}"#);
    let issuer = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = issuer.local_addr()?;
    let handler = get(async move || ([("content-type", "application/json")], document));
    tokio::spawn(async move { axum::serve(issuer, Router::new().route("/keys", handler)).await });

    let keys = RemoteJwkSet::from_url(&format!("http://{address}/keys"))?.start()?;
    keys.refresh().await?;
    let (_, verifier) = verifier(task)?;
    Ok(guarded(JwtStrategy::new(verifier, keys)))
}
