//! A server that is away, and one that has vanished without a word: an answer within bounds, and no grudge afterwards.

use std::path::PathBuf;
use std::time::Duration;

use countersign::session::{SessionId, SessionStore, SessionStoreError};
use countersign_store::{InsertUserError, OpenError, Store, StoreError};
use throwaway_postgres::Server;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{at, user};

/// Longer than a caller ever waits, on a machine that is busy with other tests.
const BOUND: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_is_unavailable_and_is_used_again_when_it_is_back() {
    let server = Server::start();
    let store = Store::open(&server.database()).await.unwrap();
    store.insert_user(&user("user-1", "ada@example.org")).await.unwrap();
    let id = SessionId::from_bytes([1; 16]);

    server.stop();
    let asked = async {
        assert!(matches!(store.health().await, Err(StoreError::Unavailable { .. })));
        assert!(matches!(store.user_by_id("user-1").await, Err(StoreError::Unavailable { .. })));
        let new = user("user-2", "bob@example.org");
        let inserted = store.insert_user(&new).await;
        assert!(matches!(inserted, Err(InsertUserError::Store(StoreError::Unavailable { .. }))));
        assert!(matches!(store.load(id).await, Err(SessionStoreError::Unavailable { .. })));
        assert!(matches!(store.purge(at(0), 1).await, Err(SessionStoreError::Unavailable { .. })));
    };
    timeout(BOUND, asked).await.unwrap();

    server.start_again();
    assert!(store.user_by_id("user-1").await.unwrap().is_some());
    assert!(store.user_by_id("user-2").await.unwrap().is_none());
    store.insert_user(&user("user-2", "bob@example.org")).await.unwrap();
    assert_eq!(store.load(id).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_vanishes_from_the_network_is_unavailable_until_it_is_back() {
    let url = throwaway_postgres::shared().database();
    let network = Network::before(&url).await;
    let store = Store::open(&network.url).await.unwrap();
    assert_eq!(store.health().await, Ok(()));

    network.cut.send_replace(true);
    assert!(matches!(timeout(BOUND, store.health()).await.unwrap(), Err(StoreError::Unavailable { .. })));
    let opened = timeout(BOUND, Store::open(&network.url)).await.unwrap();
    assert!(matches!(opened, Err(OpenError::Unreachable { .. })), "{opened:?}");

    network.cut.send_replace(false);
    assert_eq!(timeout(BOUND, store.health()).await.unwrap(), Ok(()));
}

/// A network between a store and its server. While it is cut, connections stay open and nothing comes through.
struct Network {
    url: String,
    cut: watch::Sender<bool>,
}

impl Network {
    async fn before(url: &str) -> Self {
        let (rest, folder) = url.split_once("?host=").unwrap();
        let socket = PathBuf::from(folder).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = rest.replace("@localhost/", &format!("@127.0.0.1:{port}/"));
        let (cut, watched) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (socket, mut watched) = (socket.clone(), watched.clone());
                tokio::spawn(async move {
                    let mut far = UnixStream::connect(socket).await.unwrap();
                    let cut = async { watched.wait_for(|cut| *cut).await.map(drop) };
                    tokio::select! {
                        biased;
                        // For this connection for good: what was under way is lost.
                        _ = cut => std::future::pending().await,
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                    }
                });
            }
        });
        Self { url, cut }
    }
}
