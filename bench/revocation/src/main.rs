//! `cargo xtask bench revocation`: what it costs to know what was revoked, and how soon it is known elsewhere.

mod check;
mod fleet;
mod reach;
mod report;
mod sizes;

use std::alloc::System;
use std::process::ExitCode;
use std::time::Duration;

use bench_harness::{Failure, Section};
use countersign::jwt::NumericDate;
use countersign::revocation::{Entry, Revocations};
use countersign::session::SessionId;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use report::Measured;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many sessions were revoked within the lifetime of an access token.
const SESSIONS: u64 = 100_000;
/// For how long they are remembered: 15 minutes, and one for the clocks.
const REMEMBERED: Duration = Duration::from_secs(16 * 60);

fn main() -> ExitCode {
    bench_harness::main("bench-revocation", run)
}

fn run() -> Result<Section, Failure> {
    let measured = Measured { sizes: sizes::measure()?, check: check::measure(), reach: reach::measure()? };
    let fleet = fleet::measure()?;
    let title = "To know what was revoked";
    let crates = ["countersign", "sqlx", "tokio"];
    let section = Section::new("revocation", title, "cargo xtask bench revocation", &crates);
    let section = section.condition("PostgreSQL", &fleet.server_version);
    Ok(section.text(&report::markdown(SESSIONS, &measured)).text(&report::of_fleet(&fleet)))
}

/// Ids that differ in all their bits, as those that are drawn by chance.
fn session(number: u64) -> SessionId {
    let mixed = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    SessionId::from_bytes(mixed.to_be_bytes())
}

/// The first so many sessions, revoked now.
fn revoked(sessions: u64, now: NumericDate) -> impl Iterator<Item = Entry> {
    (0..sessions).map(move |number| Entry::session(session(number), now))
}

/// A view that holds so many revoked sessions.
fn view_of(sessions: u64, now: NumericDate) -> Revocations {
    let view = Revocations::in_process(REMEMBERED);
    view.merge(revoked(sessions, now), now);
    view
}
