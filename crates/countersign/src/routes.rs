//! Routes that say who may ask for them: axum's router, in which forgetting the guard does not compile.
//!
//! Every route declares `.public()`, `.optional()`, `.authenticated()` or `.require(..)`; one that does not is not a route that
//! [`Routes::route`] takes. What is not declared does not exist: it is answered 404. Beside the names of axum there is
//! little to learn:
//!
//! ```
//! use axum::Router;
//! use countersign::authorize::{HasScopes, Require};
//! use countersign::routes::{Routes, get};
//! use countersign::{Authenticated, Guard, Strategy};
//!
//! struct User {
//!     name: String,
//!     scopes: Vec<String>,
//! }
//!
//! impl HasScopes for User {
//!     fn has_scope(&self, scope: &str) -> bool {
//!         self.scopes.iter().any(|its| its == scope)
//!     }
//! }
//!
//! async fn profile(user: Authenticated<User>) -> String {
//!     user.name.clone()
//! }
//!
//! fn routes(strategy: impl Strategy<Identity = User>) -> Routes<impl Strategy<Identity = User>> {
//!     Routes::new(Guard::required(strategy))
//!         .route("/health", get(async || "well").public())
//!         .route("/profile", get(profile).authenticated())
//!         .route(
//!             "/orders/{id}",
//!             get(async || "an order")
//!                 .require(Require::scopes(["orders:read"]))
//!                 .delete(async || "gone")
//!                 .require(Require::scopes(["orders:write"])),
//!         )
//! }
//!
//! fn app(strategy: impl Strategy<Identity = User>) -> Router {
//!     routes(strategy).into_router()
//! }
//! # use countersign::{AuthError, Authentication};
//! # struct Nobody;
//! # impl Strategy for Nobody {
//! #     type Identity = User;
//! #     fn name(&self) -> &'static str { "jwt" }
//! #     async fn authenticate(&self, _: &http::request::Parts) -> Result<Authentication<User>, AuthError> {
//! #         Err(AuthError::NoCredentials)
//! #     }
//! # }
//! # let strategy = Nobody;
//! # let _ = app(Nobody);
//!
//! // In a test, so that nobody changes it unseen:
//! assert_eq!(
//!     routes(strategy).route_map().to_string(),
//!     "\
//! GET     /health       public
//! DELETE  /orders/{id}  authenticated by jwt, scope orders:write
//! GET     /orders/{id}  authenticated by jwt, scope orders:read
//! GET     /profile      authenticated by jwt
//! "
//! );
//! ```
//!
//! # From an axum `Router`
//!
//! 1. `Router::new()` becomes `Routes::new(guard)`, and `axum::routing::{get, ..}` becomes [`countersign::routes::{get,
//!    ..}`](get).
//! 2. The compiler names each route that has not said who may ask for it; append one of the four words.
//! 3. `.into_make_service()` at the end gives what `axum::serve` takes; `.into_router()` the axum `Router`, for tests and to be
//!    mounted elsewhere.
//!
//! A router that stays axum's, since somebody else wrote it, is declared as a whole, as [`foreign`].
//!
//! # What is decided when
//!
//! A guard stands around each route, outside its extractors and its [`layer`](Undeclared::layer)s: who is refused
//! learns nothing of what the path, the query or the body should have been, and no body is read.
//!
//! - `HEAD` is asked for where `GET` is, by the same rule, as in axum.
//! - A method for which there is no route is answered 405 with `Allow`, whoever asks: that there *is* something at this path
//!   a 401 would tell as well.
//! - A browser's preflight (`OPTIONS`) has no credentials: tower-http's `CorsLayer` answers it from
//!   [`Routes::layer`], in front of all guards.
//! - Why a request would be refused, [`Routes::explain`] replays, for a token and a route.
//! - Whatever is added to the axum `Router` after [`into_router`](Routes::into_router) is seen by nobody here: add it before. To
//!   what [`into_make_service`](Routes::into_make_service) gives nothing can be added.

mod declare;
mod explain;
mod foreign;
mod map;
mod openapi;
mod serve;

use std::convert::Infallible;
use std::fmt;

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_response_with_state;
use axum::response::IntoResponse;
use axum::routing::{self, MethodRouter};
use tower_layer::Layer;
use tower_service::Service;

pub use declare::{
    Declared, Handlers, RouteGuard, Undeclared, any, connect, delete, foreign_methods, get, head, options,
    patch, post, put, trace,
};
pub use explain::Explanation;
pub use foreign::{Foreign, foreign};
pub use map::{Access, Route, RouteMap};

use crate::guard::Guard;
use crate::strategy::Strategy;
use explain::{Listed, Mark, stamp};
use map::Place;

/// Routes, each of which has declared who may ask for it. See the [module](self).
///
/// `T` is the strategy of the guard that `.authenticated()`, `.optional()` and `.require(..)` mean; `S` is the state that
/// handlers still need, as in axum.
#[must_use]
pub struct Routes<T, S = ()> {
    guard: Guard<T>,
    router: Router<S>,
    /// The same guards at the same paths around no handlers, to be asked what would become of a request.
    dry: Router<S>,
    map: Vec<Listed>,
}

