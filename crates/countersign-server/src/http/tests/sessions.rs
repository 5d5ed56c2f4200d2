//! Sessions over HTTP, with a clock that goes as it is told.

use super::*;

/// What a login and a refresh give to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tokens {
    access: String,
    refresh: String,
}

impl Scene {
    /// With somebody registered.
    async fn with_user(variables: &[(&str, &str)]) -> Self {
        let scene = Self::with(variables).await;
        assert_eq!(scene.post("/auth/register").await.status(), StatusCode::CREATED);
        scene
    }

    async fn log_in(&self) -> Tokens {
        tokens(self.post("/auth/login").await).await
    }

    async fn refresh(&self, token: &str) -> Response<Body> {
        self.send(post("/auth/refresh", json!({"refresh_token": token}).to_string())).await
    }

    async fn log_out(&self, token: &str) -> Response<Body> {
        self.send(post("/auth/logout", json!({"refresh_token": token}).to_string())).await
    }

    /// The code of a refresh that must be refused as RFC 6749 §5.2 says.
    async fn refused(&self, token: &str) -> String {
        let response = self.refresh(token).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let problem = body(response).await;
        assert_eq!(problem["error"], "invalid_grant", "{problem}");
        problem["code"].as_str().unwrap().to_owned()
    }

    /// A guarded request.
    async fn with_bearer(&self, method: &str, path: &str, access: &str, json: &str) -> Response<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {access}"));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(json.to_owned())).unwrap()).await
    }

    /// The sessions of a bearer.
    async fn sessions(&self, access: &str) -> Vec<Value> {
        let response = self.with_bearer("GET", "/auth/sessions", access, "").await;
        assert_eq!(response.status(), StatusCode::OK);
        body(response).await["sessions"].as_array().unwrap().clone()
    }
}

async fn tokens(response: Response<Body>) -> Tokens {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let answer = body(response).await;
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)), "{answer}");
    let text = |name| answer[name].as_str().unwrap().to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token") }
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn within_the_window_the_same_successor_is_given_again() {
    let scene = Scene::with_user(&[]).await;
    let login = scene.log_in().await;
    let first = tokens(scene.refresh(&login.refresh).await).await;
    scene.clock.advance(9 * SECOND);
    let again = tokens(scene.refresh(&login.refresh).await).await;
    assert_eq!(again.refresh, first.refresh);
    // The window is absolute: the replay has not moved it.
    scene.clock.advance(SECOND);
    assert_eq!(scene.refused(&login.refresh).await, "refresh_token_reused");
}

#[tokio::test]
async fn after_the_window_a_replay_ends_its_session_and_nothing_else() {
    let scene = Scene::with_user(&[]).await;
    let (stolen, other) = (scene.log_in().await, scene.log_in().await);
    let rotated = tokens(scene.refresh(&stolen.refresh).await).await;
    scene.clock.advance(10 * SECOND);
    assert_eq!(scene.refused(&stolen.refresh).await, "refresh_token_reused");
    assert_eq!(scene.refused(&rotated.refresh).await, "session_revoked");
    assert_eq!(scene.refused(&stolen.refresh).await, "session_revoked");
    let other = tokens(scene.refresh(&other.refresh).await).await;
    assert_eq!(scene.sessions(&other.access).await.len(), 1);
}

