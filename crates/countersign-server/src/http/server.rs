//! From a listener to requests: connections that cannot be held open for ever, and an end that finishes what began.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tower::ServiceExt as _;

/// How long a connection may take to send the head of its next request; longer than the minute for which proxies keep
/// an idle connection, so that none is closed under a request of theirs.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// The largest head of a request. A token is the largest thing in it.
const HEAD_LIMIT: usize = 32 * 1024;

/// How many connections are open at once; the next ones wait in the operating system's queue.
const MOST_CONNECTIONS: usize = 4_096;

/// How long to wait after a failed `accept`: it fails when file descriptors run out, and fails again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every request that had begun was answered.
    Finished,
    /// The time to finish was over first.
    CutOff,
}

/// What answers that never end are told by that the service is to end, in the extensions of a request.
#[derive(Debug, Clone)]
pub(super) struct Stopped(watch::Receiver<()>);

impl Stopped {
    /// When the service is to end.
    pub(super) async fn wait(mut self) {
        // The sender says nothing, and is gone then.
        let _ = self.0.changed().await;
    }
}

/// Serves until `stop` is ready, then lets the requests in flight finish until `cut_off` is ready.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    cut_off: impl Future<Output = ()>,
) -> Ending {
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let (running, stopped) = watch::channel(());
    let stopped = Stopped(stopped);
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            // The semaphore is never closed, so a place always comes.
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(stream, peer, router.clone(), &connections, stopped.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, running));
    tokio::select! {
        () = connections.shutdown() => Ending::Finished,
        () = cut_off => Ending::CutOff,
    }
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    connections: &GracefulShutdown,
    stopped: Stopped,
) -> impl Future<Output = ()> + use<> {
    // Answers are small and complete: nothing is gained by waiting for more. Without it they are only slower.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(stopped.clone());
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = connections.watch(connection);
    async move {
        // A client that hangs up or sends garbage is no failure of ours.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
