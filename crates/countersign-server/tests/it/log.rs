//! What is logged, and what never is.

use serde_json::Value;

use crate::support::{EMAIL, Folder, PASSWORD, Service};

const SECRET: &str = "a shared secret of more than 32 bytes";
const WRONG: &str = "a wrong password that is long enough";

/// Does everything that has a secret in it, and gives what must not be in the log.
fn use_every_secret(service: &Service) -> Vec<String> {
    service.register(EMAIL, PASSWORD);
    service.register("not an address", PASSWORD);
    service.post("/auth/register", &format!(r#"{{"password":"{PASSWORD}","#));
    service.post("/auth/login", &format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}","{PASSWORD}":1}}"#));
    service.login(EMAIL, WRONG);
    let token = service.token(EMAIL, PASSWORD);
    service.profile(&token);
    let forged = format!("{token}AAAA");
    service.profile(&forged);
    service.get(&format!("/profile?access_token={token}"), &[&format!("Cookie: token={token}")]);
    service.get(&format!("/{token}"), &[&format!("Authorization: Bearer {token} {token}")]);
    let signature = token.rsplit('.').next().unwrap().to_owned();
    let payload = token.split('.').nth(1).unwrap().to_owned();
    vec![PASSWORD.to_owned(), WRONG.to_owned(), signature, payload, token]
}

fn assert_silent(log: &str, secrets: &[String]) {
    assert!(
        log.contains("/auth/login") && log.contains("credentials_invalid"),
        "nothing is logged at all: {log}"
    );
    for secret in secrets {
        assert!(!log.contains(secret.as_str()), "{secret:?} is in the log:\n{log}");
    }
}

#[test]
fn no_secret_is_in_the_log_at_any_level() {
    for format in ["text", "json"] {
        let level = [("COUNTERSIGN_LOG_LEVEL", "trace"), ("COUNTERSIGN_LOG_FORMAT", format)];
        let folder = Folder::new();
        let service = folder.serve_with(&level);
        let mut secrets = use_every_secret(&service);
        let master_key = std::fs::read_to_string(folder.path().join("countersign-data/master.key")).unwrap();
        secrets.push(master_key.trim().to_owned());
        assert_silent(&service.log(), &secrets);
        service.stop();

        let given =
            [level[0], level[1], ("JWT_SECRET", SECRET), ("COUNTERSIGN_MASTER_KEY", secrets.last().unwrap())];
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
