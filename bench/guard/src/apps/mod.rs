//! What is served: the same answer, behind different guards or none.

mod ours;
mod peers;

use std::hint::black_box;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use bench_harness::{Failure, Task};
use bench_jwt::primitive::Verification;
use tower::layer::util::Identity;

/// axum alone.
pub(crate) const BARE: &str = "axum";
/// The axum of a crate that is not on the current one.
pub(crate) const BARE_07: &str = "axum 0.7";
/// axum, and in its handler the verification of the one signature that it is sent: no token is looked for, none is read.
pub(crate) const VERIFICATION: &str = "verification alone";
/// axum with a layer that does nothing: what any layer costs.
pub(crate) const LAYER: &str = "axum, empty layer";
/// Our guard.
pub(crate) const GUARD: &str = "countersign";
/// Our guard with a cache of verified tokens.
pub(crate) const CACHED: &str = "countersign, token cache";
/// Our guard with the keys of an issuer elsewhere.
pub(crate) const REMOTE: &str = "countersign, remote keys";
/// Our guard with a check of the application's.
pub(crate) const VALIDATE: &str = "countersign, validate";
/// Our guard with two strategies, of which the second recognises the request.
pub(crate) const CHOICE: &str = "countersign, any_of";
/// Our guard with a policy behind it.
pub(crate) const REQUIRE: &str = "countersign, require";
/// Our routes that say who may ask for them.
pub(crate) const ROUTES: &str = "countersign, routes";
/// An extractor as one writes it oneself.
pub(crate) const HANDWRITTEN: &str = "handwritten, jsonwebtoken 11";
/// axum-jwt-auth, which is on jsonwebtoken 10.
pub(crate) const AXUM_JWT_AUTH: &str = "axum-jwt-auth";
/// jwt-authorizer, which is on axum 0.7 and jsonwebtoken 9.
pub(crate) const JWT_AUTHORIZER: &str = "jwt-authorizer";

/// A router of the axum that its guard is made for.
pub(crate) enum App {
    /// The current one.
    Axum(Router),
    /// The one before.
    Axum07(axum_07::Router),
}

/// What every handler answers.
const ANSWER: &str = "Hello";

/// The answer, by a handler that has looked at whose token it is.
fn answer(subject: &str) -> &'static str {
    black_box(subject);
    ANSWER
}

fn bare() -> Router {
    Router::new().route("/", get(async || ANSWER))
}

fn verification(task: &Task) -> Result<Router, Failure> {
    let verification = Arc::new(Verification::of(task)?);
    let handler =
        async move || if verification.is_good() { Ok(ANSWER) } else { Err(StatusCode::UNAUTHORIZED) };
    Ok(Router::new().route("/", get(handler)))
}

/// Whether this app refuses bad tokens.
pub(crate) fn is_guarded(name: &str) -> bool {
    ![BARE, BARE_07, LAYER, VERIFICATION].contains(&name)
}

/// The app of this name for the keys of this task.
pub(crate) async fn app(name: &str, task: &Task) -> Result<App, Failure> {
    let router = match name {
        BARE => bare(),
        LAYER => bare().route_layer(Identity::new()),
        VERIFICATION => verification(task)?,
        GUARD => ours::guard(task)?,
        CACHED => ours::cached(task)?,
        REMOTE => ours::remote(task).await?,
        VALIDATE => ours::validate(task)?,
        CHOICE => ours::choice(task)?,
        REQUIRE => ours::require(task)?,
        ROUTES => ours::routes(task)?,
        HANDWRITTEN => peers::handwritten(task)?,
        AXUM_JWT_AUTH => peers::axum_jwt_auth(task)?,
        BARE_07 => return Ok(App::Axum07(peers::bare_07())),
        JWT_AUTHORIZER => return Ok(App::Axum07(peers::jwt_authorizer(task).await?)),
        _ => return Err(format!("there is no server `{name}`").into()),
    };
    Ok(App::Axum(router))
}
