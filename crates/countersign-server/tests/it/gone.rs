//! What goes on when a part of an installation is gone: rows of the failure table of the guide to signing keys.

use std::{fs, path::PathBuf, sync::Arc};

use countersign::{
    AuthError, JwtStrategy, RemoteJwkSet, Strategy as _,
    jwt::{AccessTokenClaims, Verifier},
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    runtime::Runtime,
};

use crate::{
    revocation::until,
    support::{EMAIL, Folder, PASSWORD, Service, Tokens},
};

const ISSUER: (&str, &str) = ("COUNTERSIGN_ISSUER", "https://auth.example");
/// Everything happens as it would within hours, in seconds.
const HURRIED: [(&str, &str); 3] =
    [ISSUER, ("COUNTERSIGN_KEYS_MAX_AGE", "1s"), ("COUNTERSIGN_KEYS_CHECK_EVERY", "200ms")];

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn join(mut one: impl AsyncRead + AsyncWrite + Unpin, mut other: impl AsyncRead + AsyncWrite + Unpin) {
    // Either may end it.
    let _ = copy_bidirectional(&mut one, &mut other).await;
}

/// The ids of the keys that a service publishes.
fn published(service: &Service) -> Vec<String> {
    let keys = service.get("/.well-known/jwks.json", &[]).json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn key_id(token: &str) -> String {
    let header = countersign::jwt::Unverified::decode(token).unwrap().header().to_owned();
    serde_json::from_str::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

/// A verifier elsewhere that keeps the key set for an hour unless a token makes it ask again.
struct Remote {
    runtime: Runtime,
    strategy: JwtStrategy<AccessTokenClaims, RemoteJwkSet>,
}

impl Remote {
    fn of(url: &str) -> Self {
        let runtime = runtime();
        let hour = std::time::Duration::from_secs(3600);
        let set = RemoteJwkSet::from_url(&format!("{url}/.well-known/jwks.json")).unwrap();
        let keys = runtime.block_on(async { set.freshness(hour..=hour).start().unwrap() });
        runtime.block_on(keys.refresh()).unwrap();
        Self { runtime, strategy: JwtStrategy::new(Verifier::access_tokens(ISSUER.1, "countersign"), keys) }
    }

    fn verify(&self, token: &str) -> Result<(), AuthError> {
        let request = axum::http::Request::get("/").header("authorization", format!("Bearer {token}"));
        let (head, ()) = request.body(()).unwrap().into_parts();
        self.runtime.block_on(self.strategy.authenticate(&head)).map(drop)
    }
}

/// One address in front of several services: whoever comes gets the first that answers.
fn one_address_for(runtime: &Runtime, services: &[Service]) -> String {
    let behind: Arc<[_]> = services.iter().map(|service| service.address).collect();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let behind = Arc::clone(&behind);
            tokio::spawn(async move {
                for address in behind.iter() {
                    if let Ok(service) = TcpStream::connect(address).await {
                        return join(stream, service).await;
                    }
                }
            });
        }
    });
    url
}

#[test]
fn with_one_instance_gone_the_others_answer_and_rotate_and_verifiers_fetch_from_them() {
    let folder = Folder::on_postgres();
    let runtime = runtime();
    let services = [folder.serve_with(&HURRIED), folder.serve_with(&HURRIED)];
    services[0].register(EMAIL, PASSWORD);
    let mut tokens = services[0].tokens(EMAIL, PASSWORD);
    let remote = Remote::of(&one_address_for(&runtime, &services));
    let [gone, stays] = services;
    gone.kill();
    drop(gone);

    assert_eq!(stays.profile(&tokens.access).status, 200);
    let next = folder.run_with(["key", "rotate"], "", &HURRIED).ok();
    while key_id(&tokens.access) != next {
        tokens = Tokens::of(&stays.refresh(&tokens.refresh));
    }
    // Of a key that it does not have: it asks where it has always asked.
    assert!(remote.verify(&tokens.access).is_ok());
}

#[test]
fn a_verifier_that_keeps_the_keys_for_an_hour_refuses_nothing_after_an_emergency() {
    let folder = Folder::new();
    let service = folder.serve_with(&HURRIED);
    service.register(EMAIL, PASSWORD);
    let mut tokens = service.tokens(EMAIL, PASSWORD);
    let before = tokens.access.clone();
    let remote = Remote::of(&service.url());
    assert!(remote.verify(&before).is_ok());
    let new = folder.run(["key", "rotate", "--now"], "").ok();
    while key_id(&tokens.access) != new {
        tokens = Tokens::of(&service.refresh(&tokens.refresh));
    }
    for token in [&tokens.access, &before] {
        assert!(remote.verify(token).is_ok());
    }
}

