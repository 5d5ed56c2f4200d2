//! The figures as Markdown.

use std::fmt::Write;

use bench_harness::Section;

use crate::apps::{BARE, CACHED, GUARD, REMOTE};
use crate::load::CONNECTIONS;
use crate::pairs::{Effort, Race};

/// The section of the document.
pub(crate) fn section(races: &[Race], effort: Effort, command: &str) -> Section {
    let crates = ["countersign", "axum", "jsonwebtoken", "axum-jwt-auth", "jwt-authorizer", "tokio", "hyper"];
    let rounds = effort.rounds();
    Section::new("guard", "What a guard costs a request", command, &crates)
        .condition(
            "Load",
            &format!("wrk, {CONNECTIONS} connections kept open, on another core than the server"),
        )
        .condition("Rounds", &format!("{rounds} of one second each for both servers of a pair, in turn"))
        .text(ABOUT)
        .text(&promises(races))
        .text(&comparisons(races))
        .text(&turns(races))
}

const ABOUT: &str = "\
Two servers are up together, a process of one thread each on the same core, and are loaded in turn with requests that present
the same token, to the server without a guard too. Processor time is all that the server has had, in the system as well.
Each guard is shown to refuse a wrong signature, issuer, audience and moment before it is measured. jwt-authorizer is made for
axum 0.7 and stands beside that.";

fn comparisons(races: &[Race]) -> String {
    let mut text = String::from(
        "### Beside one another\n\n\
         | Server | beside | token | µs a request more (least, most) | of its rate (least, most) |\n|---|---|---|---|---|\n",
    );
    for race in races {
        let (added, rate, pair) = (race.added(), race.rate(), race.pair);
        // Writing into a String does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:+.2} ({:+.2}, {:+.2}) | {:.3} ({:.3}, {:.3}) |",
            pair.server,
            pair.beside,
            pair.algorithm,
            added.middle,
            added.least,
            added.most,
            rate.middle,
            rate.least,
            rate.most,
        );
    }
    text
}

fn turns(races: &[Race]) -> String {
    let mut text = String::from(
        "### Each server\n\nMiddle rounds; only neighbouring lines may be compared.\n\n\
         | Server | token | requests/s | µs a request | p50 µs | p99 µs |\n|---|---|---|---|---|---|\n",
    );
    for race in races {
        let [server, beside] = race.middles();
        for (name, turn) in [(race.pair.beside, beside), (race.pair.server, server)] {
            let _ = writeln!(
                text,
                "| {name} | {} | {:.0} | {:.2} | {:.0} | {:.0} |",
                race.pair.algorithm, turn.rate, turn.cost, turn.p50, turn.p99,
            );
        }
    }
    text
}

/// What is promised of our guard, and whether it holds.
fn promises(races: &[Race]) -> String {
    let mut text = String::from("### What is promised\n\n| Promise | Measured | |\n|---|---|---|\n");
    for verdict in verdicts(races) {
        let reached = if verdict.reached { "reached" } else { "**not reached**" };
        let _ = writeln!(text, "| {} | {} | {reached} |", verdict.promise, verdict.measured);
    }
    text
}

struct Verdict {
    promise: String,
    measured: String,
    reached: bool,
}

/// The most that a guard without a signature check may add, in microseconds.
const MOST_ADDED: f64 = 1.0;
/// The least of the bare server's rate that must be left.
const LEAST_RATE: f64 = 0.88;
/// The most that a guard may add where a signature is checked, in times of the check alone.
const MOST_TIMES: f64 = 1.05;

fn verdicts(races: &[Race]) -> Vec<Verdict> {
    let find = |server: &str, beside: &str, algorithm: &str| {
        races.iter().find(|race| {
            let pair = race.pair;
            (pair.server, pair.beside, pair.algorithm) == (server, beside, algorithm)
        })
    };
    let mut verdicts = Vec::new();
    if let Some(race) = find(GUARD, BARE, "HS256") {
        verdicts.push(at_most("HS256", race.added().middle, MOST_ADDED, &format!("{MOST_ADDED:.1} µs")));
        verdicts.push(Verdict {
            promise: format!("HS256: at least {LEAST_RATE} of the rate of axum without a guard"),
            measured: format!("{:.3}", race.rate().middle),
            reached: race.rate().middle >= LEAST_RATE,
        });
    }
    if let Some((race, primitive)) =
        find(GUARD, BARE, "ES256").and_then(|race| Some((race, race.primitive()?)))
    {
        let limit = MOST_TIMES * primitive;
        let words = format!("{MOST_TIMES} × the verification alone ({primitive:.2} µs), {limit:.2} µs");
        verdicts.push(at_most("ES256", race.added().middle, limit, &words));
    }
    if let Some(race) = find(CACHED, BARE, "ES256") {
        let limit = format!("{MOST_ADDED:.1} µs");
        verdicts.push(at_most("ES256, verified before", race.added().middle, MOST_ADDED, &limit));
    }
    if let (Some(race), Some(chance)) = (find(REMOTE, GUARD, "ES256"), find(BARE, BARE, "HS256")) {
        let (added, chance) = (race.added().middle, chance.added());
        let chance = chance.most.abs().max(chance.least.abs());
        verdicts.push(Verdict {
            promise: "Keys of an issuer elsewhere: no more than keys at hand, as far as can be measured"
                .to_owned(),
            measured: format!("{added:+.2} µs (two servers of the same differ by up to {chance:.2} µs)"),
            reached: added <= chance,
        });
    }
    verdicts
}

fn at_most(what: &str, added: f64, limit: f64, words: &str) -> Verdict {
    Verdict {
        promise: format!("{what}: at most {words} of processor time above axum without a guard"),
        measured: format!("{added:+.2} µs"),
        reached: added <= limit,
    }
}
