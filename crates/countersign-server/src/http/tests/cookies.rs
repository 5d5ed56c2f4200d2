//! The refresh token in a cookie.

use super::*;

const ORIGIN: &str = "https://app.example.com";
const NAME: &str = "__Host-refresh_token";

impl Scene {
    /// With somebody registered, and cookies for pages of [`ORIGIN`].
    async fn with_cookies() -> Self {
        let scene = Self::with(&[("COUNTERSIGN_SESSION_COOKIE_ORIGINS", ORIGIN)]).await;
        assert_eq!(scene.post("/auth/register").await.status(), StatusCode::CREATED);
        scene
    }

    /// What a page sends: its origin, and the cookie of its browser.
    async fn page_sends(
        &self,
        path: &str,
        origin: Option<&str>,
        cookie: Option<&str>,
        json: &str,
    ) -> Response<Body> {
        let mut request = Request::post(path);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, format!("theme=dark; {NAME}={cookie}"));
        }
        if !json.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        self.send(request.body(Body::from(json.to_owned())).unwrap()).await
    }

    /// A login of a page, and the cookie that its browser has now.
    async fn log_in_page(&self) -> String {
        kept(self.page_sends("/auth/login", Some(ORIGIN), None, &login()).await).await
    }

    async fn refresh_page(&self, cookie: &str) -> Response<Body> {
        self.page_sends("/auth/refresh", Some(ORIGIN), Some(cookie), "").await
    }
}

fn login() -> String {
    json!({"email": EMAIL, "password": PASSWORD, "refresh_token_in": "cookie"}).to_string()
}

/// The value and the attributes of the one cookie of an answer.
fn cookie(response: &Response<Body>) -> (String, String) {
    let mut cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let cookie = cookies.next().unwrap().to_str().unwrap();
    assert!(cookies.next().is_none());
    let (value, attributes) = cookie.strip_prefix(&format!("{NAME}=")).unwrap().split_once("; ").unwrap();
    (value.to_owned(), attributes.to_owned())
}

/// The token that a browser keeps after an answer that tells it to no script.
async fn kept(response: Response<Body>) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    let (value, attributes) = cookie(&response);
    assert!(attributes.starts_with("Path=/; Max-Age="), "{attributes}");
    assert!(attributes.ends_with("; Secure; HttpOnly; SameSite=Strict"), "{attributes}");
    let answer = body(response).await;
    assert!(answer.get("refresh_token").is_none() && !answer.to_string().contains(&value), "{answer}");
    value
}

/// That an answer has the browser forget the token.
fn assert_cleared(response: &Response<Body>) {
    let (value, attributes) = cookie(response);
    assert_eq!((value.as_str(), attributes.contains("; Max-Age=0; ")), ("", true), "{attributes}");
}

#[tokio::test]
async fn a_page_logs_in_refreshes_and_logs_out_without_ever_seeing_the_token() {
    let scene = Scene::with_cookies().await;
    let first = scene.log_in_page().await;
    let second = kept(scene.refresh_page(&first).await).await;
    assert_ne!(first, second);
    let response = scene.page_sends("/auth/logout", Some(ORIGIN), Some(&second), "").await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_cleared(&response);
    let response = scene.refresh_page(&second).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_cleared(&response);
    assert_eq!(body(response).await["error"], "invalid_grant");
    // Once more, as a browser does that has forgotten it.
    let response = scene.page_sends("/auth/logout", Some(ORIGIN), None, "").await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let response = scene.page_sends("/auth/refresh", Some(ORIGIN), None, "").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(response).await["code"], "refresh_token_missing");
}

#[tokio::test]
async fn the_cookie_is_set_again_when_the_answer_was_lost() {
    let scene = Scene::with_cookies().await;
    let first = scene.log_in_page().await;
    let lost = kept(scene.refresh_page(&first).await).await;
    scene.clock.advance(Duration::from_secs(9));
    assert_eq!(kept(scene.refresh_page(&first).await).await, lost);
}

#[tokio::test]
async fn a_browser_keeps_the_cookie_for_as_long_as_the_session_lasts() {
    let scene = Scene::with_cookies().await;
    let max_age = |response: &Response<Body>| -> u64 {
        let (_, attributes) = cookie(response);
        let age = attributes.split("; ").find_map(|attribute| attribute.strip_prefix("Max-Age="));
        age.unwrap().parse().unwrap()
    };
    const DAY: u64 = 86_400;
    let response = scene.page_sends("/auth/login", Some(ORIGIN), None, &login()).await;
    assert_eq!(max_age(&response), 14 * DAY);
    let mut token = kept(response).await;
    for day in 1..=8 {
        scene.clock.advance(Duration::from_secs(10 * DAY));
        let response = scene.refresh_page(&token).await;
        // After 14 days without use, and 90 days after the login in any case.
        assert_eq!(max_age(&response), (14 * DAY).min((90 - 10 * day) * DAY), "{day}");
        token = kept(response).await;
    }
}