impl<T, S> Routes<T, S>
where
    T: Strategy,
    S: Clone + Send + Sync + 'static,
{
    /// No routes yet, and the guard of those to come.
    ///
    /// Whether it was made with [`Guard::required`] or [`Guard::optional`] does not matter: each route says that.
    pub fn new(guard: Guard<T>) -> Self {
        Self { guard, router: Router::new(), dry: Router::new(), map: Vec::new() }
    }

    /// Adds routes at this path, in the syntax of axum: `/orders/{id}`, `/files/{*path}`.
    ///
    /// ```compile_fail
    /// use countersign::routes::{Routes, get};
    /// use countersign::{Guard, Strategy};
    ///
    /// fn routes(guard: Guard<impl Strategy>) {
    ///     // It does not say who may ask for it, and does not compile.
    ///     let _ = Routes::<_, ()>::new(guard).route("/orders", get(async || "orders"));
    /// }
    /// ```
    ///
    /// # Panics
    /// As axum's: when the path is not one, or a route for it and one of these methods is there.
    #[track_caller]
    pub fn route(mut self, path: &str, handlers: Declared<T::Identity, Handlers<S>>) -> Self {
        let (handlers, dry) = self.enclose_all(handlers, &Place::At(path.to_owned()));
        self.router = self.router.route(path, handlers);
        self.dry = self.dry.route(path, dry);
        self
    }

    /// Adds all of these routes under this prefix, in which there may be parameters: `/tenants/{tenant}`. Their guard may be
    /// another. As in axum, the prefix is not in the path that guards and policies see in the head.
    ///
    /// A router of axum is not taken, since nobody knows what its routes are; see [`nest_foreign`](Self::nest_foreign).
    ///
    /// ```compile_fail
    /// use axum::Router;
    /// use axum::routing::get;
    /// use countersign::routes::Routes;
    /// use countersign::{Guard, Strategy};
    ///
    /// fn routes(guard: Guard<impl Strategy>) {
    ///     let admin = Router::new().route("/users", get(async || "users"));
    ///     let _ = Routes::<_, ()>::new(guard).nest("/admin", admin);
    /// }
    /// ```
    ///
    /// # Panics
    /// As axum's: when the prefix is empty or `/`, or some of these routes are there.
    #[track_caller]
    pub fn nest<U>(mut self, prefix: &str, routes: Routes<U, S>) -> Self {
        self.map.extend(routes.map.into_iter().map(|listed| listed.under(prefix)));
        self.router = self.router.nest(prefix, routes.router);
        self.dry = self.dry.nest(prefix, routes.dry);
        self
    }

    /// Adds all of these routes. Their guard may be another. A router of axum is not taken; see
    /// [`merge_foreign`](Self::merge_foreign).
    ///
    /// ```compile_fail
    /// use axum::Router;
    /// use axum::routing::get;
    /// use countersign::routes::Routes;
    /// use countersign::{Guard, Strategy};
    ///
    /// fn routes(guard: Guard<impl Strategy>) {
    ///     let metrics = Router::new().route("/metrics", get(async || "7"));
    ///     let _ = Routes::<_, ()>::new(guard).merge(metrics);
    /// }
    /// ```
    ///
    /// # Panics
    /// As axum's: when some of these routes are there, or both have a fallback.
    #[track_caller]
    pub fn merge<U>(mut self, routes: Routes<U, S>) -> Self {
        self.map.extend(routes.map);
        self.router = self.router.merge(routes.router);
        self.dry = self.dry.merge(routes.dry);
        self
    }

    /// Adds a router that is not ours under this prefix, declared as a whole: see [`foreign`]. It stands in the table as one
    /// line, `/metrics/..`.
    ///
    /// ```compile_fail
    /// use axum::Router;
    /// use axum::routing::get;
    /// use countersign::routes::{Routes, foreign};
    /// use countersign::{Guard, Strategy};
    ///
    /// fn routes(guard: Guard<impl Strategy>) {
    ///     let metrics = Router::new().route("/requests", get(async || "7"));
    ///     // It does not say who may ask for them, and does not compile.
    ///     let _ = Routes::<_, ()>::new(guard).nest_foreign("/metrics", foreign(metrics));
    /// }
    /// ```
    ///
    /// # Panics
    /// As [`nest`](Self::nest).
    #[track_caller]
    pub fn nest_foreign(mut self, prefix: &str, router: Declared<T::Identity, Foreign<S>>) -> Self {
        for foreign in self.enclose_foreign(router, prefix) {
            self.router = self.router.nest(prefix, foreign.router);
            self.dry = self.dry.nest(prefix, foreign.dry);
        }
        self
    }

    /// Adds a router that is not ours, declared as a whole: see [`foreign`]. It stands in the table as one line, `/..`; a path that
    /// it does not have is none of its affairs.
    ///
    /// # Panics
    /// As [`merge`](Self::merge).
    #[track_caller]
    pub fn merge_foreign(mut self, router: Declared<T::Identity, Foreign<S>>) -> Self {
        for foreign in self.enclose_foreign(router, "") {
            // Of two routers without a fallback the second gives its 404, and the guard around theirs is not to be asked about
            // paths that they do not have.
            self.router = foreign.router.merge(self.router);
            self.dry = foreign.dry.merge(self.dry);
        }
        self
    }

    /// Answers what no route is for. It is reached at every path there may be, so it says who may ask for it, too.
    ///
    /// ```
    /// use countersign::routes::{Routes, any};
    /// use countersign::{Guard, Strategy};
    /// use http::StatusCode;
    ///
    /// fn routes<T: Strategy>(guard: Guard<T>) -> Routes<T> {
    ///     Routes::new(guard).fallback(any(async || StatusCode::NOT_FOUND).public())
    /// }
    /// ```
    ///
    /// ```compile_fail
    /// use countersign::routes::{Routes, any};
    /// use countersign::{Guard, Strategy};
    ///
    /// fn routes<T: Strategy>(guard: Guard<T>) -> Routes<T> {
    ///     // It does not say who may ask for it, and does not compile.
    ///     Routes::new(guard).fallback(any(async || "all of it"))
    /// }
    /// ```
    pub fn fallback(mut self, handlers: Declared<T::Identity, Handlers<S>>) -> Self {
        let (handlers, dry) = self.enclose_all(handlers, &Place::Unmatched(String::new()));
        self.router = self.router.fallback(handlers);
        self.dry = self.dry.fallback(dry);
        self
    }

    /// Answers, in place of the bare 405, what no route is for although one of another method is: at the paths that are
    /// there by now.
    pub fn method_not_allowed_fallback(mut self, handlers: Declared<T::Identity, Handlers<S>>) -> Self {
        let (handlers, dry) = self.enclose_all(handlers, &Place::OtherMethod(String::new()));
        self.router = self.router.method_not_allowed_fallback(handlers);
        self.dry = self.dry.method_not_allowed_fallback(dry);
        self
    }

    /// Notes each of these handlers, and puts all of them, with their guards, into one.
    fn enclose_all(
        &mut self,
        handlers: Declared<T::Identity, Handlers<S>>,
        place: &Place,
    ) -> (MethodRouter<S>, MethodRouter<S>) {
        let mark = Mark::new();
        let (mut all, mut dry) = (MethodRouter::new(), MethodRouter::new());
        for entry in handlers.entries {
            let method = entry.target.method();
            let (handlers, access) = entry.enclose(&self.guard);
            self.map.push(Listed::new(&mark, Route { place: place.clone(), method, access }));
            all = all.merge(handlers.router);
            dry = dry.merge(handlers.dry);
        }
        (all, dry.layer(map_response_with_state(mark, stamp)))
    }

    /// Notes each of these routers, as somewhere under this prefix, and puts their guards around them.
    fn enclose_foreign(
        &mut self,
        routers: Declared<T::Identity, Foreign<S>>,
        prefix: &str,
    ) -> Vec<Foreign<S>> {
        let mut enclosed = Vec::new();
        for entry in routers.entries {
            let mark = Mark::new();
            let (foreign, access) = entry.enclose(&self.guard);
            let place = Place::Under(prefix.to_owned());
            self.map.push(Listed::new(&mark, Route { place, method: None, access }));
            let dry = foreign.dry.layer(map_response_with_state(mark, stamp));
            enclosed.push(Foreign { router: foreign.router, dry });
        }
        enclosed
    }

    /// Puts a layer around all that was added so far, guards and fallback included: CORS, tracing, compression.
    ///
    /// It sees requests that nobody has recognised. For one behind the guard, see [`Undeclared::layer`].
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<routing::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<
                Request,
                Response: IntoResponse + 'static,
                Error: Into<Infallible> + 'static,
                Future: Send + 'static,
            > + Clone
            + Send
            + Sync
            + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Gives the handlers their state. What is added afterwards may need another.
    pub fn with_state<S2>(self, state: S) -> Routes<T, S2> {
        let dry = self.dry.with_state(state.clone());
        Routes { guard: self.guard, router: self.router.with_state(state), dry, map: self.map }
    }

    /// The table of all routes, sorted.
    #[must_use]
    pub fn route_map(&self) -> RouteMap {
        RouteMap::new(self.map.iter().map(|listed| listed.route.clone()).collect())
    }

    /// The router of axum, to be mounted in another or called in a test.
    ///
    /// What is added to it is seen by nobody here, and says to nobody who may ask for it. To serve the routes, take
    /// [`into_make_service`](Routes::into_make_service), to which nothing can be added.
    pub fn into_router(self) -> Router<S> {
        self.router
    }
}

impl<T: Strategy, S> fmt::Debug for Routes<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("guard", &self.guard).field("map", &self.map).finish_non_exhaustive()
    }
}
