//! Revoking a token by having it (RFC 7009), and what it costs.

use countersign::{
    jwt::{Claims, Clock as _, Signer, SigningKey, base64url},
    revocation::{Entry, Target, TokenNames},
};
use countersign_store::Revoked;

use super::*;

const ISSUER: &str = "https://auth.example";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn form(body: impl Into<Body>) -> Request<Body> {
    super::form("/auth/revoke", body)
}

/// A signer of tokens that the service takes for its own.
fn signer(scene: &Scene, lifetime: Duration) -> Signer {
    Signer::access_tokens(scene.service.keys.keys().signing.clone(), ISSUER, "countersign", lifetime)
}

/// A good token but for its `jti`, which the signer would have made.
fn without_id(scene: &Scene) -> String {
    let now = scene.clock.now().as_secs();
    let claims = json!({"iss": ISSUER, "aud": "countersign", "sub": "script", "iat": now, "exp": now + 60});
    let header = json!({"alg": "HS256", "typ": "at+jwt"});
    let input =
        format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
    let signature = scene.service.keys.keys().signing.sign_bytes(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url::encode(signature))
}

fn claims() -> Value {
    json!({"client_id": "script", "email": EMAIL})
}

impl Scene {
    /// With somebody who has an account.
    async fn with_account() -> Self {
        let scene = Self::new().await;
        scene.post("/auth/register").await;
        scene
    }

    async fn revoke(&self, token: &str) -> (StatusCode, usize) {
        let response = self.send(form(format!("token={token}"))).await;
        let status = response.status();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        (status, to_bytes(response.into_body(), 65_536).await.unwrap().len())
    }

    /// What is written down about users and tokens.
    async fn written(&self) -> Vec<Revoked> {
        self.service.accounts.store.revoked_since(None, NumericDate::from_secs(0)).await.unwrap()
    }

    async fn code(&self, token: &str) -> Value {
        body(self.profile(token).await).await["code"].take()
    }
}

const NOTHING: (StatusCode, usize) = (StatusCode::OK, 0);

#[tokio::test]
async fn a_token_is_refused_from_the_answer_on_and_what_is_revoked_twice_is_written_once() {
    let scene = Scene::with_account().await;
    let (token, other) = (scene.token().await, scene.token().await);
    assert_eq!(scene.revoke(&token).await, NOTHING);
    assert_eq!(scene.code(&token).await, "token_revoked");
    assert_eq!(scene.profile(&other).await.status(), StatusCode::OK);
    let written = scene.written().await;
    assert_eq!(written.len(), 1);
    // Its lifetime, and how far clocks may differ.
    assert_eq!(written[0].counts_until.since(scene.clock.now()), Duration::from_secs(15 * 60 + 60));

    scene.clock.advance(Duration::from_secs(5));
    assert_eq!(scene.revoke(&token).await, NOTHING);
    assert_eq!(scene.written().await, written);
}

#[tokio::test]
async fn what_is_not_a_good_token_of_ours_is_answered_the_same_and_writes_nothing() {
    let scene = Scene::with_account().await;
    let token = scene.token().await;
    let foreign = SigningKey::from_secret(countersign::jwt::Algorithm::Hs256, &[7; 32]).unwrap();
    let foreign = Signer::access_tokens(foreign, ISSUER, "countersign", DAY);
    let elsewhere = scene.service.keys.keys().signing.clone();
    let elsewhere = Signer::access_tokens(elsewhere, "https://elsewhere.example", "countersign", DAY);
    let no_access_token = signer(&scene, DAY).token_type("other+jwt");
    let now = scene.clock.now();
    for signer in [foreign, elsewhere, no_access_token] {
        assert_eq!(scene.revoke(&signer.sign(&Claims::new(claims()), now).unwrap()).await, NOTHING);
    }
    for garbage in ["x", "a.b.c", "%20", &"A".repeat(16_000)] {
        assert_eq!(scene.revoke(garbage).await, NOTHING, "{garbage}");
    }
    for place in (0..token.len()).step_by(7) {
        let mut flipped = token.clone().into_bytes();
        // Another letter of the same alphabet, except for the dots.
        flipped[place] = if flipped[place] == b'A' { b'B' } else { b'A' };
        assert_eq!(scene.revoke(std::str::from_utf8(&flipped).unwrap()).await, NOTHING, "{place}");
    }
    assert_eq!(scene.profile(&token).await.status(), StatusCode::OK);
    // No verifier takes it any more, however far its clock is behind.
    scene.clock.advance(Duration::from_secs(15 * 60 + 60));
    assert_eq!(scene.revoke(&token).await, NOTHING);
    assert_eq!(scene.written().await, []);
}

#[tokio::test]
async fn a_token_that_verifiers_with_slow_clocks_take_is_revoked_although_it_has_expired_here() {
    let scene = Scene::with_account().await;
    let token = scene.token().await;
    scene.clock.advance(Duration::from_secs(15 * 60 + 59));
    assert_eq!(scene.revoke(&token).await, NOTHING);
    assert_eq!(scene.written().await.len(), 1);
}

#[tokio::test]
async fn a_token_for_another_audience_of_ours_is_revoked_too() {
    let scene = Scene::with_account().await;
    let key = scene.service.keys.keys().signing.clone();
    let signer = Signer::access_tokens(key, ISSUER, "https://orders.example", DAY);
    let claims = Claims::new(claims()).token_id("for-orders");
    assert_eq!(scene.revoke(&signer.sign(&claims, scene.clock.now()).unwrap()).await, NOTHING);
    assert_eq!(scene.written().await[0].entry.target, Target::Token("for-orders".into()));
}

