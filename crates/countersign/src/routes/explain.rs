//! What would become of a request.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode};
use tower_service::Service;

use super::Routes;
use super::map::{Place, Route};
use crate::decision::{Decision, Explaining, Step};
use crate::passage::Passage;
use crate::strategy::Strategy;

impl<T: Strategy> Routes<T> {
    /// What would become of this request, and why: its route, each step of the guards around it, and their decision.
    ///
    /// The guards are the real ones and ask whatever they ask (keys, stores). No handler runs, and no layer. Which methods a
    /// foreign router has at a path, and what it answers, is its own affair: what reaches it is admitted here.
    ///
    /// ```
    /// use countersign::routes::{Routes, get};
    /// use countersign::{Guard, Strategy};
    /// use http::Request;
    ///
    /// async fn why(guard: Guard<impl Strategy>, token: &str) -> Result<String, http::Error> {
    ///     let routes = Routes::new(guard).route("/profile", get(async || "ada").authenticated());
    ///     let request = Request::get("/profile").header("authorization", format!("Bearer {token}")).body(())?;
    ///     Ok(routes.explain(request).await.to_string())
    /// }
    /// ```
    pub async fn explain<B: Into<Body> + Send>(&self, request: Request<B>) -> Explanation {
        let mut request = request.map(Into::into);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        request.extensions_mut().insert(Explaining::default());
        let Ok(answer) = self.dry.clone().call(request).await;
        let mark = answer.extensions().get::<Mark>();
        let route = match answer.status() {
            StatusCode::METHOD_NOT_ALLOWED => None,
            _ => mark.and_then(|mark| self.find(mark, &method)),
        };
        let decision = answer.extensions().get::<Decision>().cloned();
        Explanation { method, path, route: route.cloned(), status: answer.status(), decision }
    }

    /// The route of this method among those that were added together.
    fn find(&self, mark: &Mark, method: &Method) -> Option<&Route> {
        let routes = || self.map.iter().filter(|listed| listed.mark.is(mark)).map(|listed| &listed.route);
        let of = |method: Option<&Method>| routes().find(|route| route.method.as_ref() == method);
        let head = (method == Method::HEAD).then_some(&Method::GET);
        of(Some(method)).or_else(|| head.and_then(|get| of(Some(get)))).or_else(|| of(None))
    }
}

/// A route, and by what its answers are known.
#[derive(Debug)]
pub(super) struct Listed {
    mark: Mark,
    pub(super) route: Route,
}

impl Listed {
    pub(super) fn new(mark: &Mark, route: Route) -> Self {
        Self { mark: mark.clone(), route }
    }

    /// The same in a router that is nested under this prefix.
    pub(super) fn under(self, prefix: &str) -> Self {
        Self { route: self.route.under(prefix), ..self }
    }
}

/// What is put into the answers of all that was added together, so that the router itself says what a request is for: how it
/// chooses is not to be told twice.
#[derive(Debug, Clone)]
pub(super) struct Mark(Arc<()>);

impl Mark {
    pub(super) fn new() -> Self {
        Self(Arc::new(()))
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Puts a mark into an answer.
pub(super) async fn stamp(State(mark): State<Mark>, mut answer: Response) -> Response {
    answer.extensions_mut().insert(mark);
    answer
}

/// Stands for every handler: says how the request came there.
pub(super) async fn admitted(head: Parts) -> Response {
    let steps = head.extensions.get::<Explaining>().map(|explaining| explaining.steps.clone());
    let strategy = head.extensions.get::<Passage>().and_then(Passage::strategy);
    let mut answer = Response::default();
    answer.extensions_mut().insert(Decision::admitted(strategy, steps.unwrap_or_default()));
    answer
}

/// What would become of a request: see [`Routes::explain`].
#[derive(Debug, Clone)]
pub struct Explanation {
    method: Method,
    path: String,
    route: Option<Route>,
    status: StatusCode,
    decision: Option<Decision>,
}

impl Explanation {
    /// The route that would be asked for; none where there is none (404), or none of this method (405).
    #[must_use]
    pub fn route(&self) -> Option<&Route> {
        self.route.as_ref()
    }

    /// The status of the refusal; 200 for what would reach its handler.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether it would reach a handler.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.decision.as_ref().is_some_and(Decision::is_admitted)
    }

    /// What was decided; nothing where there is no route.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }

    /// How it came, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        self.decision.as_ref().map_or(&[], Decision::steps)
    }
}

impl fmt::Display for Explanation {
    /// The route, a line for each step, and the outcome.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route {
            Some(route) if matches!(route.place, Place::Unmatched(_) | Place::OtherMethod(_)) => writeln!(
                f,
                "there is no route for {} {}; what answers instead, {}, is {}",
                self.method,
                self.path,
                route.path(),
                route.access()
            )?,
            Some(route) => writeln!(f, "{} {} is {}", route.method(), route.path(), route.access())?,
            None => {
                writeln!(f, "there is no route for {} {}: {}", self.method, self.path, self.status.as_u16())?;
            }
        }
        self.decision.iter().try_for_each(|decision| decision.fmt(f))
    }
}
