//! Sending a battery at a service.

use std::fmt;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
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
    /// The route may answer with a stream that never ends: of a success only the head is looked at. A gRPC service is judged
    /// by its `grpc-status`, which stands in the head of a refusal: `UNAUTHENTICATED` counts as 401, `PERMISSION_DENIED` as
    /// 403, `UNAVAILABLE` as 503, `INVALID_ARGUMENT` as 400 and any other but `OK` as 500.
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
    /// One exchange, the body of a refusal collected, or why there was none.
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
        let (mut head, body) = service.call(request).await.map_err(|error| error.to_string())?.into_parts();
        head.status = grpc_refusal(&head.headers).unwrap_or(head.status);
        if head.status.is_success() {
            return Ok(Response::from_parts(head, Bytes::new()));
        }
        let body = body.collect().await.map_err(|error| error.to_string())?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

/// The HTTP status in whose place this status of gRPC stands, if there is one and it is not `OK`.
fn grpc_refusal(headers: &HeaderMap) -> Option<StatusCode> {
    match headers.get("grpc-status")?.as_bytes() {
        b"0" => None,
        b"3" => Some(StatusCode::BAD_REQUEST),
        b"7" => Some(StatusCode::FORBIDDEN),
        b"14" => Some(StatusCode::SERVICE_UNAVAILABLE),
        b"16" => Some(StatusCode::UNAUTHORIZED),
        _ => Some(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