#[tokio::test]
async fn a_logout_within_the_window_is_a_logout() {
    let scene = Scene::with_user(&[]).await;
    let login = scene.log_in().await;
    let rotated = tokens(scene.refresh(&login.refresh).await).await;
    // With the older of the two tokens, as a tab does that has not seen the newer one.
    for _ in 0..2 {
        assert_eq!(scene.log_out(&login.refresh).await.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(scene.refused(&login.refresh).await, "session_revoked");
    assert_eq!(scene.refused(&rotated.refresh).await, "session_revoked");
}

#[tokio::test]
async fn without_grace_a_second_use_ends_the_session_at_once() {
    let scene = Scene::with_user(&[("COUNTERSIGN_SESSION_GRACE", "0s")]).await;
    let login = scene.log_in().await;
    let rotated = tokens(scene.refresh(&login.refresh).await).await;
    assert_eq!(scene.refused(&login.refresh).await, "refresh_token_reused");
    assert_eq!(scene.refused(&rotated.refresh).await, "session_revoked");
}

#[tokio::test]
async fn of_fifty_refreshes_at_once_one_rotates_and_all_get_its_successor() {
    let scene = Scene::with_user(&[]).await;
    let login = scene.log_in().await;
    let refreshes: Vec<_> = (0..50)
        .map(|_| {
            let request = post("/auth/refresh", json!({"refresh_token": login.refresh}).to_string());
            tokio::spawn(router(Arc::clone(&scene.service)).oneshot(request))
        })
        .collect();
    let mut successors = std::collections::BTreeSet::new();
    for refresh in refreshes {
        successors.insert(tokens(refresh.await.unwrap().unwrap()).await.refresh);
    }
    assert_eq!(successors.len(), 1);
    let counter = |token: &str| countersign::jwt::base64url::decode(token).unwrap()[17..21].to_vec();
    assert_eq!(counter(successors.first().unwrap()), [0, 0, 0, 1]);
}

#[tokio::test]
async fn a_session_ends_idle_and_in_any_case() {
    let lifetimes = [("COUNTERSIGN_SESSION_LIFETIME", "3d"), ("COUNTERSIGN_SESSION_IDLE_LIFETIME", "1d")];
    let scene = Scene::with_user(&lifetimes).await;
    let (idle, mut used) = (scene.log_in().await, scene.log_in().await);
    for _ in 0..3 {
        scene.clock.advance(DAY - SECOND);
        used = tokens(scene.refresh(&used.refresh).await).await;
    }
    assert_eq!(scene.refused(&idle.refresh).await, "session_idle");
    scene.clock.advance(3 * SECOND);
    assert_eq!(scene.refused(&used.refresh).await, "session_expired");
}

#[tokio::test]
async fn garbage_is_refused_without_the_database_and_a_good_token_is_not_refused_without_it() {
    let scene = Scene::with_user(&[]).await;
    let login = scene.log_in().await;
    scene.service.accounts.store.close().await;

    let forged = format!("{}AAAA", &login.refresh[..login.refresh.len() - 4]);
    for (garbage, code) in [
        ("", "refresh_token_malformed"),
        ("garbage", "refresh_token_malformed"),
        (login.access.as_str(), "refresh_token_malformed"),
        (&login.refresh[1..], "refresh_token_malformed"),
        (&format!("{} ", login.refresh), "refresh_token_malformed"),
        (&"A".repeat(10_000), "refresh_token_malformed"),
        (&forged, "refresh_token_forged"),
    ] {
        assert_eq!(scene.refused(garbage).await, code);
        assert_eq!(scene.log_out(garbage).await.status(), StatusCode::NO_CONTENT, "{garbage}");
    }
    for response in [scene.refresh(&login.refresh).await, scene.log_out(&login.refresh).await] {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(body(response).await["code"], "store_unavailable");
    }
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another password"}).to_string();
    for (method, path) in [
        ("GET", "/auth/sessions"),
        ("DELETE", "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA"),
        ("POST", "/auth/logout/others"),
        ("POST", "/auth/logout/all"),
        ("POST", "/auth/password"),
    ] {
        let response = scene.with_bearer(method, path, &login.access, &change).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(response.headers().contains_key(header::RETRY_AFTER), "{path}");
    }
    assert_eq!(scene.profile(&login.access).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_no_request_for_a_refresh_is_told() {
    let scene = Scene::with_user(&[]).await;
    for (request, status, code) in [
        (post("/auth/refresh", "{}"), 400, "refresh_token_missing"),
        (post("/auth/refresh", r#"{"refresh_token":null}"#), 400, "refresh_token_missing"),
        (post("/auth/refresh", r#"{"refresh_token":1}"#), 400, "body_malformed"),
        (post("/auth/refresh", r#"{"refresh_token":"a","refresh_token":"b"}"#), 400, "body_malformed"),
        (post("/auth/refresh", r#"{"token":"a"}"#), 400, "body_malformed"),
        (Request::post("/auth/refresh").body(Body::empty()).unwrap(), 400, "refresh_token_missing"),
        (Request::post("/auth/logout").body(Body::empty()).unwrap(), 400, "refresh_token_missing"),
        (
            Request::post("/auth/refresh").body(Body::from("refresh_token=a")).unwrap(),
            415,
            "media_type_unsupported",
        ),
    ] {
        let asked = format!("{request:?}");
        let response = scene.send(request).await;
        assert_eq!(response.status().as_u16(), status, "{asked}");
        assert_eq!(body(response).await["code"], code, "{asked}");
    }
}

#[tokio::test]
async fn a_user_sees_their_sessions_and_ends_them_one_by_one() {
    let scene = Scene::with_user(&[]).await;
    let login = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let mut request = post("/auth/login", login);
    request.headers_mut().insert(header::USER_AGENT, "Firefox on Linux".parse().unwrap());
    let peer: std::net::SocketAddr = "192.0.2.1:4711".parse().unwrap();
    request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
    let there = tokens(scene.send(request).await).await;
    scene.clock.advance(SECOND);
    let here = scene.log_in().await;

    let sessions = scene.sessions(&here.access).await;
    assert_eq!(sessions.len(), 2);
    let sid = |access: &str| -> String {
        let claims: crate::flow::AccessClaims =
            countersign::jwt::Unverified::decode(access).unwrap().claims().unwrap();
        claims.sid.unwrap().to_string()
    };
    assert_eq!((&sessions[0]["id"], &sessions[0]["current"]), (&json!(sid(&here.access)), &json!(true)));
    let expected = json!({
        "id": sid(&there.access), "device": "Firefox on Linux", "address": "192.0.2.1",
        "createdAt": "2023-11-14T22:13:20Z", "lastUsedAt": "2023-11-14T22:13:20Z",
        "endsAt": "2023-11-28T22:13:20Z", "current": false,
    });
    assert_eq!(sessions[1], expected);

    let end = format!("/auth/sessions/{}", sid(&there.access));
    assert_eq!(scene.with_bearer("DELETE", &end, &here.access, "").await.status(), StatusCode::NO_CONTENT);
    assert_eq!(scene.refused(&there.refresh).await, "session_revoked");
    for path in
        [end.as_str(), "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA", "/auth/sessions/x", "/auth/sessions/%FF"]
    {
        let response = scene.with_bearer("DELETE", path, &here.access, "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(body(response).await["code"], "session_unknown", "{path}");
    }
    tokens(scene.refresh(&here.refresh).await).await;
}

#[tokio::test]
async fn nobody_ends_or_finds_the_session_of_somebody_else() {
    let scene = Scene::with_user(&[]).await;
    let ada = scene.log_in().await;
    let theirs = scene.sessions(&ada.access).await[0]["id"].as_str().unwrap().to_owned();

    let eve = json!({"email": "eve@example.com", "password": PASSWORD}).to_string();
    scene.send(post("/auth/register", eve.clone())).await;
    let eve = tokens(scene.send(post("/auth/login", eve)).await).await;
    let of_ada = scene.with_bearer("DELETE", &format!("/auth/sessions/{theirs}"), &eve.access, "").await;
    let of_nobody =
        scene.with_bearer("DELETE", "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA", &eve.access, "").await;
    assert_eq!((of_ada.status(), of_nobody.status()), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(body(of_ada).await, body(of_nobody).await);
    assert_eq!(scene.sessions(&eve.access).await.len(), 1);

    for path in ["/auth/logout/others", "/auth/logout/all"] {
        assert_eq!(scene.with_bearer("POST", path, &eve.access, "").await.status(), StatusCode::OK);
    }
    tokens(scene.refresh(&ada.refresh).await).await;
}

#[tokio::test]
async fn the_others_are_logged_out_and_then_all() {
    let scene = Scene::with_user(&[]).await;
    let (one, two, here) = (scene.log_in().await, scene.log_in().await, scene.log_in().await);
    let ended = body(scene.with_bearer("POST", "/auth/logout/others", &here.access, "").await).await;
    assert_eq!(ended, json!({"endedSessions": 2}));
    assert_eq!(scene.refused(&one.refresh).await, "session_revoked");
    assert_eq!(scene.refused(&two.refresh).await, "session_revoked");
    let here = tokens(scene.refresh(&here.refresh).await).await;

    let ended = body(scene.with_bearer("POST", "/auth/logout/all", &here.access, "").await).await;
    assert_eq!(ended, json!({"endedSessions": 1}));
    assert_eq!(scene.refused(&here.refresh).await, "session_revoked");
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let scene = Scene::with_user(&[]).await;
    let (here, there) = (scene.log_in().await, scene.log_in().await);
    let change = async |current: &str, new: &str| {
        let json = json!({"currentPassword": current, "newPassword": new}).to_string();
        scene.with_bearer("POST", "/auth/password", &here.access, &json).await
    };
    for (current, new, status, code) in [
        ("wrong", "another password", 403, "password_wrong"),
        (PASSWORD, "7 bytes", 422, "password_too_short"),
        (PASSWORD, PASSWORD, 422, "password_unchanged"),
    ] {
        let response = change(current, new).await;
        assert_eq!(response.status().as_u16(), status, "{code}");
        assert!(!response.headers().contains_key(header::WWW_AUTHENTICATE), "{code}");
        let problem = body(response).await;
        assert_eq!(problem["code"], code, "{problem}");
        assert!(!problem.to_string().contains(new), "{problem}");
    }
    let response = change(PASSWORD, "another password").await;
    assert_eq!((response.status(), body(response).await), (StatusCode::OK, json!({"endedSessions": 1})));
    assert_eq!(scene.refused(&there.refresh).await, "session_revoked");
    tokens(scene.refresh(&here.refresh).await).await;
    assert_eq!(scene.post("/auth/login").await.status(), StatusCode::UNAUTHORIZED);
}
