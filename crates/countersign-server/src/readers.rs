//! Who reads the feed of this instance, and what was written to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign::{
    jwks::VerifierName,
    jwt::NumericDate,
    revocation::{Cursor, Event, Message},
};
use countersign_store::VerifierReport;

/// How many names are known at a time. Whoever comes under one more is counted without it.
const MOST_NAMES: usize = 256;

/// Everybody who reads, and who has read lately. Clones are one and the same.
#[derive(Clone, Default)]
pub(crate) struct Readers {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    joined: u64,
    open: BTreeMap<u64, Connection>,
    /// The last connection of each verifier, as it was at its end.
    gone: BTreeMap<VerifierName, Connection>,
}

/// What was written to one connection. That it has arrived, nobody knows but its reader.
#[derive(Clone)]
struct Connection {
    verifier: Option<VerifierName>,
    since: NumericDate,
    /// When something was written last.
    seen_at: NumericDate,
    /// The place that the reader has named itself: up to there it has taken everything in.
    resumed_from: Option<Cursor>,
    /// Up to when, and up to which place, everything was written.
    told: Option<(NumericDate, Cursor)>,
}

/// One connection, for as long as it is open.
pub(crate) struct Reading {
    readers: Readers,
    number: u64,
}

impl Readers {
    /// Somebody begins to read, from the place that they name.
    pub(crate) fn join(
        &self,
        verifier: Option<VerifierName>,
        from: Option<&Cursor>,
        now: NumericDate,
    ) -> Reading {
        let mut known = self.known();
        let verifier = verifier.filter(|name| known.admits(name));
        known.joined += 1;
        let number = known.joined;
        let connection =
            Connection { verifier, since: now, seen_at: now, resumed_from: from.cloned(), told: None };
        known.open.insert(number, connection);
        Reading { readers: self.clone(), number }
    }

    /// What there is to say of each verifier that reads or has read within `remembered`; those who have not are forgotten.
    pub(crate) fn report(
        &self,
        instance_id: &str,
        now: NumericDate,
        remembered: Duration,
    ) -> Vec<VerifierReport> {
        let mut known = self.known();
        known.gone.retain(|_, last| last.seen_at >= now - remembered);
        let named = |name: &VerifierName| {
            let open: Vec<_> =
                known.open.values().filter(|open| open.verifier.as_ref() == Some(name)).collect();
            match (open.as_slice(), known.gone.get(name)) {
                ([], Some(last)) => summary(instance_id, name, &[last], None),
                (open, _) => summary(instance_id, name, open, Some(now)),
            }
        };
        known.names().into_iter().map(named).collect()
    }

    /// How many read without a name.
    pub(crate) fn unnamed(&self) -> u64 {
        let unnamed = |open: &&Connection| open.verifier.is_none();
        u64::try_from(self.known().open.values().filter(unnamed).count()).unwrap_or(u64::MAX)
    }

    /// Held for a few copies and never across an await.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn names(&self) -> BTreeSet<&VerifierName> {
        let open = self.open.values().filter_map(|open| open.verifier.as_ref());
        open.chain(self.gone.keys()).collect()
    }

    fn admits(&self, name: &VerifierName) -> bool {
        let names = self.names();
        names.len() < MOST_NAMES || names.contains(name)
    }
}

/// Of several connections under one name, the one that was told least counts: nobody knows more of them than that.
fn summary(
    instance_id: &str,
    name: &VerifierName,
    connections: &[&Connection],
    open_at: Option<NumericDate>,
) -> VerifierReport {
    let told = connections.iter().map(|connection| connection.told.as_ref());
    // Nothing (`None`) is less than anything.
    let least = told.min_by_key(|told| told.map(|(until, place)| (*until, place.sequence))).flatten();
    let open = if open_at.is_some() { connections.len() } else { 0 };
    let seen_at = connections.iter().map(|connection| connection.seen_at).chain(open_at).max();
    VerifierReport {
        instance_id: instance_id.to_owned(),
        name: name.to_string(),
        connections: u64::try_from(open).unwrap_or(u64::MAX),
        connected_since: open_at.and_then(|_| connections.iter().map(|connection| connection.since).min()),
        seen_at: seen_at.unwrap_or(NumericDate::from_secs(0)),
        told_until: least.map(|(until, _)| *until),
        place: least.map(|(_, place)| place.to_string()),
        resumed_from: connections.last().and_then(|last| last.resumed_from.as_ref()).map(Cursor::to_string),
    }
}

