//! Routers that somebody else has built.

use std::fmt;

use axum::Router;
use axum::body::Body;
use axum::routing::{self, Route};
use tower_layer::{Layer, layer_fn};

use super::declare::{Enclose, Undeclared};
use super::explain::admitted;
use crate::guard::{Admit, Guarded, sealed};

/// A router of axum that somebody else has built, to be declared as a whole and added with
/// [`nest_foreign`](super::Routes::nest_foreign) or [`merge_foreign`](super::Routes::merge_foreign).
///
/// What it says is said of all its routes, and of its fallback if it has one.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use countersign::routes::{Routes, foreign};
/// use countersign::{Guard, Strategy};
///
/// fn routes<T: Strategy>(guard: Guard<T>) -> Routes<T> {
///     let metrics = Router::new().route("/requests", get(async || "7"));
///     Routes::new(guard).nest_foreign("/metrics", foreign(metrics).authenticated())
/// }
/// ```
pub fn foreign<I, S>(router: Router<S>) -> Undeclared<I, Foreign<S>>
where
    I: Send + Sync + 'static,
    S: Clone + Send + Sync + 'static,
{
    let dry = router.clone().layer(layer_fn(|_: Route| routing::any(admitted)));
    Undeclared::new(Foreign { router, dry })
}

/// A router of axum that somebody else has built.
pub struct Foreign<S> {
    pub(super) router: Router<S>,
    /// The same guards at the same paths around no handlers.
    pub(super) dry: Router<S>,
}

impl<S> sealed::Sealed for Foreign<S> {}

impl<S: Clone + Send + Sync + 'static> Enclose for Foreign<S> {
    fn enclose<G>(self, guard: G) -> Self
    where
        G: Layer<Route, Service = Guarded<Route, G>> + Admit<Body> + Sync,
    {
        Self { router: self.router.layer(guard.clone()), dry: self.dry.layer(guard) }
    }
}

impl<S> fmt::Debug for Foreign<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foreign")
    }
}
