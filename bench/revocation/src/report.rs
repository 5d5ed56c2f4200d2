//! The figures as Markdown.

use std::time::Duration;

use crate::check::Checks;
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
        part(&reach.refused, 0.5),
        part(&reach.refused, 0.99),
        reach.refused.len(),
        part(&reach.refused, 1.0),
    )
}

fn row(what: &str, nanoseconds: &[f64]) -> String {
    let mut sorted = nanoseconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    format!("| {what} | {:.1} | {:.1} |\n", at(sorted.len() / 2), at(0))
}

/// The time within which this part of them was over.
fn part(sorted: &[Duration], part: f64) -> String {
    let index = (sorted.len() as f64 * part) as usize;
    sorted
        .get(index.min(sorted.len().saturating_sub(1)))
        .map_or("-".to_owned(), |time| format!("{:.0} µs", time.as_secs_f64() * 1e6))
}
