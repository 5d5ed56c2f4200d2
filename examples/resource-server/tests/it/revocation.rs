//! What an API knows by the feed of its issuer, and what it answers while the feed is away.

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use countersign::jwt::{Clock, SystemClock};
use countersign_server::config::{Config, Flags, Surroundings};
use countersign_server::{Service, router};
use hyper::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{Api, post};

const FEED_KEY: &str = "0123456789abcdef0123456789abcdef";
/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The service of Countersign, with a user.
struct Issuer {
    folder: TempDir,
    address: String,
}

/// A login.
struct Session {
    access: String,
    refresh: String,
}

impl Issuer {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("feed-key"), FEED_KEY).expect("a file");
        let variables = [("COUNTERSIGN_REVOCATION_FEED_KEY", FEED_KEY)];
        let surroundings = Surroundings {
            variables: variables.map(|(name, value)| (OsString::from(name), OsString::from(value))).into(),
            working_directory: folder.path().to_owned(),
        };
        let config = Config::load(&Flags::default(), &surroundings).expect("a configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = Self { folder, address: listener.local_addr().expect("an address").to_string() };
        let service =
            Service::start(&config, &issuer.name(), Arc::new(SystemClock)).await.expect("it starts");
        tokio::spawn(
            async move { axum::serve(listener, router(Arc::new(service))).await.expect("it serves") },
        );
        let (status, _) = post(&issuer.address, "/auth/register", &credentials()).await;
        assert!(status.is_success(), "{status}");
        issuer
    }

    fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn log_in(&self) -> Session {
        let (status, answer) = post(&self.address, "/auth/login", &credentials()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let text = |name: &str| answer[name].as_str().expect("a token").to_owned();
        Session { access: text("access_token"), refresh: text("refresh_token") }
    }

    async fn log_out(&self, session: &Session) {
        let body = json!({"refresh_token": session.refresh});
        assert!(post(&self.address, "/auth/logout", &body).await.0.is_success());
    }

    /// An API that has its keys from here, and reads the feed at this address.
    fn api(&self, feed: &str) -> Api {
        let keys = format!("{}/.well-known/jwks.json", self.name());
        let revocations = format!("http://{feed}/auth/revocations");
        let key = self.folder.path().join("feed-key");
        let key = key.to_str().expect("a name in UTF-8");
        let told = ["--revocations-url", &revocations, "--feed-key-file", key];
        let issuer = ["--issuer", &self.name(), "--jwks-url", &keys];
        Api::start("countersign", &[issuer, told].concat())
    }
}

fn credentials() -> serde_json::Value {
    json!({"email": "ada@example.com", "password": "correct horse battery"})
}

/// The way from an API to its issuer, which can be cut.
struct Way {
    address: String,
    open: watch::Sender<bool>,
}

impl Way {
    async fn to(issuer: &Issuer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (open, opened) = watch::channel(true);
        let target = issuer.address.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut opened, target) = (opened.clone(), target.clone());
                tokio::spawn(async move {
                    let through = async {
                        let mut far = TcpStream::connect(target).await?;
                        tokio::io::copy_bidirectional(&mut near, &mut far).await
                    };
                    // Both connections end with this, and a new one as soon as it is there.
                    tokio::select! {
                        biased;
                        _ = opened.wait_for(|open| !open) => {}
                        _ = through => {}
                    }
                });
            }
        });
        Self { address, open }
    }
}

type Answer = (u16, Option<String>);

/// What the bearer of a token is answered.
async fn answer(api: &Api, path: &str, session: &Session) -> Answer {
    let (status, body) = api.present(path, &session.access).await;
    (status.as_u16(), body["code"].as_str().map(str::to_owned))
}

fn good() -> Answer {
    (200, None)
}

fn revoked() -> Answer {
    (401, Some("token_revoked".to_owned()))
}

fn unknown() -> Answer {
    (503, Some("revocation_unknown".to_owned()))
}

/// Asks until the answer is this one.
async fn until(expected: &Answer, api: &Api, path: &str, session: &Session) {
    let begun = SystemClock.now();
    let mut last = answer(api, path, session).await;
    while last != *expected && SystemClock.now().since(begun) < PATIENCE {
        last = answer(api, path, session).await;
    }
    assert_eq!(last, *expected);
}

#[tokio::test]
async fn with_the_feed_cut_each_route_follows_its_policy_and_afterwards_no_logout_was_missed() {
    let issuer = Issuer::start().await;
    let way = Way::to(&issuer).await;
    let api = issuer.api(&way.address);
    let (stays, early) = (issuer.log_in().await, issuer.log_in().await);
    let late = [issuer.log_in().await, issuer.log_in().await, issuer.log_in().await];
    until(&good(), &api, "/api", &stays).await;
    assert_eq!(answer(&api, "/api", &early).await, good());
    issuer.log_out(&early).await;
    until(&revoked(), &api, "/api", &early).await;

    way.open.send_replace(false);
    for session in &late {
        issuer.log_out(session).await;
    }
    // After its ten seconds, who fails closed lets nobody pass; what was known before is still known.
    until(&unknown(), &api, "/api", &stays).await;
    for session in &late {
        assert_eq!(answer(&api, "/api", session).await, unknown());
        assert_eq!(answer(&api, "/catalogue", session).await, good());
    }
    assert_eq!(answer(&api, "/catalogue", &stays).await, good());
    for path in ["/api", "/catalogue"] {
        assert_eq!(answer(&api, path, &early).await, revoked());
    }

    way.open.send_replace(true);
    // It is sure of the one no sooner than it knows of the others.
    until(&good(), &api, "/api", &stays).await;
    for session in late.iter().chain([&early]) {
        for path in ["/api", "/catalogue"] {
            assert_eq!(answer(&api, path, session).await, revoked());
        }
    }
    assert_eq!(answer(&api, "/catalogue", &stays).await, good());
}

#[tokio::test]
async fn an_api_that_starts_late_never_lets_pass_who_has_logged_out_before() {
    let issuer = Issuer::start().await;
    let (stays, gone) = (issuer.log_in().await, issuer.log_in().await);
    issuer.log_out(&gone).await;
    let api = issuer.api(&issuer.address);
    let mut first = answer(&api, "/api", &gone).await;
    while first == unknown() {
        first = answer(&api, "/api", &gone).await;
    }
    assert_eq!(first, revoked());
    until(&good(), &api, "/api", &stays).await;
}
