//! Registering, logging in, and the guarded route.

use std::process::Command;

use countersign::jwt::Unverified;
use serde_json::{Value, json};

use crate::support::{EMAIL, Folder, PASSWORD, credentials, request};

#[test]
fn a_person_registers_logs_in_and_sees_their_profile() {
    let folder = Folder::new();
    let service = folder.serve();

    let registered = service.register(EMAIL, PASSWORD);
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(registered.header("cache-control"), "no-store");
    let user = registered.json();
    assert_eq!(user["email"], EMAIL);
    assert!(user["userId"].as_str().is_some_and(|id| id.len() == 36), "{user}");

    let answer = service.login(EMAIL, PASSWORD);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        ("no-store".into(), "no-cache".into())
    );
    let token_response = answer.json();
    assert_eq!(token_response["token_type"], "Bearer");
    assert_eq!(token_response["expires_in"], 900);
    assert!(token_response["refresh_token"].as_str().is_some_and(|token| token.len() == 50));

    let profile = service.profile(token_response["access_token"].as_str().unwrap());
    assert_eq!((profile.status, profile.json()), (200, user));
}

#[test]
fn an_access_token_follows_rfc_9068() {
    let folder = Folder::new();
    let service = folder.serve();
    let user = service.register(EMAIL, PASSWORD).json();
    let token = service.token(EMAIL, PASSWORD);

    let unverified = Unverified::decode(&token).unwrap();
    let published = service.get("/.well-known/jwks.json", &[]).json();
    let header: Value = serde_json::from_str(unverified.header()).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "typ": "at+jwt", "kid": published["keys"][0]["kid"]}));

    let mut claims: Value = unverified.claims().unwrap();
    let claims = claims.as_object_mut().unwrap();
    let [exp, iat] = ["exp", "iat"].map(|name| claims.remove(name).unwrap().as_u64().unwrap());
    assert_eq!(exp - iat, 900);
    assert!(claims.remove("jti").unwrap().as_str().is_some_and(|id| id.len() >= 16));
    assert!(claims.remove("sid").unwrap().as_str().is_some_and(|id| id.len() == 22));
    let place = claims.remove("status").unwrap()["status_list"].take();
    assert!(place["idx"].as_u64().is_some_and(|index| index < 1 << 17), "{place}");
    assert_eq!(place["uri"], format!("{}/auth/status-lists/0", service.url()));
    let rest = json!({
        "iss": service.url(), "aud": "countersign", "sub": user["userId"], "email": EMAIL, "client_id": "countersign",
    });
    assert_eq!(&Value::Object(claims.clone()), &rest);
}

#[test]
fn the_lines_of_the_banner_work_as_printed() {
    let folder = Folder::new();
    let service = folder.serve();
    let lines: Vec<_> = service.banner.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert_eq!(lines.len(), 6, "{}", service.banner);

    let ran = Command::new("sh").args(["-c", &lines.join("\n")]).output().unwrap();
    assert!(ran.status.success(), "is curl installed? {ran:?}");
    let answers = String::from_utf8(ran.stdout).unwrap();
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert!(answers[0]["userId"].is_string() && answers[0] == answers[1], "{answers:?}");
    assert!(answers[2]["access_token"].is_string() && answers[2]["refresh_token"].is_string(), "{answers:?}");
}

#[test]
fn two_spellings_of_an_address_are_one_account() {
    let folder = Folder::new();
    let service = folder.serve();
    assert_eq!(service.register(" Ada@Example.COM ", PASSWORD).json()["email"], EMAIL);
    let profile = service.profile(&service.token("ADA@example.com", PASSWORD));
    assert_eq!(profile.json()["email"], EMAIL);
}

#[test]
fn whoever_is_refused_learns_nothing_about_accounts() {
    let folder = Folder::new();
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    service.register("eve@example.com", PASSWORD);
    folder.run(["user", "disable", "eve@example.com"], "").ok();

    let refused = [
        service.login(EMAIL, "another password"),
        service.login("nobody@example.com", PASSWORD),
        service.login("eve@example.com", PASSWORD),
        service.login("no address", PASSWORD),
        service.login(EMAIL, &"x".repeat(4_000)),
        service.login(EMAIL, ""),
    ];
    for response in &refused {
        assert_eq!(
            (response.status, response.code()),
            (401, "credentials_invalid".to_owned()),
            "{response:?}"
        );
        assert_eq!(response.header("www-authenticate"), "Password");
        assert_eq!(response.body, refused[0].body);
    }
}

#[test]
fn a_second_registration_is_answered_like_the_first_and_changes_nothing() {
    let folder = Folder::new();
    let service = folder.serve();
    let first = service.register(EMAIL, PASSWORD);
    let second = service.register(EMAIL, "another password");
    assert_eq!((second.status, second.json()["email"].as_str()), (201, Some(EMAIL)));
    assert_ne!(first.json()["userId"], second.json()["userId"]);
    assert_eq!(service.login(EMAIL, "another password").status, 401);
    let profile = service.profile(&service.token(EMAIL, PASSWORD));
    assert_eq!(profile.json(), first.json());
}