#[test]
fn a_next_key_outlives_the_restart_of_all_instances_and_is_published_anew_before_it_signs() {
    let folder = Folder::on_postgres();
    let patient = [ISSUER, ("COUNTERSIGN_KEYS_MAX_AGE", "10m"), HURRIED[2]];
    let instances = [folder.serve_with(&patient), folder.serve_with(&patient)];
    instances[0].register(EMAIL, PASSWORD);
    let before = instances[0].token(EMAIL, PASSWORD);
    let next = folder.run(["key", "rotate"], "").ok();
    let both = vec![key_id(&before), next.clone()];
    instances.iter().for_each(|instance| until(&both, || published(instance)));
    instances.into_iter().for_each(Service::stop);

    // They have not watched it for any time yet, whatever the clock says.
    let instances = [folder.serve_with(&patient), folder.serve_with(&patient)];
    for instance in &instances {
        assert_eq!(published(instance), both);
        assert_eq!(key_id(&instance.token(EMAIL, PASSWORD)), both[0]);
    }
    instances.into_iter().for_each(Service::stop);
    let instances = [folder.serve_with(&HURRIED), folder.serve_with(&HURRIED)];
    for instance in &instances {
        until(&next, || key_id(&instance.token(EMAIL, PASSWORD)));
        assert_eq!(instance.profile(&before).status, 200);
    }
}

#[test]
fn without_the_master_key_an_instance_that_runs_goes_on_by_the_keys_at_hand_and_none_starts() {
    let folder = Folder::on_postgres();
    let (old, new) = ("11".repeat(32), "22".repeat(32));
    let under = |key| [HURRIED.as_slice(), &[("COUNTERSIGN_MASTER_KEY", key)]].concat();
    let service = folder.serve_with(&under(&old));
    service.register(EMAIL, PASSWORD);
    let tokens = service.tokens(EMAIL, PASSWORD);
    let keys = published(&service);

    // A key that is sealed under a master key which the instance does not have.
    let both = [under(&new), vec![("COUNTERSIGN_OTHER_MASTER_KEYS", old.as_str())]].concat();
    folder.run_with(["key", "rotate", "--now"], "", &both).ok();
    until(&true, || service.log().contains("the signing keys are not up to date; those at hand are used"));
    assert_eq!(service.profile(&tokens.access).status, 200);
    assert_eq!(key_id(&Tokens::of(&service.refresh(&tokens.refresh)).access), keys[0]);
    assert_eq!(published(&service), keys);

    for key in [&old, &"33".repeat(32)] {
        let started = folder.run_with(["serve", "--port", "0"], "", &under(key));
        assert_eq!(
            (started.code, started.err.contains("another master key")),
            (Some(1), true),
            "{started:?}"
        );
    }
}

/// A way to the database that can be cut, for those who take it.
struct Way {
    _folder: tempfile::TempDir,
    socket: PathBuf,
    target: PathBuf,
    url: String,
    open: Option<Runtime>,
}

impl Way {
    /// To the database at this URL, which names the folder of its socket.
    fn to(database: &str) -> Self {
        const SOCKET: &str = ".s.PGSQL.5432";
        let (front, folder_of_server) = database.split_once("?host=").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("{front}?host={}", folder.path().display());
        let socket = folder.path().join(SOCKET);
        let target = PathBuf::from(folder_of_server).join(SOCKET);
        let mut way = Self { _folder: folder, socket, target, url, open: None };
        way.mend();
        way
    }

    fn cut(&mut self) {
        self.open = None;
    }

    fn mend(&mut self) {
        let _ = fs::remove_file(&self.socket);
        let runtime = runtime();
        let listener = runtime.block_on(async { UnixListener::bind(&self.socket) }).unwrap();
        let target = self.target.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let target = target.clone();
                tokio::spawn(async move { join(stream, UnixStream::connect(target).await.unwrap()).await });
            }
        });
        self.open = Some(runtime);
    }
}

#[test]
fn an_instance_that_is_cut_off_from_the_database_answers_by_the_keys_it_knew_and_catches_up() {
    let database = throwaway_postgres::shared().database();
    let mut way = Way::to(&database);
    let master_key =
        [("COUNTERSIGN_MASTER_KEY", "1111111111111111111111111111111111111111111111111111111111111111")];
    let settings = [HURRIED.as_slice(), &master_key].concat();
    let (folder, far) = (Folder::with_database(database), Folder::with_database(way.url.clone()));
    let (near, cut_off) = (folder.serve_with(&settings), far.serve_with(&settings));
    near.register(EMAIL, PASSWORD);
    let before = near.tokens(EMAIL, PASSWORD);
    let remote = Remote::of(&cut_off.url());
    let keys = published(&cut_off);

    way.cut();
    let new = folder.run_with(["key", "rotate", "--now"], "", &settings).ok();
    until(&new, || key_id(&near.token(EMAIL, PASSWORD)));
    let newer = near.token(EMAIL, PASSWORD);
    assert_eq!(cut_off.profile(&before.access).status, 200);
    assert_eq!(
        (cut_off.profile(&newer).status, cut_off.profile(&newer).code().as_str()),
        (503, "keys_unavailable")
    );
    assert_eq!((cut_off.login(EMAIL, PASSWORD).status, published(&cut_off)), (503, keys));
    assert!(remote.verify(&before.access).is_ok());
    // It has asked, and those it asks do not know of the key.
    assert!(remote.verify(&newer).is_err());

    way.mend();
    until(&200, || cut_off.profile(&newer).status);
    until(&true, || remote.verify(&newer).is_ok());
}
