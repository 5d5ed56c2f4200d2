//! What was found, as Markdown.

use std::fmt::Write;
use std::time::Duration;

use crate::database::Engine;
use crate::growth::{Level, Wear};
use crate::storm::Storm;

#[derive(Default)]
pub(crate) struct Report {
    pub(crate) server_version: String,
    pub(crate) storms: Vec<Storm>,
    pub(crate) growth: Vec<Level>,
    pub(crate) wear: Vec<Wear>,
}

const STORMS: &str = "\
Refreshes by clients of which each has a session and asks again as soon as it is answered. A refresh checks the token, reads
the row and changes it; what is answered has been synchronised to the disk. Database, instances and clients share this machine.

| database | instances | clients | refreshes per second | median | p99 |
|---|---|---|---|---|---|
";

const GROWTH: &str = "
### One more call among many sessions

One client, one call after the other; median and p99. The list is that of a user with three sessions.

| database | sessions | bytes per session | login | refresh | list |
|---|---|---|---|---|---|
";

const WEAR: &str = "
### What refreshing leaves behind

A session is one row, however often it is refreshed. The space of a row's older versions is used again (PostgreSQL: by autovacuum).

| database | refreshes | rows before | rows after | bytes before | bytes after |
|---|---|---|---|---|---|
";

impl Report {
    pub(crate) fn markdown(&self) -> String {
        let mut text = STORMS.to_owned();
        // Writing into a String does not fail.
        for Storm { engine, instances, clients, per_second, median, p99 } in &self.storms {
            let _ = writeln!(
                text,
                "| {} | {instances} | {clients} | {per_second:.0} | {} | {} |",
                name(*engine),
                milliseconds(*median),
                milliseconds(*p99)
            );
        }
        text.push_str(GROWTH);
        for level in &self.growth {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                name(level.engine),
                level.sessions,
                level.bytes / level.sessions.max(1),
                both(level.login),
                both(level.refresh),
                both(level.list)
            );
        }
        text.push_str(WEAR);
        for Wear { engine, refreshes, rows, bytes } in &self.wear {
            let _ = writeln!(
                text,
                "| {} | {refreshes} | {} | {} | {} | {} |",
                name(*engine),
                rows[0],
                rows[1],
                bytes[0],
                bytes[1]
            );
        }
        text
    }
}

fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

fn both((median, p99): (Duration, Duration)) -> String {
    format!("{}, {}", milliseconds(median), milliseconds(p99))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
