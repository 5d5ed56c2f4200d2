//! PostgreSQL goes away, and comes back.

use serde_json::json;
use throwaway_postgres::Server;

use crate::support::{EMAIL, Folder, PASSWORD, Tokens, request};

const FORM: [&str; 1] = ["Content-Type: application/x-www-form-urlencoded"];

#[test]
fn without_postgres_tokens_are_verified_and_all_else_is_503_until_it_is_back() {
    let postgres = Server::start();
    let folder = Folder::with_database(postgres.database());
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let tokens = service.tokens(EMAIL, PASSWORD);
    postgres.stop();

    assert_eq!(service.profile(&tokens.access).status, 200);
    assert_eq!(service.get("/healthz", &[]).status, 200);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another password"}).to_string();
    let revocation = format!("token={}", tokens.access);
    let bearer = |method, path, body| service.with_bearer(method, path, &tokens.access, body);
    for (asked, answer) in [
        ("register", service.register("eve@example.com", PASSWORD)),
        ("login", service.login(EMAIL, PASSWORD)),
        ("refresh", service.refresh(&tokens.refresh)),
        ("logout", service.log_out(&tokens.refresh)),
        ("revocation", service.exchange(request("POST", "/auth/revoke", &FORM, &revocation))),
        ("sessions", bearer("GET", "/auth/sessions", "")),
        ("end a session", bearer("DELETE", "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA", "")),
        ("logout of the others", bearer("POST", "/auth/logout/others", "")),
        ("logout of all", bearer("POST", "/auth/logout/all", "")),
        ("password", bearer("POST", "/auth/password", &change)),
    ] {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "store_unavailable"),
            "{asked}: {answer:?}"
        );
        assert!(
            answer.header("retry-after").parse().is_ok_and(|seconds: u32| seconds > 0),
            "{asked}: {answer:?}"
        );
    }
    assert_eq!(service.refresh("garbage").code(), "refresh_token_malformed");
    assert_eq!(service.profile(&tokens.access).status, 200);

    postgres.start_again();
    let refreshed = Tokens::of(&service.refresh(&tokens.refresh));
    assert_eq!(refreshed.counter(), 1);
    assert_eq!(service.login(EMAIL, PASSWORD).status, 200);
}
