//! What would become of a request.

use std::fmt;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode};
use tower_service::Service;

use super::Routes;
use super::map::{Place, Route};
use crate::decision::{Decision, Explaining, Step};
use crate::passage::Passage;
use crate::strategy::Strategy;

impl<T, S> Routes<T, S>
where
    T: Strategy,
    S: Clone + Send + Sync + 'static,
{
    /// What would become of this request, and why: its route, each step of the guards around it, and their decision.
    ///
    /// The guards are the real ones and ask whatever they ask (keys, stores). No handler runs, and no layer.
    ///
    /// ```
    /// use countersign::routes::{Routes, get};
    /// use countersign::{Guard, Strategy};
    /// use http::Request;
    ///
    /// async fn why(guard: Guard<impl Strategy>, token: &str) -> Result<String, http::Error> {
    ///     let routes = Routes::<_, ()>::new(guard).route("/profile", get(async || "ada").authenticated());
    ///     let request = Request::get("/profile").header("authorization", format!("Bearer {token}")).body(())?;
    ///     Ok(routes.explain(request).await.to_string())
    /// }
    /// ```
    pub async fn explain<B: Into<Body> + Send>(&self, request: Request<B>) -> Explanation {
        let mut request = request.map(Into::into);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        request.extensions_mut().insert(Explaining::default());
        let Ok(answer) = self.dry.clone().call(request).await;
        let matched = answer.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let route = match (matched, answer.status()) {
            (Some(_), StatusCode::METHOD_NOT_ALLOWED) => None,
            (Some(matched), _) => self.find(|route| route.is_at(matched), &method),
            (None, _) => self.find(|route| route.is_fallback_of(&path), &method),
        };
        let decision = answer.extensions().get::<Decision>().cloned();
        Explanation { method, path, route: route.cloned(), status: answer.status(), decision }
    }

    /// The route of this method; of two, the one of the longer path.
    fn find(&self, is_one: impl Fn(&Route) -> bool, method: &Method) -> Option<&Route> {
        let of = |method: Option<&Method>| {
            let routes = self.map.iter().filter(|route| is_one(route) && route.method.as_ref() == method);
            routes.max_by_key(|route| route.path().len())
        };
        let head = (method == Method::HEAD).then_some(&Method::GET);
        of(Some(method)).or_else(|| head.and_then(|get| of(Some(get)))).or_else(|| of(None))
    }
}

impl Route {
    fn is_at(&self, matched: &str) -> bool {
        match &self.place {
            Place::At(path) => path == matched,
            Place::Under(prefix) => under(prefix).iter().any(|path| path == matched),
            Place::Unmatched(_) | Place::OtherMethod(_) => false,
        }
    }

    fn is_fallback_of(&self, path: &str) -> bool {
        matches!(&self.place, Place::Unmatched(prefix) if path.starts_with(prefix.as_str()))
    }
}

/// The paths under a prefix, as axum takes them.
pub(super) fn under(prefix: &str) -> [String; 3] {
    let prefix = prefix.trim_end_matches('/');
    [prefix.to_owned(), format!("{prefix}/"), format!("{prefix}/{{*rest}}")]
}

/// Stands for every handler: says how the request came there.
pub(super) async fn admitted(head: Parts) -> Response {
    let steps = head.extensions.get::<Explaining>().map(|explaining| explaining.steps.clone());
    let strategy = head.extensions.get::<Passage>().and_then(Passage::strategy);
    let mut answer = Response::default();
    answer.extensions_mut().insert(Decision::admitted(strategy, steps.unwrap_or_default()));
    answer
}

/// Puts the path of the route into the answer.
pub(super) async fn stamp(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let mut answer = next.run(request).await;
    if let Some(matched) = matched {
        answer.extensions_mut().insert(matched);
    }
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
            Some(route) if matches!(route.place, Place::Unmatched(_)) => writeln!(
                f,
                "no route is for {} {}, and what answers instead, {}, is {}",
                self.method,
                self.path,
                route.path(),
                route.access()
            )?,
            Some(route) => writeln!(f, "{} {} is {}", route.method(), route.path(), route.access())?,
            None => writeln!(f, "no route is for {} {}: {}", self.method, self.path, self.status.as_u16())?,
        }
        self.decision.iter().try_for_each(|decision| decision.fmt(f))
    }
}
