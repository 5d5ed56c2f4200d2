//! Good requests at a steady rate, on guarded routes of everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bench_harness::Failure;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use super::Verifier;

/// How many requests a second each verifier is sent.
pub(crate) const RATE: u32 = 200;

/// Load that goes on until it is ended.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    started: Instant,
    senders: JoinSet<Result<Vec<Duration>, Failure>>,
}

/// What was answered: all of it well, or there is nothing to report.
pub(crate) struct Served {
    /// Requests per second, of all verifiers together.
    pub(crate) rate: f64,
    /// From when each was due until it was answered, in order of length.
    pub(crate) times: Vec<Duration>,
}

impl Load {
    /// Sends [`RATE`] requests a second with this token to each of these, until [`end`](Self::end).
    pub(crate) fn start(verifiers: &[Verifier], token: &str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let senders = verifiers.iter().map(|verifier| send(*verifier, token.to_owned(), Arc::clone(&over)));
        Self { senders: senders.collect(), over, started: Instant::now() }
    }

    pub(crate) async fn end(mut self) -> Result<Served, Failure> {
        self.over.store(true, Ordering::Relaxed);
        let mut times = Vec::new();
        while let Some(sender) = self.senders.join_next().await {
            times.extend(sender??);
        }
        let rate = times.len() as f64 / self.started.elapsed().as_secs_f64();
        times.sort_unstable();
        Ok(Served { rate, times })
    }
}

async fn send(verifier: Verifier, token: String, over: Arc<AtomicBool>) -> Result<Vec<Duration>, Failure> {
    let mut client = verifier.connect().await?;
    let mut due = interval(Duration::from_secs(1) / RATE);
    let mut times = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let due = due.tick().await;
        client.get(verifier.path, &token).await?.json()?;
        times.push(due.elapsed());
    }
    Ok(times)
}
