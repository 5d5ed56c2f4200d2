//! `cargo xtask bench live`: what it costs to keep ten thousand streams that end with their token, and how late they end.
//!
//! Server and clients share one thread and speak HTTP over memory, so what is measured beside the streams themselves is the
//! same with a live guard and without.

#![expect(clippy::print_stderr, reason = "talking to the developer is what this program does")]

mod client;
mod report;
mod server;

use std::alloc::System;
use std::process::ExitCode;
use std::time::Duration;

use bench_harness::{Failure, Section};
use countersign::jwt::{Clock, NumericDate, SystemClock};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::task::JoinSet;

use client::Opened;
use report::Kept;
use server::{Kind, Server, Watched};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many streams are open at once.
const STREAMS: u64 = 10_000;
/// How long they are kept before the first ends.
const KEPT: Duration = Duration::from_secs(4);
/// Over how long their ends are spread.
const SPREAD: Duration = Duration::from_secs(4);
/// How long opening them may take.
const OPENING: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    bench_harness::main("bench-live", run)
}

fn run() -> Result<Section, Failure> {
    let mut kept = Vec::new();
    for kind in [Kind::Events, Kind::WebSocket] {
        for watched in [Watched::Not, Watched::Expiry, Watched::Revocation] {
            eprintln!("keeping {STREAMS} of {kind:?}, watched: {watched:?}");
            // One of its own: with it goes whatever is still open.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            kept.push(runtime.block_on(keep(kind, watched))?);
        }
    }
    let title = "Streams that end with their token";
    let section = Section::new("live", title, "cargo xtask bench live", &["countersign", "axum", "tokio"]);
    Ok(section.text(&report::markdown(STREAMS, &kept)))
}

/// Opens the streams, keeps them, and lets them end.
async fn keep(kind: Kind, watched: Watched) -> Result<Kept, Failure> {
    let server = Server::new(kind, watched)?;
    let region = Region::new(ALLOCATOR);
    let (mut streams, first_end) = open(&server).await?;
    let change = region.change();
    let bytes = change.bytes_allocated.saturating_sub(change.bytes_deallocated) as f64;

    let (start, before) = (SystemClock.now(), processor_time()?);
    tokio::time::sleep(first_end.since(start).saturating_sub(Duration::from_millis(100))).await;
    let (idle, elapsed) = (processor_time()?.saturating_sub(before), SystemClock.now().since(start));

    let before = processor_time()?;
    let mut lateness = Vec::new();
    if !matches!(watched, Watched::Not) {
        while let Some(ended) = streams.join_next().await {
            let (due, ended) = ended??;
            // A fraction of a second in JSON is exact to some hundred nanoseconds.
            if ended + Duration::from_millis(1) < due {
                return Err("a stream ended before its token".into());
            }
            lateness.push(ended.since(due));
        }
    }
    Ok(Kept {
        kind,
        watched,
        bytes: bytes / STREAMS as f64,
        idle_share: idle.as_secs_f64() / elapsed.as_secs_f64(),
        ending: processor_time()?.saturating_sub(before) / STREAMS as u32,
        lateness,
    })
}

type Streams = JoinSet<Result<(NumericDate, NumericDate), Failure>>;

/// Opens all streams; when the first of them ends.
async fn open(server: &Server) -> Result<(Streams, NumericDate), Failure> {
    let mut streams = JoinSet::new();
    // Opening takes its time too: ends are reckoned from a moment at which all are open.
    let start = SystemClock.now() + OPENING;
    for number in 0..STREAMS {
        let due = start + KEPT + Duration::from_millis(number * 7_919 % SPREAD.as_millis() as u64);
        let opened = Opened::open(server, due).await?;
        streams.spawn(opened.ended());
    }
    if SystemClock.now() > start {
        return Err("this machine is too busy: the streams could not be opened in time".into());
    }
    Ok((streams, start + KEPT))
}

/// How long this thread, the only one, was on a processor.
fn processor_time() -> Result<Duration, Failure> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")
        .map_err(|error| format!("the time on the processor is read from Linux's /proc: {error}"))?;
    let nanoseconds = statistics.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}
