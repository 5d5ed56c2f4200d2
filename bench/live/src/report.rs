//! The figures as Markdown.

use std::fmt::Write;
use std::time::Duration;

use crate::server::{Kind, Watched};

/// What streams of one kind took.
pub(crate) struct Kept {
    pub(crate) kind: Kind,
    pub(crate) watched: Watched,
    /// On the heap for each, the client's side included.
    pub(crate) bytes: f64,
    /// Of one core, while nothing happens.
    pub(crate) idle_share: f64,
    /// Of processor time for the end of each.
    pub(crate) ending: Duration,
    /// How long after its token each ended.
    pub(crate) lateness: Vec<Duration>,
}

pub(crate) fn markdown(streams: u64, kept: &[Kept]) -> String {
    let mut text = format!(
        "{streams} streams open at once, server and clients on one thread over memory. Bytes are those on the heap for each stream and its\n\
         client; what a live guard adds is the difference to the row without one. The processor's share is that of one core while nothing happens.\n\n\
         | streams | ended by | bytes each | processor, kept | processor, the end of each | late, middle | late, at most |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for row in kept {
        let kind = match row.kind {
            Kind::Events => "server-sent events",
            Kind::WebSocket => "WebSockets",
        };
        let (watched, ending) = match row.watched {
            Watched::Not => ("nothing", "-".to_owned()),
            Watched::Expiry => ("expiry", microseconds(row.ending)),
            Watched::Revocation => ("expiry or revocation", microseconds(row.ending)),
        };
        let mut late = row.lateness.clone();
        late.sort_unstable();
        let late =
            |index: usize| late.get(index).map_or("-".to_owned(), |late| format!("{} ms", late.as_millis()));
        let (middle, most) = (late(row.lateness.len() / 2), late(row.lateness.len().saturating_sub(1)));
        // Writing into a String does not fail.
        let _ = writeln!(
            text,
            "| {kind} | {watched} | {:.0} | {:.3} % | {ending} | {middle} | {most} |",
            row.bytes,
            100.0 * row.idle_share,
        );
    }
    text
}

fn microseconds(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
