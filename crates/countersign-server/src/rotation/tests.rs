use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);
const SCHEDULE: Schedule = Schedule {
    rotate_every: Some(secs(1_000)),
    announce: secs(310),
    hold_back: secs(3_600),
    margin: secs(130),
    token_lifetime: secs(900),
};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn seen(id: &str, state: State, seen_for: u64) -> Seen<'_> {
    Seen { id, state, seen_for: secs(seen_for), awaited: false, token_lifetime: None }
}

fn current(age: u64) -> Seen<'static> {
    seen("current", State::Current { since: NOW - secs(age) }, 0)
}

fn promote(id: &str) -> Step {
    Step::Promote { id: id.to_owned() }
}

#[test]
fn the_next_key_is_made_early_enough_to_be_announced_and_not_earlier() {
    for (age, steps) in
        [(0, vec![]), (689, vec![]), (690, vec![Step::Announce]), (9_000, vec![Step::Announce])]
    {
        assert_eq!(decide(&[current(age)], NOW, &SCHEDULE), steps, "{age}");
    }
    let by_hand = Schedule { rotate_every: None, ..SCHEDULE };
    assert_eq!(decide(&[current(9_000)], NOW, &by_hand), []);
    assert_eq!(decide(&[current(9_000), seen("next", State::Next, 0)], NOW, &SCHEDULE), []);
}

#[test]
fn the_next_key_signs_when_it_was_seen_for_long_enough_whoever_made_it() {
    for schedule in [SCHEDULE, Schedule { rotate_every: None, ..SCHEDULE }] {
        for (seen_for, steps) in [(0, vec![]), (309, vec![]), (310, vec![promote("next")])] {
            let keys = [current(5), seen("next", State::Next, seen_for)];
            assert_eq!(decide(&keys, NOW, &schedule), steps, "{seen_for}");
        }
    }
}

#[test]
fn a_verifier_that_does_not_fetch_the_next_key_holds_it_back_until_the_deadline() {
    for (seen_for, steps) in [(310, vec![]), (3_909, vec![]), (3_910, vec![promote("next")])] {
        let next = Seen { awaited: true, ..seen("next", State::Next, seen_for) };
        assert_eq!(decide(&[current(5), next], NOW, &SCHEDULE), steps, "{seen_for}");
    }
}

#[test]
fn a_retired_key_is_kept_for_the_longest_lifetime_that_anybody_knows_of() {
    let retired = State::Retired { at: NOW - secs(1) };
    for (written, kept) in [(None, 1_030), (Some(60), 1_030), (Some(86_400), 86_530)] {
        let steps = |seen_for| {
            let key = Seen { token_lifetime: written.map(secs), ..seen("old", retired, seen_for) };
            decide(&[key, current(0)], NOW, &SCHEDULE)
        };
        assert_eq!(steps(kept - 1), [], "{written:?}");
        assert_eq!(steps(kept), [Step::Remove { id: "old".to_owned(), retired_at: NOW - secs(1) }]);
    }
}

#[test]
fn a_clock_that_leaps_makes_no_key_sign_or_go_before_its_time() {
    let keys = [current(0), seen("next", State::Next, 5), seen("old", State::Retired { at: NOW }, 5)];
    for now in [NumericDate::from_secs(0), NOW, NOW + secs(10 * 365 * 86_400)] {
        assert_eq!(decide(&keys, now, &SCHEDULE), [], "{now:?}");
    }
}

/// How often an instance looks into the store, at the least.
const CHECK: u64 = 5;
const MAX_AGE: u64 = 300;

/// What the store holds: the rules of its statements, without the database.
#[derive(Default)]
struct Model {
    keys: BTreeMap<String, State>,
    made: usize,
}

impl Model {
    fn take(&mut self, step: Step, now: NumericDate) -> Option<String> {
        match step {
            Step::Announce if self.keys.values().all(|state| *state != State::Next) => {
                self.made += 1;
                self.keys.insert(format!("key-{}", self.made), State::Next);
            }
            Step::Promote { id } if self.keys.get(&id) == Some(&State::Next) => {
                for state in self.keys.values_mut() {
                    if matches!(state, State::Current { .. }) {
                        *state = State::Retired { at: now };
                    }
                }
                self.keys.insert(id, State::Current { since: now });
            }
            Step::Remove { id, retired_at }
                if self.keys.get(&id) == Some(&State::Retired { at: retired_at }) =>
            {
                self.keys.remove(&id);
                return Some(id);
            }
            _ => {}
        }
        None
    }

