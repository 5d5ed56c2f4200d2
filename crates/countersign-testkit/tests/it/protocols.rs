//! Services that do not answer as a plain HTTP service does.

use std::convert::Infallible;

use bytes::Bytes;
use countersign_testkit::{Problem, Report, TestIssuer};
use http::header::AUTHORIZATION;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use tower::service_fn;

/// A body that never ends.
fn endless() -> BoxBody<Bytes, Infallible> {
    StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>()).boxed()
}

/// A gRPC service that answers bad tokens with this status and lets everybody pass who presents nothing bad.
async fn attack_grpc(issuer: &TestIssuer, status: &'static str) -> Report {
    let genuine = issuer.token("ada");
    let good = format!("Bearer {genuine}");
    let service = service_fn(|request: Request<Empty<Bytes>>| {
        let authorization: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().collect();
        let good = matches!(authorization[..], [value] if value.as_bytes() == good.as_bytes());
        let response = Response::builder().header("content-type", "application/grpc");
        let response = match good {
            true => response.body(endless()),
            false => {
                let response = response.header("grpc-status", status).header("www-authenticate", "Bearer");
                response.header("grpc-message", "token_bad: no").body(Empty::new().boxed())
            }
        };
        async { Ok::<_, Infallible>(response.unwrap()) }
    });
    issuer.battery(&genuine).attack(service, Method::POST, Uri::from_static("/")).await
}

#[tokio::test]
async fn a_grpc_service_refuses_by_its_status_and_a_stream_is_not_read_to_its_end() {
    let report = attack_grpc(&TestIssuer::new(), "16").await;
    report.assert_all_refused();
    assert_eq!(report.answers()[0].code().as_deref(), Some("token_bad"));
}

#[tokio::test]
async fn a_grpc_service_that_refuses_nobody_or_fails_is_found() {
    let issuer = TestIssuer::new();
    let cases = [
        ("0", Problem::LetThrough(StatusCode::OK)),
        ("7", Problem::LetThrough(StatusCode::FORBIDDEN)),
        ("13", Problem::ServerError(StatusCode::INTERNAL_SERVER_ERROR)),
        ("14", Problem::ServerError(StatusCode::SERVICE_UNAVAILABLE)),
    ];
    for (status, problem) in cases {
        let report = attack_grpc(&issuer, status).await;
        assert_eq!(report.findings().len(), report.answers().len(), "{status}");
        assert_eq!(*report.findings()[0].problem(), problem, "{status}");
    }
}