#[tokio::test]
async fn a_token_that_lives_longer_than_others_is_refused_until_it_expires_and_after_a_new_start() {
    let scene = Scene::with_account().await;
    let claims = Claims::new(claims()).subject("script").token_id("long-lived");
    let token = signer(&scene, 30 * DAY).sign(&claims, scene.clock.now()).unwrap();
    assert_eq!(scene.profile(&token).await.status(), StatusCode::OK);
    assert_eq!(scene.revoke(&token).await, NOTHING);
    scene.clock.advance(29 * DAY);
    // What is looked through now and then is looked through now.
    scene.service.accounts.revocations.merge([Entry::user("another", scene.clock.now())], scene.clock.now());
    assert_eq!(scene.code(&token).await, "token_revoked");

    let again = Service::for_tests(scene._folder.path(), scene.clock.clone()).await;
    let names = TokenNames { token_id: Some("long-lived"), ..TokenNames::default() };
    assert!(again.accounts.revocations.find(names).is_some());
}

#[tokio::test]
async fn a_good_token_without_an_id_that_can_be_kept_is_told_that_its_kind_is_not_supported() {
    let scene = Scene::with_account().await;
    let now = scene.clock.now();
    let signer = signer(&scene, DAY);
    let of = |id: &str| signer.sign(&Claims::new(claims()).token_id(id), now).unwrap();
    for token in [without_id(&scene), of(""), of("a\0b"), of(&"x".repeat(256))] {
        let response = scene.send(form(format!("token={token}"))).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let problem = body(response).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(problem, @r#"{"code":"token_without_id","detail":"The token has no `jti`, so it cannot be revoked alone.","error":"unsupported_token_type","status":400,"title":"Bad Request","type":"about:blank"}"#);
        }
    }
    assert_eq!(scene.written().await, []);
}

#[tokio::test]
async fn a_form_that_does_not_say_which_token_is_told_so() {
    let scene = Scene::new().await;
    for (sent, code) in [
        ("", "token_missing"),
        ("token=", "token_missing"),
        ("Token=x", "token_missing"),
        ("token_type_hint=access_token", "token_missing"),
        ("token=x&token=x", "field_repeated"),
        ("token=x&token=y", "field_repeated"),
        ("token=x&%74oken=y", "field_repeated"),
        ("token=x&token_type_hint=a&token_type_hint=a", "field_repeated"),
        ("token=%", "body_malformed"),
        ("token=%ff", "body_malformed"),
    ] {
        let response = scene.send(form(sent)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{sent}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json", "{sent}");
        let problem = body(response).await;
        assert_eq!(
            (&problem["code"], &problem["error"]),
            (&json!(code), &json!("invalid_request")),
            "{sent}"
        );
    }
    // A hint that nobody knows is none, and neither are other fields (RFC 7009 §2.1).
    for sent in ["token=x&token_type_hint=saml", "token_type_hint=refresh_token&token=x&client_id=app"] {
        assert_eq!(scene.send(form(sent)).await.status(), StatusCode::OK, "{sent}");
    }
    let json = scene.send(post("/auth/revoke", json!({"token": "x"}).to_string())).await;
    assert_eq!(json.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(body(json).await["code"], "media_type_unsupported");
    let long = scene.send(form(format!("token={}", "A".repeat(16 * 1024)))).await;
    assert_eq!(long.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let get = scene.send(Request::get("/auth/revoke?token=x").body(Body::empty()).unwrap()).await;
    assert_eq!(get.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_hint_that_is_wrong_changes_nothing() {
    let scene = Scene::with_account().await;
    let login = body(scene.post("/auth/login").await).await;
    let text = |name: &str| login[name].as_str().unwrap().to_owned();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    let sent = format!("token={access}&token_type_hint=refresh_token");
    assert_eq!(scene.send(form(sent)).await.status(), StatusCode::OK);
    assert_eq!(scene.written().await.len(), 1);
    let other =
        body(scene.send(post("/auth/refresh", json!({"refresh_token": refresh}).to_string())).await).await;
    let other = other["access_token"].as_str().unwrap();
    assert_eq!(scene.profile(other).await.status(), StatusCode::OK);
    let sent = format!("token={refresh}&token_type_hint=access_token");
    assert_eq!(scene.send(form(sent)).await.status(), StatusCode::OK);
    assert_eq!(scene.code(other).await, "token_revoked");
}

#[tokio::test]
async fn the_cookie_is_not_read_so_no_page_has_a_browser_revoke_it() {
    let origin = "https://app.example.com";
    let scene = Scene::with(&[("COUNTERSIGN_SESSION_COOKIE_ORIGINS", origin)]).await;
    scene.post("/auth/register").await;
    let login = body(scene.post("/auth/login").await).await;
    let cookie = format!("__Host-refresh_token={}", login["refresh_token"].as_str().unwrap());
    let mut request = form("token_type_hint=refresh_token");
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    assert_eq!(scene.send(request).await.status(), StatusCode::BAD_REQUEST);
    let token = login["access_token"].as_str().unwrap();
    assert_eq!(scene.profile(token).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_a_database_nothing_is_promised() {
    let scene = Scene::with_account().await;
    let login = body(scene.post("/auth/login").await).await;
    scene.service.accounts.store.close().await;
    for name in ["access_token", "refresh_token"] {
        let response = scene.send(form(format!("token={}", login[name].as_str().unwrap()))).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{name}");
        assert!(response.headers().contains_key(header::RETRY_AFTER), "{name}");
    }
    assert_eq!(scene.profile(login["access_token"].as_str().unwrap()).await.status(), StatusCode::OK);
    assert_eq!(scene.revoke("garbage").await, NOTHING);
}