impl Reading {
    /// This is written to the connection.
    pub(crate) fn wrote(&self, event: &Event, now: NumericDate) {
        let mut known = self.readers.known();
        let Some(connection) = known.open.get_mut(&self.number) else { return };
        connection.seen_at = now;
        match &event.message {
            Message::Confirmed(until) => connection.told = Some((*until, event.cursor.clone())),
            Message::Revoked(_) => {
                connection.told.iter_mut().for_each(|(_, place)| place.clone_from(&event.cursor));
            }
            // It is sent to the snapshot: the place that it has named is of no use, and none counts before the next heartbeat.
            Message::Lost => (connection.resumed_from, connection.told) = (None, None),
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut known = self.readers.known();
        let Some(connection) = known.open.remove(&self.number) else { return };
        if let Some(name) = connection.verifier.clone() {
            known.gone.insert(name, connection);
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Readers").field("open", &self.known().open.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use countersign::revocation::Entry;

    use super::*;

    const REMEMBERED: Duration = Duration::from_secs(3600);

    fn at(seconds: i64) -> NumericDate {
        NumericDate::from_secs(1_700_000_000 + seconds)
    }

    fn name(text: &str) -> Option<VerifierName> {
        Some(text.parse().unwrap())
    }

    fn cursor(sequence: u64) -> Cursor {
        format!("epoch.{sequence}").parse().unwrap()
    }

    fn event(sequence: u64, message: Message) -> Event {
        Event { cursor: cursor(sequence), message }
    }

    fn confirmed(sequence: u64, seconds: i64) -> Event {
        event(sequence, Message::Confirmed(at(seconds)))
    }

    fn report(readers: &Readers, seconds: i64) -> Vec<VerifierReport> {
        readers.report("one", at(seconds), REMEMBERED)
    }

    #[test]
    fn a_verifier_is_where_its_connection_was_written_to_and_stays_known_when_it_is_gone() {
        let readers = Readers::default();
        let reading = readers.join(name("billing"), Some(&cursor(3)), at(0));
        let mut expected = VerifierReport {
            instance_id: "one".to_owned(),
            name: "billing".to_owned(),
            connections: 1,
            connected_since: Some(at(0)),
            seen_at: at(1),
            told_until: None,
            place: None,
            resumed_from: Some("epoch.3".to_owned()),
        };
        assert_eq!(report(&readers, 1), [expected.clone()]);
        reading.wrote(&confirmed(3, 2), at(2));
        reading.wrote(&event(4, Message::Revoked(Entry::user("ada", at(3)))), at(3));
        (expected.told_until, expected.place) = (Some(at(2)), Some("epoch.4".to_owned()));
        expected.seen_at = at(9);
        assert_eq!(report(&readers, 9), [expected.clone()]);

        drop(reading);
        (expected.connections, expected.connected_since, expected.seen_at) = (0, None, at(3));
        assert_eq!(report(&readers, 9), [expected.clone()]);
        assert_eq!(report(&readers, 3 + 3600), [expected]);
        assert_eq!(report(&readers, 4 + 3600), []);
    }

    #[test]
    fn of_several_connections_under_one_name_the_one_that_was_told_least_counts() {
        let readers = Readers::default();
        let (first, second) =
            (readers.join(name("billing"), None, at(0)), readers.join(name("billing"), None, at(1)));
        first.wrote(&confirmed(5, 4), at(4));
        let told = |seconds| {
            let [report] = report(&readers, seconds).try_into().unwrap();
            (report.connections, report.connected_since, report.told_until, report.place)
        };
        assert_eq!(told(4), (2, Some(at(0)), None, None));
        second.wrote(&confirmed(4, 3), at(4));
        assert_eq!(told(4), (2, Some(at(0)), Some(at(3)), Some("epoch.4".to_owned())));
        drop(second);
        assert_eq!(told(4), (1, Some(at(0)), Some(at(4)), Some("epoch.5".to_owned())));
    }

    #[test]
    fn one_that_is_sent_to_the_snapshot_has_been_told_nothing_until_the_next_heartbeat() {
        let readers = Readers::default();
        let reading = readers.join(name("billing"), Some(&cursor(1)), at(0));
        reading.wrote(&confirmed(1, 1), at(1));
        reading.wrote(&event(9, Message::Lost), at(2));
        let lost = report(&readers, 2).remove(0);
        assert_eq!((lost.told_until, lost.place, lost.resumed_from), (None, None, None));
        reading.wrote(&confirmed(9, 3), at(3));
        assert_eq!(report(&readers, 3)[0].place.as_deref(), Some("epoch.9"));
    }

    #[test]
    fn names_are_bounded_and_whoever_has_none_is_counted() {
        let readers = Readers::default();
        let reading: Vec<_> =
            (0..MOST_NAMES).map(|number| readers.join(name(&format!("v{number}")), None, at(0))).collect();
        let more = [readers.join(name("one-more"), None, at(0)), readers.join(None, None, at(0))];
        let again = readers.join(name("v0"), None, at(0));
        assert_eq!((report(&readers, 0).len(), readers.unnamed()), (MOST_NAMES, 2));
        drop((more, again, reading));
        // They are remembered for a while, and until then there is no room.
        drop(readers.join(name("one-more"), None, at(1)));
        assert_eq!(report(&readers, 1).len(), MOST_NAMES);
        assert_eq!((report(&readers, 1 + 3600).len(), readers.unnamed()), (0, 0));
        let _admitted = readers.join(name("one-more"), None, at(3602));
        assert_eq!(report(&readers, 3602).len(), 1);
    }
}
