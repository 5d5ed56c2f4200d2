//! What an event means to somebody who has followed a feed so far: values in, values out.

use countersign_jwt::NumericDate;

use super::Entry;
use super::wire::{Cursor, Event, Message};

/// How far a feed was followed without a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Follower {
    place: Option<Cursor>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Take this in.
    Merge(Entry),
    /// The view is complete up to this moment.
    Confirm(NumericDate),
    /// Nothing that was not known.
    Nothing,
    /// Something was missed: take in what there is, and fetch the snapshot.
    Resync(Option<Entry>),
}

impl Follower {
    /// From where to read on; `None` if the snapshot is needed first.
    pub(super) fn place(&self) -> Option<&Cursor> {
        self.place.as_ref()
    }

    /// A snapshot was taken in, which reaches to this place.
    pub(super) fn start_at(&mut self, place: Cursor) {
        self.place = Some(place);
    }

    pub(super) fn receive(&mut self, event: Event) -> Step {
        let Event { cursor, message } = event;
        let place = match &mut self.place {
            Some(place) if place.epoch == cursor.epoch => place,
            _ => return self.lose(message),
        };
        match message {
            Message::Revoked(entry) if cursor.sequence == place.sequence + 1 => {
                place.sequence = cursor.sequence;
                Step::Merge(entry)
            }
            // Told again.
            Message::Revoked(_) if cursor.sequence <= place.sequence => Step::Nothing,
            Message::Confirmed(as_of) if cursor.sequence <= place.sequence => Step::Confirm(as_of),
            message => self.lose(message),
        }
    }

    fn lose(&mut self, message: Message) -> Step {
        self.place = None;
        match message {
            Message::Revoked(entry) => Step::Resync(Some(entry)),
            Message::Confirmed(_) | Message::Lost => Step::Resync(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn entry(number: u64) -> Entry {
        Entry::token(number.to_string(), NumericDate::from_secs(0))
    }

    fn event(sequence: u64, message: Message) -> Event {
        Event { cursor: Cursor { epoch: "one".into(), sequence }, message }
    }

    /// What happens on the way from a feed to a follower.
    #[derive(Clone, Copy, Debug)]
    enum Fault {
        None,
        Dropped,
        Twice,
        Late,
        Restarted,
    }

    proptest! {
        /// A feed tells of entry after entry and confirms each; events are lost, come twice, or late, and the feed starts
        /// anew. Whatever happens: when a follower believes that it is complete, it is.
        #[test]
        fn a_follower_that_confirms_has_missed_nothing(
            faults in prop::collection::vec(
                prop_oneof![
                    6 => Just(Fault::None), 1 => Just(Fault::Dropped), 1 => Just(Fault::Twice),
                    1 => Just(Fault::Late), 1 => Just(Fault::Restarted),
                ],
                0..80,
            ),
        ) {
            let (mut follower, mut held, mut told) = (Follower::default(), BTreeSet::new(), 0_u64);
            let (mut epoch, mut sequence) = (0, 0);
            let mut late = Vec::new();
            for (number, fault) in faults.into_iter().enumerate() {
                let mut events = std::mem::take(&mut late);
                let here = |sequence| Cursor { epoch: format!("epoch-{epoch}").into(), sequence };
                let message = match number % 2 {
                    0 => {
                        told += 1;
                        sequence += 1;
                        Message::Revoked(entry(told))
                    }
                    // Its moment says how many entries there are, so that the model can look.
                    _ => Message::Confirmed(NumericDate::from_secs(told as i64)),
                };
                let event = Event { cursor: here(sequence), message };
                match fault {
                    Fault::None => events.insert(0, event),
                    Fault::Dropped => {}
                    Fault::Twice => events.extend([event.clone(), event]),
                    Fault::Late => late.push(event),
                    Fault::Restarted => {
                        events.push(event);
                        epoch += 1;
                        sequence = 0;
                    }
                }
                for event in events {
                    match follower.receive(event) {
                        Step::Merge(entry) => drop(held.insert(entry)),
                        Step::Resync(entry) => {
                            held.extend(entry);
                            // The snapshot.
                            held.extend((1..=told).map(entry_of));
                            follower.start_at(Cursor { epoch: format!("epoch-{epoch}").into(), sequence });
                        }
                        Step::Confirm(as_of) => {
                            let complete = (1..=as_of.as_secs() as u64).all(|number| held.contains(&entry(number)));
                            prop_assert!(complete, "{as_of:?} {held:?}");
                        }
                        Step::Nothing => {}
                    }
                }
            }
        }
    }

    fn entry_of(number: u64) -> Entry {
        entry(number)
    }

    #[test]
    fn a_feed_is_followed_entry_by_entry_and_repetitions_say_nothing() {
        let mut follower = Follower::default();
        let moment = NumericDate::from_secs(9);
        assert_eq!(follower.receive(event(1, Message::Revoked(entry(1)))), Step::Resync(Some(entry(1))));
        follower.start_at(Cursor { epoch: "one".into(), sequence: 1 });
        assert_eq!(follower.receive(event(1, Message::Revoked(entry(1)))), Step::Nothing);
        assert_eq!(follower.receive(event(1, Message::Confirmed(moment))), Step::Confirm(moment));
        assert_eq!(follower.receive(event(2, Message::Revoked(entry(2)))), Step::Merge(entry(2)));
        assert_eq!(follower.place().map(|place| place.sequence), Some(2));
    }

    #[test]
    fn a_gap_another_feed_and_being_told_so_lead_to_the_snapshot() {
        let at = |sequence| Cursor { epoch: "one".into(), sequence };
        let elsewhere = Event { cursor: Cursor { epoch: "two".into(), sequence: 3 }, message: Message::Lost };
        let moment = NumericDate::from_secs(9);
        for (event, step) in [
            (event(4, Message::Revoked(entry(4))), Step::Resync(Some(entry(4)))),
            (event(3, Message::Confirmed(moment)), Step::Resync(None)),
            (event(2, Message::Lost), Step::Resync(None)),
            (elsewhere, Step::Resync(None)),
        ] {
            let mut follower = Follower { place: Some(at(2)) };
            assert_eq!(follower.receive(event), step);
            assert_eq!(follower.place(), None);
        }
    }
}
