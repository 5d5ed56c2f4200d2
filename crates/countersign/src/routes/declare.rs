//! Handlers that have not yet said who may ask for them, and those that have.

use std::convert::Infallible;
use std::fmt;

use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::IntoResponse;
use axum::routing::{self, MethodRouter, Route};
use http::Method;
use tower_layer::Layer;
use tower_service::Service;

use super::explain::admitted;
use super::map::Access;
use crate::authorize::Require;
use crate::guard::{Admit, BodyGuard, Guard, Guarded, Presence, sealed};
use crate::strategy::{BodyStrategy, Outline, Strategy};

/// Handlers or a router that have not yet said who may ask for them: no route until one of [`public`](Self::public),
/// [`optional`](Self::optional), [`authenticated`](Self::authenticated) and [`require`](Self::require) is called.
///
/// That is said of all methods since the last one that was said of:
/// `get(list).post(create).authenticated().delete(burn).require(..)`.
#[must_use = "say who may ask for it: `.public()`, `.optional()`, `.authenticated()` or `.require(..)`"]
pub struct Undeclared<I, X> {
    declared: Vec<Entry<I, X>>,
    pending: Vec<X>,
}

/// Handlers or a router that have said who may ask for them.
#[must_use = "add it to `Routes`"]
pub struct Declared<I, X> {
    pub(super) entries: Vec<Entry<I, X>>,
}

pub(super) struct Entry<I, X> {
    pub(super) target: X,
    rule: Rule<I>,
}

enum Rule<I> {
    Public,
    Optional,
    Authenticated,
    Required(Require<I>),
    /// By a guard of its own, which stands around it already.
    Enclosed(Access),
}

impl<I, X> Undeclared<I, X>
where
    I: Send + Sync + 'static,
    X: Enclose,
{
    pub(super) fn new(target: X) -> Self {
        Self { declared: Vec::new(), pending: vec![target] }
    }

    /// Anybody may ask for it, and nobody looks at their credentials.
    pub fn public(self) -> Declared<I, X> {
        self.declare(|target| Entry { target, rule: Rule::Public })
    }

    /// Anybody may ask for it; who presents credentials is recognised, and refused if they are not good. The handler asks
    /// for [`MaybeAuthenticated`](crate::MaybeAuthenticated).
    pub fn optional(self) -> Declared<I, X> {
        self.declare(|target| Entry { target, rule: Rule::Optional })
    }

    /// Whomever the guard of the [`Routes`](super::Routes) recognises may ask for it.
    pub fn authenticated(self) -> Declared<I, X> {
        self.declare(|target| Entry { target, rule: Rule::Authenticated })
    }

    /// Whomever the guard of the [`Routes`](super::Routes) recognises may ask for it, if this is met, too.
    pub fn require(self, require: Require<I>) -> Declared<I, X> {
        self.declare(move |target| Entry { target, rule: Rule::Required(require.clone()) })
    }

    /// As [`optional`](Self::optional), by another guard.
    pub fn optional_by<T: Strategy>(self, guard: Guard<T>) -> Declared<I, X> {
        let guard = guard.with_presence(Presence::Optional);
        let access = Access::Optional(guard.outline().clone());
        self.declare(|target| Entry::enclosed(target.enclose(guard.clone()), access.clone()))
    }

    /// As [`authenticated`](Self::authenticated), by another guard: that of a webhook, or the
    /// [`BodyGuard`] of a login.
    pub fn authenticated_by(self, guard: impl RouteGuard) -> Declared<I, X> {
        let guard = guard.required();
        let access = Access::Authenticated(guard.outline());
        self.declare(|target| Entry::enclosed(target.enclose(guard.clone()), access.clone()))
    }

    /// As [`require`](Self::require), by another guard.
    pub fn require_by<G: RouteGuard>(self, guard: G, require: Require<G::Identity>) -> Declared<I, X> {
        let guard = guard.required();
        let access = Access::required(guard.outline(), &require);
        self.declare(move |target| {
            Entry::enclosed(target.enclose(require.clone()).enclose(guard.clone()), access.clone())
        })
    }

    fn declare(mut self, declare: impl Fn(X) -> Entry<I, X>) -> Declared<I, X> {
        self.declared.extend(self.pending.into_iter().map(declare));
        Declared { entries: self.declared }
    }
}

