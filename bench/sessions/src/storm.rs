//! Many clients that refresh, each its own session, one refresh after the other.

use std::time::{Duration, Instant};

use bench_harness::Failure;
use countersign::jwt::{Clock, SystemClock};
use countersign::session::{NewSession, SessionId, Sessions};
use countersign_store::Store;
use tokio::task::JoinSet;

use crate::database::{Database, Engine};
use crate::{percentiles, sessions};

pub(crate) struct Storm {
    pub(crate) engine: Engine,
    pub(crate) instances: usize,
    pub(crate) clients: usize,
    pub(crate) per_second: f64,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
pub(crate) async fn measure(
    database: &Database,
    instances: usize,
    clients: usize,
    lasting: Duration,
) -> Result<Storm, Failure> {
    let mut stores = Vec::new();
    for _ in 0..instances {
        stores.push(database.open().await?);
    }
    let mut storm = JoinSet::new();
    let start = Instant::now();
    for client in 0..clients {
        storm.spawn(refresh(sessions(stores[client % instances].clone())?, start + lasting));
    }
    let mut times = Vec::new();
    while let Some(client) = storm.join_next().await {
        times.extend(client??);
    }
    let per_second = times.len() as f64 / start.elapsed().as_secs_f64();
    for store in stores {
        store.close().await;
    }
    let (median, p99) = percentiles(times);
    Ok(Storm { engine: database.engine, instances, clients, per_second, median, p99 })
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
async fn refresh(sessions: Sessions<Store>, until: Instant) -> Result<Vec<Duration>, Failure> {
    let login = NewSession::new(SessionId::generate()?, "somebody");
    let mut token = sessions.start(login, SystemClock.now()).await?.token;
    let mut times = Vec::new();
    loop {
        let start = Instant::now();
        if start >= until {
            return Ok(times);
        }
        token = sessions.refresh(token.as_str(), None, SystemClock.now()).await?.token;
        times.push(start.elapsed());
    }
}
