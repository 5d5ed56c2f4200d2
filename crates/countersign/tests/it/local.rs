//! What a login may look like, and what it may not.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post as on_post;
use countersign::password::HashingError;
use countersign::{AuthError, Authenticated, BodyGuard, Credentials, Denial, LocalStrategy, Rejection};
use http::request::Parts;
use http::{Request, StatusCode};

use crate::common::{Answer, Log, User, send};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

async fn verify(credentials: Credentials, head: &Parts) -> Result<User, AuthError> {
    tokio::task::yield_now().await;
    if head.headers.contains_key("x-throttled") {
        let delay = Duration::from_secs(9);
        return Err(Rejection::too_many_requests("attempts_too_many", "Too many attempts.", delay).into());
    }
    match (credentials.username(), credentials.password()) {
        ("busy", _) => Err(HashingError::Busy { retry_after: Duration::from_secs(3) }.into()),
        ("broken", _) => Err(HashingError::Failed { reason: "out of memory" }.into()),
        (name, "pässword +&=%") => Ok(User(name.to_owned())),
        _ => Err(Denial::wrong_credentials().into()),
    }
}

fn app() -> Router {
    let login = LocalStrategy::new(verify).username_field("email").password_field("pass");
    let handler = async |user: Authenticated<User>| user.0.clone();
    Router::new().route("/login", on_post(handler)).layer(BodyGuard::new(login))
}

async fn log_in(media_type: &str, body: &str) -> Answer {
    let request = Request::post("/login").header("content-type", media_type);
    send(&app(), request.body(Body::from(body.to_owned())).expect("a request")).await
}

