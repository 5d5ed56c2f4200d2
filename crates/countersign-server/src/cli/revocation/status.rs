//! `countersign revocation status`.

use std::collections::BTreeMap;

use clap::Args;
use countersign::jwt::{Clock as _, NumericDate, SystemClock};
use countersign_store::{Instance, VerifierReport};
use serde_json::{Value, json};

use crate::{
    cli::{
        Failure, Outcome,
        age::Age,
        listing::{Listed, Listing},
    },
    presence,
};

/// Tell for each instance and each verifier what it knows of revocations, and how old its view is
///
/// An instance says so every ten seconds, and is listed for an hour after it has said so last. So is a verifier that reads the feed
/// of an instance and gives its name: it is told of as far as was written to its connection.
///
/// With --json each has a kind. An "instance" has id, started_at, reported_at, complete_until (up to when it knew of every
/// revocation), age_seconds (how long ago that is), revocations and unnamed_readers. A "verifier" has name, instance, connected,
/// connections, connected_since, seen_at, told_until (up to when every revocation was written to its connection), age_seconds,
/// place (in the feed, up to which that was) and resumed_from (the place from which it asked to read on: it has taken in what came
/// before).
#[derive(Debug, Args)]
pub(in crate::cli) struct Status {
    #[command(flatten)]
    listing: Listing,
}

impl Status {
    pub(super) fn run(self) -> Outcome {
        self.listing.run(async |store, form| {
            let instances = store.instances().await.map_err(Failure::failed)?;
            let verifiers = store.verifiers().await.map_err(Failure::failed)?;
            let now = SystemClock.now();
            instances.into_iter().try_for_each(|instance| form.write(&Known { instance, now }))?;
            let width = verifiers.iter().map(|report| report.name.len()).max().unwrap_or_default();
            standing(verifiers, now)
                .into_iter()
                .try_for_each(|report| form.write(&Reader { report, now, width }))
        })
    }
}

/// What an instance has said, read at a moment.
struct Known {
    instance: Instance,
    now: NumericDate,
}

impl Known {
    fn age(&self) -> Age {
        Age::of(self.instance.complete_until, self.now)
    }
}

impl Listed for Known {
    fn text(&self) -> String {
        let Instance { id, started_at, revocations, unnamed_readers, .. } = &self.instance;
        let (started, age) = (started_at.rfc3339(), self.age());
        let unnamed = match unnamed_readers {
            0 => String::new(),
            some => format!("  unnamed readers {some}"),
        };
        format!("instance  {id}  started {started}  revocations {revocations}  age {age}{unnamed}")
    }

    fn json(&self) -> Value {
        let instance = &self.instance;
        json!({
            "kind": "instance",
            "id": instance.id,
            "started_at": instance.started_at.rfc3339(),
            "reported_at": instance.reported_at.rfc3339(),
            "complete_until": instance.complete_until.map(NumericDate::rfc3339),
            "age_seconds": self.age().seconds(),
            "revocations": instance.revocations,
            "unnamed_readers": instance.unnamed_readers,
        })
    }
}

/// Whether a verifier reads, as far as its instance has said; one that says nothing any more cannot say that it does.
fn is_connected(report: &VerifierReport, now: NumericDate) -> bool {
    report.connections > 0 && now.since(report.seen_at) < 3 * presence::INTERVAL
}

/// Where each verifier reads now; for one that does not, where it was seen last.
fn standing(reports: Vec<VerifierReport>, now: NumericDate) -> Vec<VerifierReport> {
    let mut by_name = BTreeMap::<String, Vec<VerifierReport>>::new();
    for report in reports {
        by_name.entry(report.name.clone()).or_default().push(report);
    }
    let of_one = |reports: Vec<VerifierReport>| {
        let (connected, gone): (Vec<_>, Vec<_>) =
            reports.into_iter().partition(|report| is_connected(report, now));
        let last = gone.into_iter().max_by_key(|report| report.seen_at).filter(|_| connected.is_empty());
        connected.into_iter().chain(last)
    };
    by_name.into_values().flat_map(of_one).collect()
}

/// What an instance has said of a verifier, read at a moment.
struct Reader {
    report: VerifierReport,
    now: NumericDate,
    /// Of the names that are listed, the longest.
    width: usize,
}

impl Reader {
    fn age(&self) -> Age {
        Age::of(self.report.told_until, self.now)
    }
}

impl Listed for Reader {
    fn text(&self) -> String {
        let VerifierReport { instance_id, name, connected_since, seen_at, place, .. } = &self.report;
        let (at, word) = match connected_since.filter(|_| is_connected(&self.report, self.now)) {
            Some(since) => (since, "connected since"),
            None => (*seen_at, "last seen      "),
        };
        let (at, place, width) = (at.rfc3339(), place.as_deref().unwrap_or("unknown"), self.width);
        format!(
            "verifier  {name:width$}  {word} {at}  at {instance_id}  told up to {place}  age {}",
            self.age()
        )
    }

    fn json(&self) -> Value {
        let report = &self.report;
        json!({
            "kind": "verifier",
            "name": report.name,
            "instance": report.instance_id,
            "connected": is_connected(report, self.now),
            "connections": report.connections,
            "connected_since": report.connected_since.map(NumericDate::rfc3339),
            "seen_at": report.seen_at.rfc3339(),
            "told_until": report.told_until.map(NumericDate::rfc3339),
            "age_seconds": self.age().seconds(),
            "place": report.place,
            "resumed_from": report.resumed_from,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, instance: &str, connections: u64, seen: i64) -> VerifierReport {
        VerifierReport {
            instance_id: instance.to_owned(),
            name: name.to_owned(),
            connections,
            connected_since: (connections > 0).then(|| at(0)),
            seen_at: at(seen),
            told_until: None,
            place: None,
            resumed_from: None,
        }
    }

    fn at(seconds: i64) -> NumericDate {
        NumericDate::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn a_verifier_is_listed_where_it_reads_and_else_where_it_was_seen_last() {
        let reports = vec![
            report("billing", "one", 0, 95),
            report("billing", "two", 1, 90),
            report("billing", "three", 2, 91),
            // Its instance says nothing any more.
            report("orders", "one", 1, 60),
            report("orders", "two", 0, 80),
        ];
        let listed: Vec<_> = standing(reports, at(100))
            .into_iter()
            .map(|report| (report.name.clone(), report.instance_id.clone(), is_connected(&report, at(100))))
            .collect();
        let row = |name: &str, instance: &str, connected| (name.to_owned(), instance.to_owned(), connected);
        assert_eq!(
            listed,
            [row("billing", "two", true), row("billing", "three", true), row("orders", "two", false)]
        );
    }
}