#[test]
fn a_service_that_reveals_taken_addresses_answers_409() {
    let folder = Folder::new();
    let service = folder.serve_with(&[("COUNTERSIGN_REGISTRATION_REVEAL_TAKEN", "true")]);
    assert_eq!(service.register(EMAIL, PASSWORD).status, 201);
    let second = service.register(EMAIL, "another password");
    assert_eq!((second.status, second.code()), (409, "email_taken".to_owned()));
}

#[test]
fn what_cannot_be_registered_is_told_and_never_quoted() {
    let folder = Folder::new();
    let service = folder.serve();
    let secret = "pässwörd-that-is-nobody's-business";
    for (body, status, code) in [
        (credentials("ada", secret), 422, "email_invalid"),
        (credentials("ada@example", secret), 422, "email_invalid"),
        (credentials(EMAIL, "7 bytes"), 422, "password_too_short"),
        (credentials(EMAIL, &format!("{secret}{}", "x".repeat(256))), 422, "password_too_long"),
        (format!(r#"{{"email":"{EMAIL}","password":"{secret}","admin":true}}"#), 400, "body_malformed"),
        (
            format!(r#"{{"email":"{EMAIL}","password":"{secret}","password":"{secret}"}}"#),
            400,
            "body_malformed",
        ),
        (format!(r#"{{"email":"{EMAIL}","password":"{secret}""#), 400, "body_malformed"),
        (format!(r#"{{"email":"{EMAIL}","password":["{secret}"]}}"#), 400, "body_malformed"),
        (format!(r#"["{EMAIL}","{secret}"]"#), 400, "body_malformed"),
        (format!(r#"{{"email":"{EMAIL}"}}"#), 400, "body_malformed"),
        (String::new(), 400, "body_malformed"),
        (credentials(EMAIL, &"x".repeat(17 * 1024)), 413, "body_too_large"),
    ] {
        let response = service.post("/auth/register", &body);
        assert_eq!((response.status, response.code().as_str()), (status, code), "{body:.80}");
        assert!(!response.body.contains(secret), "{response:?}");
    }
    assert_eq!(service.register(EMAIL, "8 bytes!").status, 201);
}

#[test]
fn a_body_that_is_not_json_is_415() {
    let folder = Folder::new();
    let service = folder.serve();
    let body = credentials(EMAIL, PASSWORD);
    for headers in [
        &[][..],
        &["Content-Type: text/plain"],
        &["Content-Type: application/x-www-form-urlencoded"],
        &["Content-Type: application/json", "Content-Type: text/plain"],
    ] {
        let response = service.exchange(request("POST", "/auth/login", headers, &body));
        assert_eq!(
            (response.status, response.code().as_str()),
            (415, "media_type_unsupported"),
            "{headers:?}"
        );
    }
    service.register(EMAIL, PASSWORD);
    let with_parameter = ["Content-Type: Application/JSON; charset=utf-8"];
    assert_eq!(service.exchange(request("POST", "/auth/login", &with_parameter, &body)).status, 200);
}

#[test]
fn everything_else_is_a_problem_too() {
    let folder = Folder::new();
    let service = folder.serve();
    for (method, path, status, code, allow) in [
        ("GET", "/", 404, "not_found", ""),
        ("GET", "/auth", 404, "not_found", ""),
        ("GET", "/profile/", 404, "not_found", ""),
        ("GET", "/auth/login", 405, "method_not_allowed", "POST"),
        ("DELETE", "/profile", 405, "method_not_allowed", "GET,HEAD"),
    ] {
        let response = service.exchange(request(method, path, &[], ""));
        assert_eq!((response.status, response.code().as_str()), (status, code), "{method} {path}");
        assert_eq!(response.header("allow"), allow, "{method} {path}");
    }
}

#[test]
fn the_public_keys_may_be_kept_for_a_while_and_health_may_not() {
    let folder = Folder::new();
    let service = folder.serve();
    let keys = service.get("/.well-known/jwks.json", &[]);
    assert_eq!((keys.status, keys.header("cache-control")), (200, "public, max-age=300".to_owned()));
    assert!(keys.json()["keys"][0].get("d").is_none(), "{keys:?}");
    let health = service.get("/healthz", &[]);
    assert_eq!((health.status, health.header("cache-control")), (200, "no-store".to_owned()));
}

#[test]
fn a_full_password_queue_is_503_with_retry_after_and_guarded_routes_do_not_notice() {
    let folder = Folder::new();
    let service = folder.serve_with(&[
        ("COUNTERSIGN_PASSWORD_THREADS", "1"),
        ("COUNTERSIGN_PASSWORD_QUEUE", "1"),
        ("COUNTERSIGN_PASSWORD_MEMORY_KIB", "65536"),
        ("COUNTERSIGN_PASSWORD_ITERATIONS", "3"),
    ]);
    service.register(EMAIL, PASSWORD);
    let token = service.token(EMAIL, PASSWORD);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let logins: Vec<_> = (0..8).map(|_| scope.spawn(|| service.login(EMAIL, PASSWORD))).collect();
        assert_eq!(service.profile(&token).status, 200);
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    });
    let (busy, done): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 503);
    assert!(!busy.is_empty() && done.iter().all(|answer| answer.status == 200), "{busy:?} {done:?}");
    for answer in busy {
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1), "{answer:?}");
        assert_eq!(answer.header("www-authenticate"), "");
        answer.code();
    }
}