impl<I, S> Undeclared<I, Handlers<S>>
where
    S: Clone + Send + Sync + 'static,
{
    /// Puts a layer around the handlers since the last declaration, behind the guard: a limit of the body, a timeout.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Response: IntoResponse + 'static, Error = Infallible, Future: Send + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let around = |Handlers { method, router, dry }| {
            let router = around(method.as_ref(), router, layer.clone());
            Handlers { method, router, dry }
        };
        self.pending = self.pending.into_iter().map(around).collect();
        self
    }
}

impl<I: Send + Sync + 'static, X: Enclose> Entry<I, X> {
    fn enclosed(target: X, access: Access) -> Self {
        Self { target, rule: Rule::Enclosed(access) }
    }

    /// Puts the guard around it that it asks for.
    pub(super) fn enclose<T: Strategy<Identity = I>>(self, guard: &Guard<T>) -> (X, Access) {
        let Self { target, rule } = self;
        let outline = || guard.outline().clone();
        let required = || guard.clone().with_presence(Presence::Required);
        match rule {
            Rule::Public => (target, Access::Public),
            Rule::Optional => {
                let guard = guard.clone().with_presence(Presence::Optional);
                (target.enclose(guard), Access::Optional(outline()))
            }
            Rule::Authenticated => (target.enclose(required()), Access::Authenticated(outline())),
            Rule::Required(require) => {
                let access = Access::required(outline(), &require);
                (target.enclose(require).enclose(required()), access)
            }
            Rule::Enclosed(access) => (target, access),
        }
    }
}

/// A guard that can stand before single routes: [`Guard`] and [`BodyGuard`].
pub trait RouteGuard: Layer<Route, Service = Guarded<Route, Self>> + Admit<Body> + Sync {
    /// Whom it recognises.
    type Identity: Send + Sync + 'static;

    /// The same guard, letting nobody pass without an identity.
    #[doc(hidden)]
    #[must_use]
    fn required(self) -> Self;

    /// What it asks.
    #[doc(hidden)]
    fn outline(&self) -> Outline;
}

impl<T: Strategy> RouteGuard for Guard<T> {
    type Identity = T::Identity;

    fn required(self) -> Self {
        self.with_presence(Presence::Required)
    }

    fn outline(&self) -> Outline {
        Guard::outline(self).clone()
    }
}

impl<T: BodyStrategy> RouteGuard for BodyGuard<T> {
    type Identity = T::Identity;

    fn required(self) -> Self {
        self
    }

    fn outline(&self) -> Outline {
        BodyGuard::outline(self).clone()
    }
}

/// What a guard can be put around.
pub trait Enclose: sealed::Sealed + Sized {
    /// With this guard around it.
    #[doc(hidden)]
    #[must_use]
    fn enclose<G>(self, guard: G) -> Self
    where
        G: Layer<Route, Service = Guarded<Route, G>> + Admit<Body> + Sync;
}

