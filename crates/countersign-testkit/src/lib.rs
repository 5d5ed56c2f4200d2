//! Test what is guarded: an issuer in your process, a clock that you move, and a battery of hostile tokens.
//!
//! A [`TestIssuer`] mints good tokens in one line and gives you the keys, the verifier and the clock that go with
//! them; no server is started and nothing sleeps. Its [`Battery`] holds what an attacker might present instead, and
//! [`Battery::attack`] sends all of it at a route and reports what got through:
//!
//! ```
//! use axum::{Router, routing::get};
//! use countersign::jwt::{Clock, KeySource, Verified, Verifier};
//! use countersign::{Authenticated, Guard, JwtStrategy};
//! use countersign_testkit::TestIssuer;
//! use http::{Method, Uri};
//! use serde::Deserialize;
//! use serde_json::json;
//!
//! #[derive(Deserialize)]
//! struct Claims {
//!     email: String,
//! }
//!
//! // The application, as it is put together in production.
//! fn app(verifier: Verifier, keys: impl KeySource + 'static, clock: impl Clock + 'static) -> Router {
//!     let strategy = JwtStrategy::<Claims, _>::new(verifier, keys).clock(clock);
//!     Router::new()
//!         .route("/profile", get(async |user: Authenticated<Verified<Claims>>| user.email.clone()))
//!         .route_layer(Guard::required(strategy))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let issuer = TestIssuer::new();
//! let app = app(issuer.verifier(), issuer.keys(), issuer.clock());
//!
//! let genuine = issuer.token_with("ada", &json!({"email": "ada@example.com"}));
//! let report = issuer.battery(&genuine).attack(app, Method::GET, Uri::from_static("/profile")).await;
//! report.assert_all_refused();
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Those who refuse with the codes of Countersign can check these too ([`Report::assert_codes`]). A service in
//! another process is attacked the same way: let it sign with a key of yours, take a token that it issued, make a
//! [`Battery::new`] of both, and hand an HTTP client to `attack` as the service.

mod attack;
mod certificate;
mod fake_jwks;
mod fake_revocations;
mod forge;
mod hostile;
mod issuer;
mod members;
mod report;

pub use fake_jwks::{FakeJwks, Fault};
pub use fake_revocations::{FakeRevocations, FeedFault};
pub use forge::BatteryError;
pub use hostile::{Battery, Hostile};
pub use issuer::TestIssuer;
pub use report::{Answer, Finding, Problem, Report};

/// The examples of the guide, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/testing.md")]
struct Guide;
