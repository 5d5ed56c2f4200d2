//! Logouts, one after the other, and when each verifier refuses.

use std::time::Duration;

use bench_harness::Failure;
use futures_util::future::{try_join, try_join_all};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::client::Client;
use super::{INSTANCES, Session, Verifier};

/// How often a verifier is asked whether it refuses.
pub(crate) const RESOLUTION: Duration = Duration::from_millis(1);
/// No verifier may take so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// From the moment a logout is sent until it is refused, by whom; each in order of length.
#[derive(Default)]
pub(crate) struct Times {
    /// The instance that was asked.
    pub(crate) same: Vec<Duration>,
    /// The last of the other instances.
    pub(crate) others: Vec<Duration>,
    /// The last reader of the feed.
    pub(crate) readers: Vec<Duration>,
    /// The last of all.
    pub(crate) all: Vec<Duration>,
}

/// Ends every one of these sessions, at one instance after the other. The first verifiers are the instances.
pub(crate) async fn follow(verifiers: &[Verifier], sessions: &[Session]) -> Result<Times, Failure> {
    let mut clients = try_join_all(verifiers.iter().map(Verifier::connect)).await?;
    let mut askers = try_join_all(verifiers[..INSTANCES].iter().map(Verifier::connect)).await?;
    let mut times = Times::default();
    for (number, session) in sessions.iter().enumerate() {
        for (client, verifier) in clients.iter_mut().zip(verifiers) {
            client.get(verifier.path, &session.access).await?.json()?;
        }
        let asked = number % INSTANCES;
        let begun = Instant::now();
        let log_out = log_out(&mut askers[asked], session);
        let refused = clients.iter_mut().zip(verifiers);
        let refused = refused.map(|(client, verifier)| refusal(client, verifier.path, session, begun));
        let ((), refused) = try_join(log_out, try_join_all(refused)).await?;
        times.add(asked, &refused);
    }
    for list in [&mut times.same, &mut times.others, &mut times.readers, &mut times.all] {
        list.sort_unstable();
    }
    Ok(times)
}

impl Times {
    fn add(&mut self, asked: usize, refused: &[Duration]) {
        let (mut others, readers) = (refused[..INSTANCES].to_vec(), &refused[INSTANCES..]);
        self.same.push(others.swap_remove(asked));
        self.others.extend(others.iter().max());
        self.readers.extend(readers.iter().max());
        self.all.extend(refused.iter().max());
    }
}

async fn log_out(client: &mut Client, session: &Session) -> Result<(), Failure> {
    client.post("/auth/logout", &json!({"refresh_token": session.refresh})).await?.json().map(drop)
}

/// How long after `begun` the token of a session is refused.
async fn refusal(
    client: &mut Client,
    path: &str,
    session: &Session,
    begun: Instant,
) -> Result<Duration, Failure> {
    let mut ticks = interval(RESOLUTION);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while begun.elapsed() < PATIENCE {
        ticks.tick().await;
        match client.get(path, &session.access).await?.status {
            200 => {}
            401 => return Ok(begun.elapsed()),
            status => return Err(format!("a verifier answers {status}").into()),
        }
    }
    Err("a verifier does not refuse".into())
}
