//! JWT authentication for axum and any tower service: strategies say *who*, guards say *where*, handlers say *what*.
//!
//! ```
//! use axum::{Json, Router, routing::get};
//! use countersign::jwt::{Algorithm, KeySet, Verified, Verifier, VerifyingKey};
//! use countersign::{Authenticated, Guard, JwtStrategy};
//! use http::request::Parts;
//! use serde::{Deserialize, Serialize};
//!
//! /// What this application puts into its tokens.
//! #[derive(Deserialize)]
//! struct Claims {
//!     email: String,
//! }
//!
//! /// Who this application knows.
//! #[derive(Serialize)]
//! struct User {
//!     id: String,
//!     email: String,
//! }
//!
//! async fn profile(user: Authenticated<User>) -> Json<Authenticated<User>> {
//!     Json(user)
//! }
//!
//! fn app(secret: &[u8]) -> Result<Router, Box<dyn std::error::Error>> {
//!     let key = VerifyingKey::from_secret(Algorithm::Hs256, secret)?;
//!     let strategy = JwtStrategy::new(Verifier::new("my-app", "my-app"), KeySet::from(key)).validate(
//!         async |token: Verified<Claims>, _: &Parts| {
//!             let id = token.subject()?.to_owned();
//!             Some(User { id, email: token.into_claims().email })
//!         },
//!     );
//!     Ok(Router::new().route("/profile", get(profile)).route_layer(Guard::required(strategy)))
//! }
//! # app(&[7; 32]).unwrap();
//! ```
//!
//! A request without a token gets 401 and the challenge `Bearer`; one with a bad token 401 `invalid_token`, with a
//! problem body that says what is wrong under a stable code, and one line in the log that says it to the operator. See
//! [`challenge`].
//!
//! # Where to find what
//!
//! - [`strategy`]: [`JwtStrategy`] for bearer tokens, [`LocalStrategy`] for logins, [`ApiKeyStrategy`], [`BasicStrategy`],
//!   [`any_of`] and [`all_of`] of them, the traits for your own.
//! - [`extract_jwt`]: where in a request the token stands.
//! - [`guard`]: [`Guard`] and, for logins, [`BodyGuard`]; layers for axum and whatever else speaks tower.
//! - [`authorize`]: what a recognised visitor may do: scopes, roles, policies, stronger or more recent logins.
//! - `routes` (feature `axum`): `Routes`, axum's router in which a route that does not say who may ask for it cannot be
//!   written.
//! - [`extract`]: [`Authenticated`] and [`MaybeAuthenticated`], what handlers ask for.
//! - [`challenge`]: what refused requests are answered, and the codes; [`decision`]: why, step by step.
//! - [`cache`]: [`TokenCache`](cache::TokenCache), so that a token's signature is checked once.
//! - [`jwks`]: [`RemoteJwkSet`], the keys of an issuer elsewhere.
//! - [`live`]: [`LiveGuard`](live::LiveGuard), so that no WebSocket and no stream outlives its token.
//! - [`grpc`]: refusals as gRPC speaks them.
//! - [`password`]: hashing and verifying passwords without starving the rest of the service.
//! - [`revocation`]: what was revoked lately, in the memory of every verifier.
//! - [`session`]: refresh tokens that rotate, and the sessions behind them; [`csrf`] for those in cookies.
//! - [`jwt`]: the token core: keys, signing, verifying.
//!
//! # Features
//!
//! `axum` (default): the extractors of [`extract`] and [`Problem`] as axum knows them. All else serves any tower service.
//!
//! `ws`: [`live`] for axum's WebSockets.
//!
//! `jwks-reqwest`: `ReqwestFetch`, by which a [`RemoteJwkSet`] fetches, and an [`IntrospectionStrategy`] asks, over HTTPS.
//!
//! `revocation-reqwest`: `ReqwestConnect`, by which the revocations of an issuer elsewhere are read over HTTPS.
//!
//! `conformance`: the suite that proves a session store of your own. For tests.

pub mod authorize;
pub mod cache;
pub mod challenge;
pub mod csrf;
pub mod decision;
pub mod extract;
pub mod extract_jwt;
pub mod form;
pub mod grpc;
pub mod guard;
pub mod jwks;
pub mod live;
mod passage;
pub mod password;
mod problem;
pub mod revocation;
#[cfg(feature = "axum")]
pub mod routes;
pub mod session;
pub mod strategy;

pub use countersign_jwt as jwt;

pub use authorize::Require;
pub use extract::{Authenticated, MaybeAuthenticated};
pub use extract_jwt::ExtractJwt;
pub use guard::{BodyGuard, Guard};
pub use jwks::RemoteJwkSet;
pub use problem::Problem;
#[cfg(feature = "axum")]
pub use routes::Routes;
pub use session::Sessions;
pub use strategy::{
    ApiKeyStrategy, AuthError, Authentication, BasicStrategy, BodyStrategy, Credentials, Denial,
    IntrospectionStrategy, JwtStrategy, LocalStrategy, Outage, Rejection, Strategy, Validate, all_of, any_of,
};

/// The examples of the README, compiled.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The examples of the guides, compiled.
#[cfg(all(doctest, feature = "axum"))]
mod guide {
    #[doc = include_str!("../../../docs/guide/from-nestjs.md")]
    struct FromNestJs;

    #[doc = include_str!("../../../docs/guide/guards.md")]
    struct Guards;
}

/// The examples of the guide that need more than axum, compiled.
#[cfg(all(doctest, feature = "axum", feature = "ws"))]
#[doc = include_str!("../../../docs/guide/transports.md")]
struct Transports;
