//! What one more call costs when there are many sessions already, and what sessions take on the disk.

use std::future::Future;
use std::time::{Duration, Instant};

use bench_harness::Failure;
use countersign::jwt::{Clock, SystemClock};
use countersign::session::{NewSession, SessionId};

use crate::database::{Database, Engine};
use crate::{keys, percentiles, sessions};

/// How many calls of each kind are measured.
const CALLS: usize = 500;
/// How often each session is refreshed to see whether that leaves anything.
const ROUNDS: u32 = 5;

pub(crate) struct Level {
    pub(crate) engine: Engine,
    pub(crate) sessions: i64,
    pub(crate) bytes: i64,
    pub(crate) login: (Duration, Duration),
    pub(crate) refresh: (Duration, Duration),
    pub(crate) list: (Duration, Duration),
}

/// Rows and bytes before and after many refreshes.
pub(crate) struct Wear {
    pub(crate) engine: Engine,
    pub(crate) refreshes: u64,
    pub(crate) rows: [i64; 2],
    pub(crate) bytes: [i64; 2],
}

/// With as many sessions as `level` says, where there were `from` before.
pub(crate) async fn measure(database: &Database, from: u64, level: u64) -> Result<Level, Failure> {
    let store = database.open().await?;
    database.fill(from, level).await?;
    database.settle().await?;
    let (rows, bytes) = (database.rows().await?, database.bytes().await?);
    let (sessions, keys) = (sessions(store.clone())?, keys()?);

    let mut tokens = database.some_sessions(CALLS).await?.into_iter().map(|id| keys.issue(id, 0));
    let refresh = time(|| {
        let token = tokens.next();
        let sessions = &sessions;
        async move {
            let token = token.ok_or("there are fewer sessions than calls")?;
            let _ = sessions.refresh(token.as_str(), None, SystemClock.now()).await?;
            Ok(())
        }
    })
    .await?;
    let mut users = (0..level / 3).step_by(usize::try_from(level / 3)? / CALLS + 1).cycle();
    let list = time(|| {
        let user = format!("{:036}", users.next().unwrap_or_default());
        let sessions = &sessions;
        async move {
            match sessions.list(&user, 100, SystemClock.now()).await?.len() {
                3 => Ok(()),
                count => Err(format!("a user has {count} sessions").into()),
            }
        }
    })
    .await?;
    let login = time(|| {
        let sessions = &sessions;
        async move {
            let login = NewSession::new(SessionId::generate()?, "a new user");
            let _ = sessions.start(login, SystemClock.now()).await?;
            Ok(())
        }
    })
    .await?;
    store.close().await;
    Ok(Level { engine: database.engine, sessions: rows, bytes, login, refresh, list })
}

pub(crate) async fn wear(database: &Database, level: u64) -> Result<Wear, Failure> {
    let store = database.open().await?;
    database.fill(0, level).await?;
    database.settle().await?;
    let before = (database.rows().await?, database.bytes().await?);
    let (sessions, keys) = (sessions(store.clone())?, keys()?);
    let ids = database.some_sessions(usize::try_from(level)?).await?;
    for round in 0..ROUNDS {
        for id in &ids {
            let _ = sessions.refresh(keys.issue(*id, round).as_str(), None, SystemClock.now()).await?;
        }
    }
    database.settle().await?;
    let after = (database.rows().await?, database.bytes().await?);
    store.close().await;
    Ok(Wear {
        engine: database.engine,
        refreshes: level * u64::from(ROUNDS),
        rows: [before.0, after.0],
        bytes: [before.1, after.1],
    })
}

/// The middle and the 99th of a hundred of calls that come one after the other.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
async fn time<F: Future<Output = Result<(), Failure>>>(
    mut call: impl FnMut() -> F,
) -> Result<(Duration, Duration), Failure> {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let start = Instant::now();
        call().await?;
        times.push(start.elapsed());
    }
    Ok(percentiles(times))
}
