//! What is logged, and what never is.

use serde_json::Value;

use crate::support::{EMAIL, Folder, PASSWORD, Service, Tokens, request};

const SECRET: &str = "a shared secret of more than 32 bytes";
const WRONG: &str = "a wrong password that is long enough";

/// Does everything that has a secret in it, and gives what must not be in the log.
fn use_every_secret(service: &Service) -> Vec<String> {
    service.register(EMAIL, PASSWORD);
    service.register("not an address", PASSWORD);
    service.post("/auth/register", &format!(r#"{{"password":"{PASSWORD}","#));
    service.post("/auth/login", &format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}","{PASSWORD}":1}}"#));
    service.login(EMAIL, WRONG);
    let Tokens { access: token, refresh } = service.tokens(EMAIL, PASSWORD);
    service.profile(&token);
    let refresh_tokens = use_every_refresh_token(service, &token, refresh);
    let forged = format!("{token}AAAA");
    service.profile(&forged);
    service.get(&format!("/profile?access_token={token}"), &[&format!("Cookie: token={token}")]);
    service.get(&format!("/{token}"), &[&format!("Authorization: Bearer {token} {token}")]);
    let signature = token.rsplit('.').next().unwrap().to_owned();
    let payload = token.split('.').nth(1).unwrap().to_owned();
    let mut secrets = vec![PASSWORD.to_owned(), WRONG.to_owned(), signature, payload, token];
    // The end of one is a part of its MAC; what stands before that is the session, which is logged in another form.
    secrets.extend(refresh_tokens.iter().map(|token| token[28..].to_owned()));
    secrets
}

/// Refreshes, in every place and with every outcome.
fn use_every_refresh_token(service: &Service, access: &str, first: String) -> Vec<String> {
    let second = Tokens::of(&service.refresh(&first)).refresh;
    service.refresh(&format!("{}AAAA", &second[..46]));
    service.refresh(&second[1..]);
    service.get(&format!("/auth/refresh?refresh_token={second}"), &[]);
    service.get(&format!("/auth/sessions/{second}"), &[]);
    service.post("/auth/refresh", &format!(r#"{{"refresh_token":"{second}","{second}":1}}"#));
    let cookie = format!("Cookie: __Host-refresh_token={second}");
    for origin in ["https://app.example", "https://evil.example"] {
        service.exchange(request("POST", "/auth/refresh", &[&format!("Origin: {origin}"), &cookie], ""));
    }
    let login = format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}","refresh_token_in":"cookie"}}"#);
    let headers = ["Origin: https://app.example", "Content-Type: application/json"];
    let in_cookie = service.exchange(request("POST", "/auth/login", &headers, &login)).header("set-cookie");
    let in_cookie = in_cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let change = format!(r#"{{"currentPassword":"{WRONG}","newPassword":"{PASSWORD}"}}"#);
    service.with_bearer("POST", "/auth/password", access, &change);
    assert_eq!(service.refresh(&first).code(), "refresh_token_reused");
    assert_eq!(service.log_out(&second).status, 204);
    vec![first, second, in_cookie]
}

fn assert_silent(log: &str, secrets: &[String]) {
    assert!(
        ["/auth/login", "credentials_invalid", "/auth/refresh", "reused"]
            .iter()
            .all(|said| log.contains(said)),
        "nothing is logged at all: {log}"
    );
    for secret in secrets {
        assert!(!log.contains(secret.as_str()), "{secret:?} is in the log:\n{log}");
    }
}

#[test]
fn no_secret_is_in_the_log_at_any_level() {
    for format in ["text", "json"] {
        let level = [
            ("COUNTERSIGN_LOG_LEVEL", "trace"),
            ("COUNTERSIGN_LOG_FORMAT", format),
            ("COUNTERSIGN_SESSION_COOKIE_ORIGINS", "https://app.example"),
        ];
        let folder = Folder::new();
        let service = folder.serve_with(&level);
        let mut secrets = use_every_secret(&service);
        let master_key = std::fs::read_to_string(folder.path().join("countersign-data/master.key")).unwrap();
        secrets.push(master_key.trim().to_owned());
        assert_silent(&service.log(), &secrets);
        service.stop();

        let given =
            [&level[..], &[("JWT_SECRET", SECRET), ("COUNTERSIGN_MASTER_KEY", secrets.last().unwrap())]]
                .concat();
        let service = folder.serve_with(&given);
        let mut secrets = use_every_secret(&service);
        secrets.extend([SECRET.to_owned(), master_key.trim().to_owned()]);
        assert_silent(&service.log(), &secrets);
    }
}

#[test]
fn each_request_is_one_line_with_its_route_and_never_its_path() {
    let folder = Folder::new();
    let service = folder.serve_with(&[("COUNTERSIGN_LOG_FORMAT", "json")]);
    service.get("/profile?who=ada", &["Authorization: Bearer garbage"]);
    service.get("/some/path/with/a/secret", &[]);
    let log = service.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "answered")
        .map(|line| format!("{} {} {}", line["method"], line["route"], line["status"]))
        .collect();
    assert_eq!(answered, [r#""GET" "/profile" 401"#, r#""GET" "(none)" 404"#]);
    let refused = lines.iter().find(|line| line["message"] == "refused").unwrap();
    assert_eq!((&refused["code"], &refused["strategy"]), (&"token_malformed".into(), &"jwt".into()));
    assert!(!log.contains("who=ada") && !log.contains("with/a/secret"), "{log}");
}

#[test]
fn the_level_is_obeyed() {
    let folder = Folder::new();
    let service = folder.serve_with(&[("COUNTERSIGN_LOG_LEVEL", "error")]);
    service.get("/profile", &[]);
    assert_eq!(service.log(), "");
}

#[test]
fn a_refused_refresh_and_a_theft_are_logged_with_their_session_and_reason() {
    let folder = Folder::new();
    let service =
        folder.serve_with(&[("COUNTERSIGN_LOG_FORMAT", "json"), ("COUNTERSIGN_SESSION_GRACE", "0s")]);
    service.register(EMAIL, PASSWORD);
    let stolen = service.tokens(EMAIL, PASSWORD);
    let sessions = service.with_bearer("GET", "/auth/sessions", &stolen.access, "").json();
    let session = &sessions["sessions"][0]["id"];
    service.refresh(&stolen.refresh);
    for _ in 0..2 {
        assert_eq!(service.refresh(&stolen.refresh).status, 400);
    }
    service.refresh("garbage");

    let log = service.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |message: &str| -> Vec<String> {
        let lines = lines.iter().filter(|line| line["message"] == message);
        lines
            .map(|line| {
                let whose = if &line["session"] == session { "of the session" } else { "of none" };
                let code = line["code"].as_str().or(line["reason"].as_str()).unwrap();
                format!("{} {code} {whose}", line["level"].as_str().unwrap())
            })
            .collect()
    };
    assert_eq!(said("a session was ended"), ["WARN reused of the session"]);
    assert_eq!(
        said("refused"),
        [
            "INFO refresh_token_reused of the session",
            "INFO session_revoked of the session",
            "INFO refresh_token_malformed of none",
        ]
    );
}