    fn signing(&self) -> Vec<&String> {
        let signs = |(_, state): &(&String, &State)| matches!(state, State::Current { .. });
        self.keys.iter().filter(signs).map(|(id, _)| id).collect()
    }
}

/// One instance: what its clock says beside the true time, what it holds, and since when, in true seconds.
#[derive(Default, Clone)]
struct Instance {
    wrong_by: i64,
    looked_at: u64,
    signing: String,
    seen: BTreeMap<String, (State, u64)>,
    published: BTreeMap<String, u64>,
}

impl Instance {
    fn look(&mut self, model: &mut Model, time: u64) -> Vec<String> {
        self.looked_at = time;
        self.take_in(model, time);
        let now = NumericDate::from_secs(NOW.as_secs() + time as i64 + self.wrong_by);
        let keys: Vec<_> =
            self.seen.iter().map(|(id, (state, since))| seen(id, *state, time - since)).collect();
        let removed =
            decide(&keys, now, &SCHEDULE).into_iter().filter_map(|step| model.take(step, now)).collect();
        self.take_in(model, time);
        removed
    }

    fn take_in(&mut self, model: &Model, time: u64) {
        self.signing = model.signing()[0].clone();
        self.published.retain(|id, _| model.keys.contains_key(id));
        let before = std::mem::take(&mut self.seen);
        for (id, state) in &model.keys {
            self.published.entry(id.clone()).or_insert(time);
            let since = before.get(id).filter(|(seen_as, _)| seen_as == state).map_or(time, |(_, at)| *at);
            self.seen.insert(id.clone(), (*state, since));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Three instances look into one store in any order, each by a clock that may jump by years at any time; each is restarted
    /// now and then. They sign all the time.
    #[test]
    fn a_key_is_known_everywhere_before_it_signs_and_kept_until_its_last_token_has_expired(
        turns in prop::collection::vec((0..3_usize, 1..=CHECK, prop::option::weighted(0.05, -100_000_000..100_000_000_i64), prop::bool::weighted(0.002)), 1_500)
    ) {
        let mut model = Model::default();
        model.keys.insert("key-0".to_owned(), State::Current { since: NOW });
        let mut instances = vec![Instance::default(); 3];
        let mut time = 0;
        for instance in &mut instances {
            instance.take_in(&model, time);
            // They have run for a while, and so have their verifiers.
            instance.published.insert("key-0".to_owned(), 0);
        }
        let mut last_token = BTreeMap::from([("key-0".to_owned(), 0)]);
        let mut signed = BTreeSet::new();
        for (number, passed, jump, restart) in turns {
            time += passed;
            let late: Vec<_> = (0..3).filter(|other| time - instances[*other].looked_at + CHECK > 2 * CHECK).collect();
            if restart {
                let published = instances[number].published.clone();
                instances[number] = Instance { published, ..Instance::default() };
            }
            instances[number].wrong_by = jump.unwrap_or(instances[number].wrong_by);
            for number in late.into_iter().chain([number]) {
                for removed in instances[number].look(&mut model, time) {
                    let expires = last_token[&removed] + SCHEDULE.token_lifetime.as_secs() + 60;
                    prop_assert!(time >= expires, "{removed} is gone at {time}, and a token of it lives until {expires}");
                }
                prop_assert_eq!(model.signing().len(), 1);
            }
            for signer in instances.iter().map(|instance| instance.signing.clone()).collect::<BTreeSet<_>>() {
                for (other, instance) in instances.iter().enumerate() {
                    let published = instance.published.get(&signer).copied();
                    let known = signer == "key-0" || published.is_some_and(|at| at + MAX_AGE <= time);
                    prop_assert!(known, "{signer} signs at {time}, and instance {other} publishes it since {published:?}");
                }
                last_token.insert(signer.clone(), time);
                signed.insert(signer);
            }
        }
        // About 4500 seconds have passed, and a key signs for 1000.
        prop_assert!(signed.len() >= 2, "{signed:?}");
    }
}