/// The handlers of one method, or of all.
pub struct Handlers<S> {
    /// `None` for all.
    method: Option<Method>,
    pub(super) router: MethodRouter<S>,
    /// The same guards around no handlers.
    pub(super) dry: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Handlers<S> {
    pub(super) fn method(&self) -> Option<Method> {
        self.method.clone()
    }
}

/// Puts a layer around the handlers of one method, or of all.
///
/// A handler of all methods is the fallback of axum's `MethodRouter`, which only `layer` goes around; one of a single method
/// must leave its 405 alone, which is the same for all routes of a path.
fn around<S, L>(method: Option<&Method>, router: MethodRouter<S>, layer: L) -> MethodRouter<S>
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request, Response: IntoResponse + 'static, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
    S: Clone + Send + Sync + 'static,
{
    match method {
        Some(_) => router.route_layer(layer),
        None => router.layer(layer),
    }
}

impl<S> sealed::Sealed for Handlers<S> {}

impl<S: Clone + Send + Sync + 'static> Enclose for Handlers<S> {
    fn enclose<G>(self, guard: G) -> Self
    where
        G: Layer<Route, Service = Guarded<Route, G>> + Admit<Body> + Sync,
    {
        let Self { method, router, dry } = self;
        let router = around(method.as_ref(), router, guard.clone());
        let dry = around(method.as_ref(), dry, guard);
        Self { method, router, dry }
    }
}

/// Handlers of axum, of whichever methods: a `get_service(..)`, or what somebody else has built. The table of routes shows
/// them as all methods.
pub fn foreign_methods<I, S>(handlers: MethodRouter<S>) -> Undeclared<I, Handlers<S>>
where
    I: Send + Sync + 'static,
    S: Clone + Send + Sync + 'static,
{
    Undeclared::new(Handlers { method: None, router: handlers, dry: routing::any(admitted) })
}

/// A handler of all methods.
pub fn any<H, A, I, S>(handler: H) -> Undeclared<I, Handlers<S>>
where
    H: Handler<A, S>,
    A: 'static,
    I: Send + Sync + 'static,
    S: Clone + Send + Sync + 'static,
{
    foreign_methods(routing::any(handler))
}

/// A function for each method, and a method of `Undeclared` and `Declared` to go on with it.
macro_rules! methods {
    ($($name:ident $method:ident),+) => {
        $(
            #[doc = concat!("A handler of `", stringify!($method), "`, which has yet to say who may ask for it.")]
            pub fn $name<H, A, I, S>(handler: H) -> Undeclared<I, Handlers<S>>
            where
                H: Handler<A, S>,
                A: 'static,
                I: Send + Sync + 'static,
                S: Clone + Send + Sync + 'static,
            {
                Undeclared::new(Handlers::$name(handler))
            }
        )+

        impl<S> Handlers<S>
        where
            S: Clone + Send + Sync + 'static,
        {
            $(
                fn $name<H, A>(handler: H) -> Self
                where
                    H: Handler<A, S>,
                    A: 'static,
                {
                    let (router, dry) = (routing::$name(handler), routing::$name(admitted));
                    Self { method: Some(Method::$method), router, dry }
                }
            )+
        }

        impl<I, S> Undeclared<I, Handlers<S>>
        where
            S: Clone + Send + Sync + 'static,
        {
            $(
                #[doc = concat!("And a handler of `", stringify!($method), "`, of which the same will be said.")]
                pub fn $name<H, A>(mut self, handler: H) -> Self
                where
                    H: Handler<A, S>,
                    A: 'static,
                {
                    self.pending.push(Handlers::$name(handler));
                    self
                }
            )+
        }

        impl<I, S> Declared<I, Handlers<S>>
        where
            S: Clone + Send + Sync + 'static,
        {
            $(
                #[doc = concat!("And a handler of `", stringify!($method), "`, which has yet to say who may ask for it.")]
                pub fn $name<H, A>(self, handler: H) -> Undeclared<I, Handlers<S>>
                where
                    H: Handler<A, S>,
                    A: 'static,
                {
                    Undeclared { declared: self.entries, pending: Vec::new() }.$name(handler)
                }
            )+
        }
    };
}

methods!(
    connect CONNECT, delete DELETE, get GET, head HEAD, options OPTIONS, patch PATCH, post POST, put PUT, trace TRACE
);

impl<I, X> fmt::Debug for Undeclared<I, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Undeclared")
    }
}

impl<I, X> fmt::Debug for Declared<I, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Declared")
    }
}

impl<S> fmt::Debug for Handlers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").field("method", &self.method).finish_non_exhaustive()
    }
}
