//! What the guide says an answer means.

use std::collections::BTreeSet;

use countersign::session::{RefreshTokenKeys, Session, SessionId, SessionStore as _};

use super::*;

const GUIDE: &str = include_str!("../../../../../docs/guide/sessions.md");

/// The statuses and codes of the table of answers.
fn told() -> BTreeSet<(u16, String)> {
    let (_, section) = GUIDE.split_once("## What an answer to a refresh means").unwrap();
    let rows = section.split("\n## ").next().unwrap().lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    // The head of the table and the answer that was lost have no status.
    cells.filter_map(|cells| Some((cells[0].parse().ok()?, cells[1].trim_matches('`').to_owned()))).collect()
}

/// Refreshes of which each goes another way, and their answers.
struct Provoked {
    scene: Scene,
    answers: BTreeSet<(u16, String)>,
}

impl Provoked {
    async fn send(&mut self, request: Request<Body>) {
        let response = self.scene.send(request).await;
        let status = response.status().as_u16();
        let code = body(response).await["code"].as_str().unwrap_or_default().to_owned();
        self.answers.insert((status, code));
    }

    async fn refresh(&mut self, token: &str) {
        self.send(post("/auth/refresh", json!({"refresh_token": token}).to_string())).await;
    }

    /// A refresh of a page that sends these headers.
    async fn page_sends(&mut self, headers: &[(header::HeaderName, &str)]) {
        let request = Request::post("/auth/refresh");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
        self.send(request.body(Body::empty()).unwrap()).await;
    }

    async fn log_in(&self) -> String {
        let answer = body(self.scene.post("/auth/login").await).await;
        answer["refresh_token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn the_guide_has_every_answer_to_a_refresh_and_no_other() {
    let origin = "https://app.example.com";
    let scene = Scene::with(&[("COUNTERSIGN_SESSION_COOKIE_ORIGINS", origin)]).await;
    scene.post("/auth/register").await;
    let mut provoked = Provoked { scene, answers: BTreeSet::new() };
    let keys = RefreshTokenKeys::new(b"a secret of more than thirty-two bytes").unwrap();
    let unknown = SessionId::from_bytes([7; 16]);

    // No body, or a bad one.
    provoked.page_sends(&[(header::ORIGIN, origin)]).await;
    let cookie = (header::COOKIE, "__Host-refresh_token=a");
    provoked.page_sends(std::slice::from_ref(&cookie)).await;
    provoked.page_sends(&[(header::ORIGIN, "https://evil.example"), cookie]).await;
    let twice = "__Host-refresh_token=a; __Host-refresh_token=b";
    provoked.page_sends(&[(header::ORIGIN, origin), (header::COOKIE, twice)]).await;
    provoked.send(post("/auth/refresh", "{")).await;
    provoked.send(Request::post("/auth/refresh").body("text".into()).unwrap()).await;

    for sent in [
        "refresh_token=x",
        "grant_type=password",
        "grant_type=refresh_token&scope=a",
        "grant_type=refresh_token&grant_type=refresh_token",
    ] {
        provoked.send(form("/auth/refresh", sent)).await;
    }

    // No token, or one of no session.
    provoked.refresh("garbage").await;
    let forged = RefreshTokenKeys::new(&[9; 32]).unwrap().issue(unknown, 0);
    provoked.refresh(forged.as_str()).await;
    provoked.refresh(keys.issue(unknown, 0).as_str()).await;

    // Tokens that were good.
    let (idle, expired) = (provoked.log_in().await, provoked.log_in().await);
    let expired = keys.authenticate(&expired).unwrap();
    let token = provoked.log_in().await;
    provoked.refresh(&token).await;
    provoked.scene.clock.advance(Duration::from_secs(10));
    provoked.refresh(&token).await;
    provoked.refresh(&token).await;
    let ahead = keys.authenticate(&provoked.log_in().await).unwrap();
    provoked.refresh(keys.issue(ahead.session_id(), 5).as_str()).await;
    let store = provoked.scene.service.accounts.store.clone();
    let worn_out = Session {
        id: unknown,
        counter: u32::MAX,
        status_index: None,
        ..store.load(expired.session_id()).await.unwrap().unwrap()
    };
    assert!(store.insert(&worn_out).await.unwrap());
    provoked.refresh(keys.issue(unknown, u32::MAX).as_str()).await;
    provoked.scene.clock.advance(Duration::from_secs(14 * 86_400));
    provoked.refresh(&idle).await;
    provoked.scene.clock.advance(Duration::from_secs(76 * 86_400));
    provoked.refresh(expired.as_str()).await;

    store.close().await;
    provoked.refresh(&idle).await;
    assert_eq!(provoked.answers, told());
}