#[tokio::test]
async fn a_login_is_json_or_a_form() {
    let json = r#"{"email":"ada","pass":"pässword +&=%","remember":true,"device":{"kind":"phone"}}"#;
    let form = "remember=on&pass=p%C3%A4ssword+%2b%26%3D%25&email=ada&";
    for (media_type, body) in [
        (JSON, json),
        ("Application/JSON; charset=utf-8", json),
        (FORM, form),
        ("application/x-www-form-urlencoded;charset=UTF-8", form),
    ] {
        let answer = log_in(media_type, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ada"), "{media_type}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_401_with_a_challenge_that_browsers_pass_over() {
    insta::assert_snapshot!(log_in(JSON, r#"{"email":"ada","pass":"guess"}"#).await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Password

    {"type":"about:blank","title":"Unauthorized","status":401,"detail":"The user name or the password is wrong.","code":"credentials_invalid"}
    "#);
}

#[tokio::test]
async fn a_check_that_says_nothing_refuses_in_the_same_words() {
    let login = LocalStrategy::new(async |_: Credentials, _: &Parts| None::<User>);
    let app = Router::new().route("/", on_post(async || ())).layer(BodyGuard::new(login));
    let request = Request::post("/").header("content-type", JSON);
    let silent =
        send(&app, request.body(Body::from(r#"{"username":"a","password":"b"}"#)).expect("a request")).await;
    let spoken = log_in(JSON, r#"{"email":"ada","pass":"guess"}"#).await;
    assert_eq!(silent.to_string(), spoken.to_string());
}

#[tokio::test]
async fn credentials_in_the_query_are_never_read() {
    let request =
        Request::post("/login?email=ada&pass=p%C3%A4ssword+%2b%26%3D%25").header("content-type", FORM);
    let answer = send(&app(), request.body(Body::empty()).expect("a request")).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "field_missing"));
}

#[tokio::test]
async fn what_is_no_login_is_400_and_says_what_is_wrong() {
    for (media_type, body, code, detail) in [
        (JSON, "", "body_malformed", "The body is not a JSON object"),
        (JSON, "[]", "body_malformed", "The body is not a JSON object"),
        (JSON, r#"{"email":"ada","pass":"x"} {}"#, "body_malformed", "The body is not a JSON object"),
        (JSON, r#"{"email":"ada","email":"eve","pass":"x"}"#, "body_malformed", "a member stands twice"),
        (JSON, r#"{"email":"ada","em\u0061il":"eve","pass":"x"}"#, "body_malformed", "a member stands twice"),
        (JSON, r#"{"pass":"x"}"#, "field_missing", "The field `email` is missing or empty."),
        (JSON, r#"{"email":"","pass":"x"}"#, "field_missing", "The field `email` is missing or empty."),
        (JSON, r#"{"email":"ada"}"#, "field_missing", "The field `pass` is missing or empty."),
        (JSON, r#"{"email":"ada","pass":["x"]}"#, "field_not_text", "The field `pass` is not a string."),
        (JSON, r#"{"email":{"$ne":""},"pass":"x"}"#, "field_not_text", "The field `email` is not a string."),
        (JSON, r#"{"email":"ada","pass":null}"#, "field_not_text", "The field `pass` is not a string."),
        (FORM, "", "field_missing", "The field `email` is missing or empty."),
        (FORM, "email&pass=x", "field_missing", "The field `email` is missing or empty."),
        (FORM, "email=ada&pass=x&pass=y", "field_repeated", "The field `pass` is there more than once."),
        (
            FORM,
            "email=ada&email=eve&email=ada&pass=x",
            "field_repeated",
            "The field `email` is there more than once.",
        ),
        (FORM, "email=ada&p%61ss=x&pass=y", "field_repeated", "The field `pass` is there more than once."),
        (FORM, "email=ada&pass=%f", "body_malformed", "The body is not a URL-encoded form in UTF-8."),
        (FORM, "email=ada&pass=%+1", "body_malformed", "The body is not a URL-encoded form in UTF-8."),
        (FORM, "email=ada&pass=%ff", "body_malformed", "The body is not a URL-encoded form in UTF-8."),
    ] {
        let answer = log_in(media_type, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, code), "{body}");
        assert!(answer.body.contains(detail), "{body} gives {}", answer.body);
    }
}

#[tokio::test]
async fn another_media_type_is_415() {
    for media_type in ["text/plain", "multipart/form-data; boundary=x", "application/jsonp", "json", "", ";"]
    {
        let answer = log_in(media_type, r#"{"email":"ada","pass":"x"}"#).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media_type}");
    }
    let none = Request::post("/login").body(Body::from("{}")).expect("a request");
    assert_eq!(send(&app(), none).await.code(), "media_type_unsupported");
    let both = Request::post("/login").header("content-type", JSON).header("content-type", FORM);
    assert_eq!(
        send(&app(), both.body(Body::empty()).expect("a request")).await.code(),
        "media_type_unsupported"
    );
}

#[tokio::test]
async fn a_checks_own_429_is_not_flattened_to_401() {
    let request = Request::post("/login").header("content-type", JSON).header("x-throttled", "yes");
    let body = Body::from(r#"{"email":"ada","pass":"x"}"#);
    let answer = send(&app(), request.body(body).expect("a request")).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "attempts_too_many"));
    assert_eq!(answer.headers["retry-after"], "9");
}

#[tokio::test]
async fn a_full_password_queue_is_503_and_a_broken_one_500() {
    let busy = log_in(JSON, r#"{"email":"busy","pass":"x"}"#).await;
    assert_eq!((busy.status, busy.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "passwords_busy"));
    assert_eq!(busy.headers["retry-after"], "3");
    let broken = log_in(JSON, r#"{"email":"broken","pass":"x"}"#).await;
    assert_eq!(
        (broken.status, broken.code().as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "internal_error")
    );
    assert!(!broken.body.contains("memory"));
}

#[tokio::test]
async fn a_password_is_in_no_log_and_no_answer() {
    let log = Log::start();
    let secret = "hunter2hunter2";
    for (media_type, body) in [
        (JSON, format!(r#"{{"email":"ada","pass":"{secret}"}}"#)),
        (JSON, format!(r#"{{"email":"ada","pass":["{secret}"]}}"#)),
        (JSON, format!(r#"{{"email":"ada","pass":"{secret}"#)),
        (JSON, format!(r#"{{"email":"ada","pass":"{secret}","pass":"{secret}"}}"#)),
        (FORM, format!("email=ada&pass={secret}")),
        (FORM, format!("email=ada&pass={secret}&pass={secret}")),
        (FORM, format!("email=ada&pass={secret}%")),
        ("text/plain", secret.to_owned()),
    ] {
        let answer = log_in(media_type, &body).await;
        assert!(answer.status.is_client_error());
        assert!(!answer.to_string().contains(secret), "{answer}");
    }
    let log = log.read();
    assert_eq!(log.lines().count(), 8, "{log}");
    assert!(!log.contains(secret), "{log}");
}

#[tokio::test]
async fn credentials_do_not_print_their_password_and_come_apart_for_hashing() {
    let login = LocalStrategy::new(async |credentials: Credentials, _: &Parts| {
        let printed = format!("{credentials:?}");
        let (username, password) = credentials.into_parts();
        Some(User(format!("{printed} {username} {password:?}")))
    });
    let handler = async |user: Authenticated<User>| user.0.clone();
    let app = Router::new().route("/", on_post(handler)).layer(BodyGuard::new(login));
    let request =
        Request::post("/").header("content-type", FORM).body(Body::from("username=ada&password=secret"));
    let answer = send(&app, request.expect("a request")).await;
    assert_eq!(answer.body, r#"Credentials { username: "ada", .. } ada Password(..)"#);
}
