//! The figures as Markdown.

use std::time::Duration;

use crate::check::Checks;
use crate::fleet::{Asked, Figures, INSTANCES, LOGOUTS, RATE, RESOLUTION, WINDOW};
use crate::reach::Reach;
use crate::sizes::Sizes;

/// Everything that was measured.
pub(crate) struct Measured {
    pub(crate) sizes: Sizes,
    pub(crate) check: Checks,
    pub(crate) reach: Reach,
}

pub(crate) fn markdown(sessions: u64, Measured { sizes, check, reach }: &Measured) -> String {
    format!(
        "With {sessions} sessions that were revoked within the lifetime of an access token. A check is all that a guard asks about one\n\
         request: by session, by user and by token, and whether the view is fresh; 4096 tokens take turns. The feed is that of the service\n\
         and its reader, as bytes that are written and read, on one thread and without a network; two verifiers read it.\n\n\
         | bytes | |\n|---|---|\n\
         | the view in memory | {} |\n\
         | for each session | {:.1} |\n\
         | a signed snapshot | {} |\n\
         | a revocation in the feed | {} |\n\n\
         | a check | ns, middle | ns, best |\n|---|---|---|\n\
         {}{}{}\n\
         | time | |\n|---|---|\n\
         | one revocation more | {:.1} µs |\n\
         | a verifier that joins late: the snapshot signed, read, verified and taken in | {:.0} ms |\n\
         | from a revocation until both verifiers refuse, p50 | {} |\n\
         | p99 | {} |\n\
         | longest of {} | {} |\n",
        sizes.heap,
        sizes.heap as f64 / sessions as f64,
        sizes.snapshot,
        sizes.event,
        row("a good token, nothing is revoked", &check.empty),
        row("a good token", &check.good),
        row("a revoked token", &check.revoked),
        check.merge / 1e3,
        reach.joining.as_secs_f64() * 1e3,
        microseconds(&reach.refused, 0.5),
        microseconds(&reach.refused, 0.99),
        reach.refused.len(),
        microseconds(&reach.refused, 1.0),
    )
}

fn row(what: &str, nanoseconds: &[f64]) -> String {
    let mut sorted = nanoseconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    format!("| {what} | {:.1} | {:.1} |\n", at(sorted.len() / 2), at(0))
}

/// The time within which this part of them was over.
fn part(sorted: &[Duration], part: f64) -> Duration {
    let index = (sorted.len() as f64 * part) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn microseconds(sorted: &[Duration], share: f64) -> String {
    format!("{:.0} µs", part(sorted, share).as_secs_f64() * 1e6)
}

/// Within which the last verifier refuses, 99 times of a hundred.
const PROMISED: Duration = Duration::from_millis(250);

/// What the whole service did, in processes of its own.
pub(crate) fn of_fleet(Figures { times, served, asked, .. }: &Figures) -> String {
    let p99 = part(&times.all, 0.99);
    let outcome = if p99 < PROMISED { "reached" } else { "**missed**" };
    let rows = [
        ("the instance that was asked", &times.same),
        ("both other instances", &times.others),
        ("both readers of the feed", &times.readers),
        ("all five", &times.all),
    ];
    let rows: String = rows.iter().map(|(who, times)| format!("| {who} | {} |\n", spread(times))).collect();
    format!(
        "### Until a logout is refused everywhere\n\n\
         The program `countersign`, {INSTANCES} times on one PostgreSQL (`fsync` on), and the example `resource-server` twice, each reading the feed of\n\
         another instance: five processes, all on this machine, as are the database and whoever measures. Each is sent {RATE} good\n\
         requests a second meanwhile, which makes {:.0}; {} were answered, not one badly, p99 {:.1} ms after they were due. {LOGOUTS} logouts, one\n\
         after the other, at one instance after the other: each is timed from when it is sent until a verifier answers 401 to an access\n\
         token that it took just before; every verifier is asked {} ms after its last answer, so a time may be that much too long.\n\n\
         | promise | measured | |\n|---|---|---|\n\
         | p99 of the last of five verifiers: less than {} ms | {:.1} ms | {outcome} |\n\n\
         | ms until refused by | p50 | p90 | p99 | longest |\n|---|---|---|---|---|\n\
         {rows}\n{}",
        served.rate,
        served.times.len(),
        part(&served.times, 0.99).as_secs_f64() * 1e3,
        RESOLUTION.as_millis(),
        PROMISED.as_millis(),
        p99.as_secs_f64() * 1e3,
        look_ups(asked),
    )
}

fn spread(times: &[Duration]) -> String {
    let at = |share| format!("{:.1}", part(times, share).as_secs_f64() * 1e3);
    [0.5, 0.9, 0.99, 1.0].map(at).join(" | ")
}

fn look_ups(asked: &Asked) -> String {
    let Asked { by_lists, idle, loaded, beyond, requests } = asked;
    format!(
        "### What a guarded request asks the database\n\n\
         Every statement that PostgreSQL is given is logged and counted: for {} seconds without a request, and for as long with {RATE}\n\
         guarded requests a second at each instance. What is of the background is told by its text, which was given without requests, too.\n\n\
         | statements | |\n|---|---|\n\
         | three lists of sessions, one of each instance (that statements are counted at all) | {by_lists} |\n\
         | the background: {INSTANCES} instances ask for keys and revocations, and say that they are there | {idle} |\n\
         | the same time with {requests} guarded requests | {loaded} |\n\
         | of these, not of the background | {beyond} |\n\
         | for each guarded request | {} |\n",
        WINDOW.as_secs(),
        *beyond as f64 / *requests as f64,
    )
}
