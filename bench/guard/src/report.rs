//! The figures as Markdown.

use std::fmt::Write;

use bench_harness::{Section, Verdict};

use crate::apps::{BARE, CACHED, GUARD, REMOTE, VERIFICATION};
use crate::load::CONNECTIONS;
use crate::pairs::Race;

/// The section of the document.
pub(crate) fn section(races: &[Race], command: &str) -> Section {
    let crates = ["countersign", "axum", "jsonwebtoken", "axum-jwt-auth", "jwt-authorizer", "tokio", "hyper"];
    Section::new("guard", "What a guard costs a request", command, &crates)
        .condition(
            "Load",
            &format!("wrk, {CONNECTIONS} connections kept open, on another core than the server"),
        )
        .condition(
            "Rounds",
            "one second for each of the two servers of a pair, in turn; how many, stands beside each pair",
        )
        .text(ABOUT)
        .text(&Verdict::table(&verdicts(races)))
        .text(&verification(races))
        .text(&comparisons(races))
        .text(&turns(races))
}

const ABOUT: &str = "\
Two servers are up together, a process of one thread each on the same core, and are loaded in turn with requests that present
the same token, to the server without a guard too. Both are started anew for each round. Processor time is all that the server
has had, in the system as well. Each guard is shown to refuse a wrong signature, issuer, audience and moment before it is measured.
jwt-authorizer is made for axum 0.7 and stands beside that.

A row of *Beside one another* is read from the left: the first server, beside the second, both sent tokens of this algorithm, took
so many microseconds of processor time a request more in the middle round (in others as few as *least* and as many as *most*), and
answered this share of the second's requests per second. Only what stands in one row was measured together: two rows may be
compared no closer than their *least* and *most* allow. A server beside itself shows what chance does.

*verification alone* is axum whose handler verifies the signature that it knows it will be sent, with aws-lc-rs and a prepared key,
and does nothing else: no header is searched, no token split, no claim read. *countersign, remote keys* has the keys of an
issuer elsewhere; it is said to cost nothing measurable if the middle of its differences to keys at hand is within what three in four rounds
of a server beside itself stay within.";

/// The verification alone, where it was measured: in a loop and in a request, and what our guard takes besides.
fn verification(races: &[Race]) -> String {
    let mut text = String::from(
        "### The verification alone\n\n\
         Microseconds of processor time. A loop finds everything in the core's caches, a request does not, so it is the request that\n\
         a guard is held against.\n\n\
         | Token | in a loop | in a request | countersign, above that |\n|---|---|---|---|\n",
    );
    let mut rows = 0;
    for algorithm in ["HS256", "ES256"] {
        let alone = find(races, VERIFICATION, BARE, algorithm);
        let Some((alone, looped)) = alone.and_then(|race| Some((race, race.looped()?))) else { continue };
        let Some(ours) = find(races, GUARD, VERIFICATION, algorithm) else { continue };
        rows += 1;
        let (alone, ours) = (alone.added().middle, ours.added().middle);
        let _ = writeln!(text, "| {algorithm} | {looped:.2} | {alone:.2} | {ours:+.2} |");
    }
    if rows == 0 { String::new() } else { text }
}

/// The race of these two servers with tokens of this algorithm, if they ran one.
fn find<'r>(races: &'r [Race], server: &str, beside: &str, algorithm: &str) -> Option<&'r Race> {
    races.iter().find(|race| {
        let pair = race.pair;
        (pair.server, pair.beside, pair.algorithm) == (server, beside, algorithm)
    })
}

