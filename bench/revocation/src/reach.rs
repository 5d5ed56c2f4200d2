//! How soon verifiers elsewhere refuse: all that the feed does, except for the network.

use std::time::{Duration, Instant};

use bench_harness::Failure;
use countersign::jwt::{Clock, SystemClock};
use countersign::revocation::{Entry, RemoteRevocations, TokenNames};
use countersign_testkit::{FakeRevocations, TestIssuer};
use tokio::task::yield_now;

use crate::{SESSIONS, revoked, session};

/// How many verifiers read the feed.
const VERIFIERS: usize = 2;
/// How many revocations are followed, one at a time.
const REVOCATIONS: u64 = 1_000;

/// How long verifiers take.
pub(crate) struct Reach {
    /// Until one that joins late knows everything.
    pub(crate) joining: Duration,
    /// From each revocation until every verifier refuses, in order of length.
    pub(crate) refused: Vec<Duration>,
}

pub(crate) fn measure() -> Result<Reach, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(follow())
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
async fn follow() -> Result<Reach, Failure> {
    let issuer = TestIssuer::new();
    let source = FakeRevocations::new(issuer.name(), issuer.signing_key(), SystemClock);
    for entry in revoked(SESSIONS, SystemClock.now()) {
        source.revoke(entry);
    }
    let start = Instant::now();
    let first = join(&issuer, &source).await?;
    let joining = start.elapsed();
    let mut verifiers = vec![first];
    while verifiers.len() < VERIFIERS {
        verifiers.push(join(&issuer, &source).await?);
    }

    let mut refused = Vec::new();
    for number in SESSIONS..SESSIONS + REVOCATIONS {
        let names = TokenNames { session_id: Some(session(number)), ..TokenNames::default() };
        let start = Instant::now();
        source.revoke(Entry::session(session(number), SystemClock.now()));
        while verifiers.iter().any(|verifier| verifier.view().find(names).is_none()) {
            yield_now().await;
        }
        refused.push(start.elapsed());
    }
    if verifiers.iter().any(|verifier| verifier.status().snapshots != 1) {
        return Err("a verifier was told by another snapshot, not by the feed".into());
    }
    refused.sort_unstable();
    Ok(Reach { joining, refused })
}

/// A verifier that knows everything and reads on.
async fn join(issuer: &TestIssuer, source: &FakeRevocations) -> Result<RemoteRevocations, Failure> {
    let builder = RemoteRevocations::from_url(FakeRevocations::URL, issuer.name())?;
    let verifier = builder.start_with(source.clone(), issuer.keys())?;
    while verifier.view().len() < SESSIONS as usize {
        if let Some(failure) = verifier.status().failure {
            return Err(failure.into());
        }
        yield_now().await;
    }
    Ok(verifier)
}
