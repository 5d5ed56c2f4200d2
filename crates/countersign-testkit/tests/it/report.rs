//! What is said about services that answer in other ways than they should.

use std::convert::Infallible;

use bytes::Bytes;
use countersign_testkit::{Problem, Report, TestIssuer};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{Empty, Full};
use tower::service_fn;

/// A service that knows the genuine token by heart and answers everything else in one way.
async fn attack(refusal: impl Fn(&Request<Empty<Bytes>>) -> Response<Full<Bytes>>) -> Report {
    let issuer = TestIssuer::new();
    let battery = issuer.battery(&issuer.token("ada"));
    let good = format!("Bearer {}", battery.genuine());
    let service = service_fn(async |request: Request<Empty<Bytes>>| {
        let values: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().collect();
        let response = match values[..] {
            [value] if *value == *good => Response::default(),
            _ => refusal(&request),
        };
        Ok::<_, Infallible>(response)
    });
    battery.attack(service, Method::POST, Uri::from_static("/orders")).await
}

fn refusal(status: StatusCode, challenge: Option<HeaderValue>, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *response.status_mut() = status;
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");

fn problems(report: &Report) -> Vec<&Problem> {
    let mut problems: Vec<&Problem> = report.findings().iter().map(|finding| finding.problem()).collect();
    problems.dedup();
    problems
}

#[tokio::test]
async fn a_service_that_refuses_properly_has_no_findings_and_an_answer_to_each_row() {
    let report = attack(|_| refusal(StatusCode::UNAUTHORIZED, Some(CHALLENGE), "")).await;
    report.assert_all_refused();
    assert!(report.answers().len() > 250, "{}", report.answers().len());
}

#[tokio::test]
async fn a_refusal_without_a_challenge_is_found() {
    let report = attack(|_| refusal(StatusCode::UNAUTHORIZED, None, "")).await;
    assert_eq!(problems(&report), [&Problem::NoChallenge]);
}

#[tokio::test]
async fn a_failure_of_the_service_is_found() {
    let report = attack(|_| refusal(StatusCode::INTERNAL_SERVER_ERROR, None, "")).await;
    assert_eq!(problems(&report), [&Problem::ServerError(StatusCode::INTERNAL_SERVER_ERROR)]);
}

#[tokio::test]
async fn a_route_that_is_not_there_is_found_instead_of_passing_for_guarded() {
    let report = attack(|_| refusal(StatusCode::NOT_FOUND, None, "")).await;
    assert_eq!(problems(&report), [&Problem::LetThrough(StatusCode::NOT_FOUND)]);
}

#[tokio::test]
async fn a_bad_request_is_a_refusal_of_bad_headers_and_not_of_bad_tokens() {
    let report = attack(|_| refusal(StatusCode::BAD_REQUEST, None, "")).await;
    assert_eq!(problems(&report), [&Problem::LetThrough(StatusCode::BAD_REQUEST)]);
    assert!(!report.findings().iter().any(|finding| finding.name() == "two headers, both good"));
    assert!(report.findings().iter().any(|finding| finding.name() == "no aud"));
}

#[tokio::test]
async fn a_refusal_that_repeats_the_token_is_found_in_the_body_and_in_the_headers() {
    let presented = |request: &Request<Empty<Bytes>>| match request.headers().get(AUTHORIZATION) {
        Some(value) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        None => String::new(),
    };
    let in_body =
        attack(|request| refusal(StatusCode::UNAUTHORIZED, Some(CHALLENGE), &presented(request))).await;
    let in_header = attack(|request| {
        let challenge = HeaderValue::try_from(format!("Bearer error=\"{}\"", presented(request))).ok();
        refusal(StatusCode::UNAUTHORIZED, challenge.or(Some(CHALLENGE)), "")
    })
    .await;
    for report in [in_body, in_header] {
        assert_eq!(problems(&report), [&Problem::RepeatsToken]);
        assert!(report.findings().iter().any(|finding| finding.name() == "no aud"), "{report}");
    }
}

#[tokio::test]
async fn a_service_that_refuses_everything_proves_nothing() {
    let issuer = TestIssuer::new();
    let closed = service_fn(async |_: Request<Empty<Bytes>>| {
        Ok::<_, Infallible>(refusal(StatusCode::UNAUTHORIZED, Some(CHALLENGE), ""))
    });
    let report =
        issuer.battery(&issuer.token("ada")).attack(closed, Method::GET, Uri::from_static("/")).await;
    assert_eq!(problems(&report), [&Problem::GenuineRefused(StatusCode::UNAUTHORIZED)]);
    assert_eq!(report.findings()[0].name(), "the genuine token");
}

#[tokio::test]
async fn a_service_that_gives_no_answer_is_found() {
    let broken = service_fn(async |_: Request<Empty<Bytes>>| Err::<Response<Full<Bytes>>, _>("out of order"));
    let issuer = TestIssuer::new();
    let report =
        issuer.battery(&issuer.token("ada")).attack(broken, Method::GET, Uri::from_static("/")).await;
    assert_eq!(problems(&report), [&Problem::Silent("out of order".to_owned())]);
    assert!(report.to_string().contains("the genuine token: not answered: out of order"), "{report}");
}

async fn always_expired() -> Report {
    let body = r#"{"code":"token_expired"}"#;
    attack(|_| refusal(StatusCode::UNAUTHORIZED, Some(CHALLENGE), body)).await
}

#[tokio::test]
async fn codes_are_compared_where_that_is_asked() {
    let report = always_expired().await;
    report.assert_all_refused();
    let wrong: Vec<&str> = report.wrong_codes().map(|answer| answer.name()).collect();
    assert!(wrong.contains(&"no aud"));
    assert!(!wrong.contains(&"expired a day ago"));
}

#[tokio::test]
#[should_panic(expected = "no aud: 401 Unauthorized token_expired, expected claim_missing")]
async fn a_wrong_code_is_named_with_the_one_expected() {
    always_expired().await.assert_codes();
}