fn comparisons(races: &[Race]) -> String {
    let mut text = String::from(
        "### Beside one another\n\n\
         | Server | beside | token | rounds | µs a request more (least, most) | of its rate (least, most) |\n|---|---|---|---|---|---|\n",
    );
    for race in races {
        let (added, rate, pair) = (race.added(), race.rate(), race.pair);
        // Writing into a String does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:+.2} ({:+.2}, {:+.2}) | {:.3} ({:.3}, {:.3}) |",
            pair.server,
            pair.beside,
            pair.algorithm,
            race.rounds(),
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

/// The most that a guard without a signature check may add, in microseconds.
const MOST_ADDED: f64 = 1.0;
/// The least of the bare server's rate that must be left.
const LEAST_RATE: f64 = 0.88;
/// The most that a guard may take where a signature is checked, in times of the check alone in the same place.
const MOST_TIMES: f64 = 1.05;

/// What is promised of our guard, and whether it holds.
fn verdicts(races: &[Race]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    if let Some(race) = find(races, GUARD, BARE, "HS256") {
        verdicts.push(at_most("HS256", race));
        verdicts.push(Verdict {
            promise: format!("HS256: at least {LEAST_RATE} of the rate of axum without a guard"),
            measured: format!("{:.3}", race.rate().middle),
            reached: race.rate().middle >= LEAST_RATE,
        });
    }
    let alone = find(races, VERIFICATION, BARE, "ES256");
    if let Some((alone, ours)) = alone.zip(find(races, GUARD, VERIFICATION, "ES256")) {
        verdicts.push(at_most_times("ES256", alone.added().middle, ours.added().middle));
    }
    if let Some(race) = find(races, CACHED, BARE, "ES256") {
        verdicts.push(at_most("ES256, verified before", race));
    }
    let same = find(races, GUARD, GUARD, "ES256");
    if let Some((race, same)) = find(races, REMOTE, GUARD, "ES256").zip(same) {
        verdicts.push(nothing_measurable(
            "Keys of an issuer elsewhere: no more than keys at hand",
            race,
            same,
        ));
    }
    verdicts
}

fn at_most(what: &str, race: &Race) -> Verdict {
    let added = race.added().middle;
    Verdict {
        promise: format!("{what}: at most {MOST_ADDED:.1} µs of processor time above axum without a guard"),
        measured: format!("{added:+.2} µs"),
        reached: added <= MOST_ADDED,
    }
}

/// `alone` is what the verification adds to axum, and `ours` what our guard takes beside a server that does that much.
fn at_most_times(what: &str, alone: f64, ours: f64) -> Verdict {
    let times = (alone + ours) / alone;
    Verdict {
        promise: format!(
            "{what}: at most {MOST_TIMES} × the processor time of the verification alone above axum without a guard"
        ),
        measured: format!("{times:.3} × ({alone:.2} µs, and {ours:+.2} µs)"),
        reached: times <= MOST_TIMES,
    }
}

/// The one rule by which a difference is nothing: chance makes as large ones between two servers of the same.
fn nothing_measurable(what: &str, race: &Race, same: &Race) -> Verdict {
    let (added, chance) = (race.added().middle, same.chance());
    Verdict {
        promise: format!("{what}, as far as can be measured"),
        measured: format!("{added:+.2} µs (chance: {chance:.2} µs)"),
        reached: added <= chance,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::PAIRS;

    fn race(line: &str, costs: &[(f64, f64)]) -> Race {
        let pair = PAIRS.iter().find(|pair| pair.to_string() == line).unwrap();
        Race::of_costs(pair, costs)
    }

    fn reached(races: &[Race]) -> Vec<bool> {
        verdicts(races).iter().map(|verdict| verdict.reached).collect()
    }

    #[test]
    fn a_guard_is_held_against_the_verification_in_the_same_place() {
        let alone = || race("verification alone beside axum, ES256", &[(67.0, 7.0)]);
        let ours = |cost| race("countersign beside verification alone, ES256", &[(cost, 66.0)]);
        assert_eq!(reached(&[alone(), ours(69.0)]), [true]);
        assert_eq!(reached(&[alone(), ours(69.1)]), [false]);
        assert!(reached(&[alone()]).is_empty());
    }

    #[test]
    fn remote_keys_may_cost_what_chance_makes_of_two_servers_of_the_same_and_no_more() {
        let same = || race("countersign beside countersign, ES256", &[(69.0, 70.0), (70.5, 70.0)]);
        let remote = |cost| race("countersign, remote keys beside countersign, ES256", &[(cost, 70.0)]);
        assert_eq!(reached(&[same(), remote(71.0)]), [true]);
        assert_eq!(reached(&[same(), remote(65.0)]), [true]);
        assert_eq!(reached(&[same(), remote(71.5)]), [false]);
        assert!(reached(&[remote(70.0)]).is_empty());
    }
}
