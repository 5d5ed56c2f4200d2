//! `cargo xtask bench sessions`: refreshes per second on SQLite and PostgreSQL, of one instance and of two; what a session
//! takes on the disk; and how both grow from a thousand sessions to a million.
//!
//! An instance is a store with connections of its own, as each process of the service has one. HTTP and the signature of the
//! access token are not in these figures.

#![expect(clippy::print_stderr, reason = "talking to the developer is what this program does")]

mod database;
mod growth;
mod report;
mod storm;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bench_harness::{Failure, Section};
use countersign::session::{RefreshTokenKeys, SessionPolicy, Sessions};
use countersign_store::Store;
use throwaway_postgres::Server;

use database::{Database, Engine};
use report::Report;

/// How many instances, and how many clients that refresh one after the other.
const STORMS: [(usize, usize); 4] = [(1, 1), (1, 16), (2, 16), (2, 64)];
/// How long each storm lasts.
const STORM: Duration = Duration::from_secs(4);
/// How many sessions there are when the cost of one more call is measured.
const LEVELS: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (document, levels) = match words.as_slice() {
        [] => (None, LEVELS.as_slice()),
        [word] if word == "--quick" => (None, &LEVELS[..2]),
        [word, file] if word == "--write" => (Some(Path::new(file)), LEVELS.as_slice()),
        _ => {
            eprintln!("Usage: bench-sessions [--quick] [--write FILE]");
            return ExitCode::from(2);
        }
    };
    bench_harness::conclude(run(document, levels))
}

fn run(document: Option<&Path>, levels: &[u64]) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = Server::start();
    let report = runtime.block_on(measure(&server, levels))?;
    let title = "Sessions on SQLite and on PostgreSQL";
    let section =
        Section::new("sessions", title, "cargo xtask bench sessions", &["countersign-store", "sqlx"])
            .condition("PostgreSQL", &report.server_version)
            .text(&report.markdown());
    bench_harness::publish(&section, document)
}

async fn measure(server: &Server, levels: &[u64]) -> Result<Report, Failure> {
    let mut report = Report::default();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for (instances, clients) in STORMS {
            eprintln!("{engine:?}: {clients} clients refresh on {instances} instances");
            let database = Database::new(engine, server)?;
            report.storms.push(storm::measure(&database, instances, clients, STORM).await?);
        }
        let database = Database::new(engine, server)?;
        let mut from = 0;
        for level in levels {
            eprintln!("{engine:?}: {level} sessions");
            report.growth.push(growth::measure(&database, from, *level).await?);
            from = *level;
        }
        eprintln!("{engine:?}: refreshing again and again");
        let database = Database::new(engine, server)?;
        report.wear.push(growth::wear(&database, levels[0]).await?);
        if engine == Engine::Postgres {
            report.server_version = database.text("SHOW server_version").await?;
        }
    }
    Ok(report)
}

/// What makes and checks the refresh tokens.
fn keys() -> Result<RefreshTokenKeys, Failure> {
    Ok(RefreshTokenKeys::new(&[7; RefreshTokenKeys::MIN_MASTER_BYTES])?)
}

fn sessions(store: Store) -> Result<Sessions<Store>, Failure> {
    Ok(Sessions::new(store, keys()?, SessionPolicy::default()))
}

/// The middle and the 99th of a hundred.
fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    (at(50), at(99))
}
