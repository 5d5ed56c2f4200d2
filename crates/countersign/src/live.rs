//! Streams that end with the token that opened them.
//!
//! A guard looks at a request once. What the request opens (a WebSocket, server-sent events, a stream of gRPC) goes on for
//! hours, and without more it outlives the token, the logout and the account. A [`LiveGuard`] behind the guard ends it:
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use countersign::live::{End, Lease, LiveGuard};
//! use countersign::{Guard, Strategy};
//!
//! /// Goes on for as long as it may.
//! async fn watch(mut lease: Lease) -> String {
//!     match lease.run(std::future::pending::<()>()).await {
//!         Ok(()) => "done".to_owned(),
//!         Err(End::Expired) => "the token has expired".to_owned(),
//!         Err(end) => end.code().to_owned(),
//!     }
//! }
//!
//! fn app(strategy: impl Strategy) -> Router {
//!     Router::new()
//!         .route("/watch", get(watch))
//!         .layer(LiveGuard::new())
//!         .layer(Guard::required(strategy)) // the last layer is asked first
//! }
//! ```
//!
//! | what is open | how it ends |
//! |---|---|
//! | server-sent events | a last event `end` whose data is the [code](End::code), and the end of the stream |
//! | a stream of gRPC | the status `UNAUTHENTICATED` with the code in its message |
//! | another body whose length was not told | the connection or stream is cut, so that nobody takes it for whole |
//! | a WebSocket | what its [`Lease`] says; a handler that upgrades without taking one is answered 500 |
//!
//! Everything is ended within half a second: one task looks at the clock at least that often, so it also notices that the
//! clock was set and that the machine has slept. What was written before and lies unread in a client's connection is sent.

#[cfg(feature = "axum")]
mod axum;
mod body;
mod layer;
mod lease;
mod open;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "ws")]
pub use self::axum::close_websocket;
pub use body::LiveBody;
pub use layer::Live;
pub use lease::{End, Lease, NoLease};

use open::Open;

use crate::jwt::{Clock, SystemClock};
use crate::revocation::Revocations;
use crate::strategy::{Admission, Recognised};

/// Ends what is open when the credentials that opened it expire or are revoked. See [the module](self).
///
/// A layer, to be put directly behind a [`Guard`](crate::Guard). Clones share what is open; a method that changes something
/// makes another guard, with nothing open. It needs a tokio runtime.
#[derive(Clone)]
pub struct LiveGuard {
    open: Arc<Open>,
}

/// What a [`LiveGuard`] goes by.
#[derive(Clone)]
struct Rules {
    clock: Arc<dyn Clock>,
    leeway: Duration,
    revoked: Vec<Arc<Revoked>>,
    /// Views whose news wake the task.
    views: Vec<Revocations>,
}

type Revoked = dyn Fn(&dyn Admission) -> bool + Send + Sync;

impl LiveGuard {
    /// Ends each stream at the `exp` of its token, by the clock of the system.
    #[must_use]
    pub fn new() -> Self {
        Self::by(Rules {
            clock: Arc::new(SystemClock),
            leeway: Duration::ZERO,
            revoked: Vec::new(),
            views: Vec::new(),
        })
    }

    fn by(rules: Rules) -> Self {
        Self { open: Arc::new(Open::new(rules)) }
    }

    /// Goes by this clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self::by(Rules { clock: Arc::new(clock), ..self.open.rules().clone() })
    }

    /// Leaves a stream open for this long after `exp`; not at all if not said otherwise.
    ///
    /// A verifier's leeway lets a token pass a minute after its `exp`, should clocks differ. Without a leeway here a stream
    /// that such a token opens ends at once.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self::by(Rules { leeway, ..self.open.rules().clone() })
    }

    /// Also ends what `check` finds revoked, among those whose identity is an `I`.
    ///
    /// It is asked about every open stream every half second, and about all of them at once by [`recheck`](Self::recheck); it
    /// must be quick, a look into memory, and not ask this guard for anything. Said twice, either check ends a stream.
    ///
    /// ```
    /// use std::collections::HashSet;
    /// use std::sync::{Arc, RwLock};
    ///
    /// use countersign::live::LiveGuard;
    ///
    /// struct User {
    ///     id: u64,
    /// }
    ///
    /// let gone: Arc<RwLock<HashSet<u64>>> = Arc::default();
    /// let asked = Arc::clone(&gone);
    /// let live = LiveGuard::new().revoked(move |user: &User| {
    ///     asked.read().is_ok_and(|gone| gone.contains(&user.id))
    /// });
    ///
    /// gone.write().unwrap().insert(7);
    /// live.recheck();
    /// ```
    #[must_use]
    pub fn revoked<I>(self, check: impl Fn(&I) -> bool + Send + Sync + 'static) -> Self
    where
        I: Send + Sync + 'static,
    {
        let check = move |who: &dyn Admission| {
            let who: &dyn Any = who;
            who.downcast_ref::<Recognised<I>>().is_some_and(|who| check(who.identity()))
        };
        let mut rules = self.open.rules().clone();
        rules.revoked.push(Arc::new(check));
        Self::by(rules)
    }

    /// Also ends what is revoked in this view, at once: of the guards whose strategies ask about revocation
    /// ([`JwtStrategy::revocation`](crate::JwtStrategy::revocation)). A view that is too old ends nothing: whether to go on
    /// without news is asked about requests.
    #[must_use]
    pub fn revocations(self, view: &Revocations) -> Self {
        let mut rules = self.open.rules().clone();
        let asked = view.clone();
        rules.revoked.push(Arc::new(move |who| asked.find(who.details().token_names()).is_some()));
        rules.views.push(view.clone());
        Self::by(rules)
    }

    /// Ends now whatever has to end: call it when something was revoked.
    pub fn recheck(&self) {
        self.open.sweep();
    }

    /// How many streams are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }
}

impl Default for LiveGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LiveGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveGuard").field("open", &self.open()).finish_non_exhaustive()
    }
}