#[tokio::test]
async fn no_other_origin_uses_the_cookie_or_gets_one() {
    let scene = Scene::with_cookies().await;
    let token = scene.log_in_page().await;
    for (origin, code) in [
        (None, "csrf_origin_missing"),
        (Some("null"), "csrf_origin_refused"),
        (Some("https://evil.example"), "csrf_origin_refused"),
        (Some("https://app.example.com.evil.example"), "csrf_origin_refused"),
        (Some("http://app.example.com"), "csrf_origin_refused"),
        (Some("https://app.example.com:8443"), "csrf_origin_refused"),
    ] {
        for (path, json) in
            [("/auth/refresh", ""), ("/auth/logout", ""), ("/auth/refresh", "{}"), ("/auth/login", &login())]
        {
            let response = scene.page_sends(path, origin, Some(&token), json).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {origin:?}");
            assert!(!response.headers().contains_key(header::SET_COOKIE), "{path} {origin:?}");
            assert_eq!(body(response).await["code"], code, "{path} {origin:?}");
        }
    }
    kept(scene.refresh_page(&token).await).await;
}

#[tokio::test]
async fn an_application_that_forgot_its_token_is_told_so_and_not_that_it_is_logged_out() {
    let scene = Scene::with_cookies().await;
    for path in ["/auth/refresh", "/auth/logout"] {
        let response = scene.page_sends(path, None, None, "").await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(body(response).await["code"], "refresh_token_missing", "{path}");
    }
}

#[tokio::test]
async fn what_comes_in_a_body_is_answered_in_a_body() {
    let scene = Scene::with_cookies().await;
    let in_body = body(scene.post("/auth/login").await).await;
    let in_body = in_body["refresh_token"].as_str().unwrap();
    let in_cookie = scene.log_in_page().await;
    let json = json!({"refresh_token": in_body}).to_string();
    let response = scene.page_sends("/auth/refresh", None, Some(&in_cookie), &json).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key(header::SET_COOKIE));
    let answer = body(response).await;
    let successor = answer["refresh_token"].as_str().unwrap();
    let session = |token: &str| countersign::jwt::base64url::decode(token).unwrap()[1..17].to_vec();
    assert_eq!(session(successor), session(in_body), "the session of the cookie was refreshed");
}

#[tokio::test]
async fn a_cookie_that_is_there_twice_is_not_read() {
    let scene = Scene::with_cookies().await;
    let token = scene.log_in_page().await;
    let twice = format!("{token}; {NAME}={token}");
    let response = scene.refresh_page(&twice).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(response).await["code"], "credentials_repeated");
}

#[tokio::test]
async fn an_outage_takes_no_cookie_away() {
    let scene = Scene::with_cookies().await;
    let token = scene.log_in_page().await;
    scene.service.accounts.store.close().await;
    for path in ["/auth/refresh", "/auth/logout"] {
        let response = scene.page_sends(path, Some(ORIGIN), Some(&token), "").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(!response.headers().contains_key(header::SET_COOKIE), "{path}");
    }
}

#[tokio::test]
async fn who_logs_out_everywhere_loses_the_cookie_too() {
    let scene = Scene::with_cookies().await;
    let response = scene.page_sends("/auth/login", Some(ORIGIN), None, &login()).await;
    let token = cookie(&response).0;
    let access = body(response).await["access_token"].as_str().unwrap().to_owned();
    let everywhere = Request::post("/auth/logout/all")
        .header(header::AUTHORIZATION, format!("Bearer {access}"))
        .header(header::COOKIE, format!("{NAME}={token}"))
        .body(Body::empty());
    let response = scene.send(everywhere.unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_cleared(&response);
}

#[tokio::test]
async fn where_no_origin_is_configured_there_are_no_cookies() {
    let scene = Scene::new().await;
    scene.post("/auth/register").await;
    let response = scene.page_sends("/auth/login", Some(ORIGIN), None, &login()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(response).await["code"], "cookies_not_configured");
    let token = body(scene.post("/auth/login").await).await["refresh_token"].as_str().unwrap().to_owned();
    let response = scene.refresh_page(&token).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(response).await["code"], "refresh_token_missing");
}
