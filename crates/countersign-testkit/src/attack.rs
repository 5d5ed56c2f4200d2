//! Sending a battery at a service.

use std::fmt;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use tower::{Service, ServiceExt};

use crate::hostile::Battery;
use crate::report::Report;

impl Battery {
    /// Sends every row at a guarded route, one after the other, and reports what was answered.
    ///
    /// The service may be any tower service: an axum `Router`, a guarded hyper service, a client that talks to a
    /// service elsewhere. One that takes another body than [`Empty`] is mapped to it, with tower's `map_request`.
    ///
    /// The route has to answer the genuine token with success. That is tried first: where the genuine token is
    /// refused, refusing the others proves nothing. Rows that no HTTP header can carry are left out.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use countersign_testkit::TestIssuer;
    /// use http::{Method, Request, StatusCode, Uri, header::AUTHORIZATION};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let issuer = TestIssuer::new();
    /// // A guard that looks for a token and forgets to verify it.
    /// let app: Router = Router::new().route("/profile", get(async |request: Request<axum::body::Body>| {
    ///     match request.headers().contains_key(AUTHORIZATION) {
    ///         true => StatusCode::OK,
    ///         false => StatusCode::UNAUTHORIZED,
    ///     }
    /// }));
    ///
    /// let report = issuer.battery(&issuer.token("ada")).attack(app, Method::GET, Uri::from_static("/profile")).await;
    /// assert!(report.findings().iter().any(|finding| finding.name() == "expired a day ago"));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn attack<S, A>(&self, service: S, method: Method, uri: Uri) -> Report
    where
        S: Service<Request<Empty<Bytes>>, Response = Response<A>>,
        S::Error: fmt::Display,
        A: Body,
        A::Error: fmt::Display,
    {
        let mut target = Target { service, method, uri };
        let good = HeaderValue::try_from(format!("Bearer {}", self.genuine()));
        let mut report = Report::new(target.send(good.into_iter().collect()).await);
        for hostile in self {
            let values = hostile.authorization();
            let values: Result<Vec<_>, _> =
                values.iter().map(|value| HeaderValue::from_bytes(value)).collect();
            if let Ok(values) = values {
                report.add(hostile, target.send(values).await);
            }
        }
        report
    }
}

/// A guarded route of a service.
struct Target<S> {
    service: S,
    method: Method,
    uri: Uri,
}

impl<S> Target<S> {
    /// One exchange, the body of the response collected, or why there was none.
    async fn send<A>(&mut self, authorization: Vec<HeaderValue>) -> Result<Response<Bytes>, String>
    where
        S: Service<Request<Empty<Bytes>>, Response = Response<A>>,
        S::Error: fmt::Display,
        A: Body,
        A::Error: fmt::Display,
    {
        let mut request = Request::new(Empty::new());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        for value in authorization {
            request.headers_mut().append(AUTHORIZATION, value);
        }
        let service = self.service.ready().await.map_err(|error| error.to_string())?;
        let (head, body) = service.call(request).await.map_err(|error| error.to_string())?.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}
