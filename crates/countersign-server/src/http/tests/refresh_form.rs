//! Refreshing as OAuth clients do (RFC 6749 §6).

use super::*;

const REFRESH: &str = "/auth/refresh";

async fn refresh_token(scene: &Scene) -> String {
    let login = body(scene.post("/auth/login").await).await;
    login["refresh_token"].as_str().unwrap().to_owned()
}

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.post("/auth/register").await;
    scene
}

#[tokio::test]
async fn a_form_gets_the_next_pair_of_tokens() {
    let scene = scene().await;
    let token = refresh_token(&scene).await;
    // What is not known is passed over, and what has no value is not there (§3.2).
    let sent = format!("client_id=app&scope=&grant_type=refresh_token&refresh_token={token}&audience=x");
    let response = scene.send(form(REFRESH, sent)).await;
    assert_eq!(response.status(), StatusCode::OK);
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let answer = body(response).await;
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_ne!(answer["refresh_token"], token);
    assert_eq!(scene.profile(answer["access_token"].as_str().unwrap()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_form_that_is_refused_is_told_so_in_the_words_of_oauth() {
    let scene = scene().await;
    let token = refresh_token(&scene).await;
    let good = format!("grant_type=refresh_token&refresh_token={token}");
    for (sent, error, code) in [
        (format!("refresh_token={token}"), "invalid_request", "grant_type_missing"),
        (format!("grant_type=&refresh_token={token}"), "invalid_request", "grant_type_missing"),
        ("grant_type=refresh_token".to_owned(), "invalid_request", "refresh_token_missing"),
        ("grant_type=refresh_token&refresh_token=".to_owned(), "invalid_request", "refresh_token_missing"),
        ("grant_type=refresh_token&refresh_token=x".to_owned(), "invalid_grant", "refresh_token_malformed"),
        (format!("{good}&scope=admin"), "invalid_scope", "scope_unsupported"),
        (format!("{good}&grant_type=refresh_token"), "invalid_request", "field_repeated"),
        (format!("{good}&refresh_token={token}"), "invalid_request", "field_repeated"),
        (format!("{good}&%"), "invalid_request", "body_malformed"),
        (
            "grant_type=password&username=ada@example.com&password=x".to_owned(),
            "unsupported_grant_type",
            "grant_type_unsupported",
        ),
    ] {
        let response = scene.send(form(REFRESH, sent.clone())).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{sent}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json", "{sent}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{sent}");
        let problem = body(response).await;
        assert_eq!((&problem["error"], &problem["code"]), (&json!(error), &json!(code)), "{sent}");
    }
    // None of it has used the token up.
    assert_eq!(scene.send(form(REFRESH, good)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_form_without_a_token_does_not_use_the_cookie_of_a_page() {
    let origin = "https://app.example.com";
    let scene = Scene::with(&[("COUNTERSIGN_SESSION_COOKIE_ORIGINS", origin)]).await;
    scene.post("/auth/register").await;
    let cookie = format!("__Host-refresh_token={}", refresh_token(&scene).await);
    let mut request = form(REFRESH, "grant_type=refresh_token");
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
    let response = scene.send(request).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(!response.headers().contains_key(header::SET_COOKIE));
    assert_eq!(body(response).await["code"], "refresh_token_missing");
}

#[tokio::test]
async fn a_logout_takes_no_form() {
    let scene = scene().await;
    let token = refresh_token(&scene).await;
    let response = scene.send(form("/auth/logout", format!("refresh_token={token}"))).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
