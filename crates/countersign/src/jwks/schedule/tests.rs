use super::*;

const START: NumericDate = NumericDate::from_secs(1_700_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn after(seconds: u64) -> NumericDate {
    START + Duration::from_secs(seconds)
}

fn rest(seconds: u64) -> Next {
    Next::Rest(Duration::from_secs(seconds))
}

/// A schedule whose keys were confirmed at the start, to be refreshed after 240 of 300 seconds.
fn confirmed() -> Schedule {
    let mut schedule = Schedule::new(Policy::default());
    assert_eq!(schedule.next(START), Next::Fetch);
    schedule.succeed(START, None, 0.5);
    schedule
}

/// Fails as often as this, each time as soon as it may.
fn failing(schedule: &mut Schedule, times: usize, mut now: NumericDate) -> NumericDate {
    for _ in 0..times {
        if let Next::Rest(wait) = schedule.next(now) {
            now = now + wait;
            assert_eq!(schedule.next(now), Next::Fetch);
        }
        schedule.fail(now, 1.0);
    }
    now
}

#[test]
fn the_first_fetch_is_due_at_once() {
    let mut schedule = Schedule::new(Policy::default());
    assert!(!schedule.has_keys(START));
    assert_eq!(schedule.next(START), Next::Fetch);
}

#[test]
fn a_set_is_refreshed_ahead_of_its_end_and_not_everywhere_at_once() {
    for (chance, seconds) in [(0.0, 210), (0.5, 240), (1.0, 270)] {
        let mut schedule = Schedule::new(Policy::default());
        schedule.succeed(START, Some(5 * MINUTE), chance);
        assert_eq!(schedule.next(START), rest(seconds), "{chance}");
        assert_eq!(schedule.next(after(seconds)), Next::Fetch, "{chance}");
    }
}

#[test]
fn what_the_issuer_says_of_freshness_counts_within_bounds() {
    let cases = [
        (None, 240),
        (Some(Duration::ZERO), 48),
        (Some(MINUTE * 10), 480),
        (Some(HOUR * 24 * 365), 2880),
        (Some(Duration::MAX), 2880),
    ];
    for (max_age, seconds) in cases {
        let mut schedule = Schedule::new(Policy::default());
        schedule.succeed(START, max_age, 0.5);
        assert_eq!(schedule.next(START), rest(seconds), "{max_age:?}");
    }
}

#[test]
fn a_set_is_refreshed_before_it_is_stale() {
    let mut schedule = Schedule::new(Policy { stale_after: MINUTE, ..Policy::default() });
    schedule.succeed(START, Some(HOUR), 1.0);
    assert_eq!(schedule.next(START), rest(54));
}

#[test]
fn chance_that_is_no_fraction_counts_as_none() {
    for chance in [f64::NAN, f64::INFINITY, -1.0, 2.0] {
        let mut schedule = Schedule::new(Policy::default());
        schedule.succeed(START, Some(5 * MINUTE), chance);
        assert_eq!(schedule.next(START), rest(210));
    }
}

#[test]
fn failed_fetches_back_off_to_a_minute_and_a_good_one_ends_that() {
    let mut schedule = confirmed();
    let mut now = after(240);
    let mut waits = Vec::new();
    for _ in 0..8 {
        now = failing(&mut schedule, 1, now);
        waits.push(schedule.backing_off(now).expect("a failed fetch").as_secs());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    schedule.succeed(now, None, 0.5);
    assert_eq!(schedule.backing_off(now), None);
    now = failing(&mut schedule, 1, now + 5 * MINUTE);
    assert_eq!(schedule.backing_off(now), Some(Duration::from_secs(1)));
}

#[test]
fn chance_takes_up_to_half_of_a_backoff_away() {
    let mut schedule = confirmed();
    schedule.fail(START, 0.0);
    assert_eq!(schedule.next(START), Next::Rest(Duration::from_millis(500)));
}

#[test]
fn keys_are_used_until_the_stale_bound_and_not_after_it() {
    let schedule = confirmed();
    assert!(schedule.has_keys(after(24 * 3600 - 1)));
    assert!(!schedule.has_keys(after(24 * 3600)));
}

#[test]
fn a_failed_fetch_does_not_move_the_stale_bound() {
    let mut schedule = confirmed();
    schedule.fail(after(240), 0.5);
    assert!(!schedule.has_keys(after(24 * 3600)));
}

#[test]
fn restored_keys_are_used_while_the_first_fetch_is_due_at_once() {
    let mut schedule = Schedule::new(Policy::default());
    schedule.restore(START);
    assert!(schedule.has_keys(after(3600)));
    assert_eq!(schedule.next(after(3600)), Next::Fetch);
}

#[test]
fn a_clock_that_was_set_back_does_not_put_the_next_fetch_off() {
    let mut schedule = confirmed();
    assert_eq!(schedule.next(START - HOUR), Next::Fetch);
    schedule.fail(START - HOUR, 1.0);
    assert_eq!(schedule.next(START - HOUR), rest(1));
}

#[test]
fn who_asks_while_a_fetch_is_wanted_or_under_way_waits_for_that_one() {
    let mut schedule = Schedule::new(Policy::default());
    assert_eq!(schedule.help(START), Help::Await(1));
    assert_eq!(schedule.help(START), Help::Await(1));
    assert_eq!(schedule.next(START), Next::Fetch);
    assert_eq!(schedule.help(START), Help::Await(1));
    schedule.succeed(START, None, 0.5);
    assert_eq!(schedule.next(START), rest(240), "nothing was asked for after that fetch");
}

#[test]
fn an_unknown_key_id_brings_the_next_fetch_forward_within_the_budget() {
    let mut schedule = confirmed();
    for number in 2..5 {
        assert_eq!(schedule.help(after(1)), Help::Await(number));
        assert_eq!(schedule.next(after(1)), Next::Fetch);
        schedule.succeed(after(1), None, 0.5);
    }
    assert_eq!(schedule.help(after(1)), Help::Settled);
    assert_eq!(schedule.next(after(1)), rest(240));
}

#[test]
fn an_unknown_key_id_is_settled_only_while_the_set_was_confirmed_just_now() {
    let policy = Policy { unknown_burst: 0, ..Policy::default() };
    let mut schedule = Schedule::new(policy);
    schedule.succeed(START, None, 0.5);
    assert_eq!(schedule.help(after(30)), Help::Settled);
    assert_eq!(schedule.help(after(31)), Help::Later(Duration::from_secs(30)));
}

#[test]
fn an_unknown_key_id_is_not_settled_while_fetches_fail() {
    let mut schedule = confirmed();
    let now = failing(&mut schedule, 4, after(240));
    assert_eq!(schedule.help(now), Help::Later(Duration::from_secs(8)));
}

#[test]
fn without_keys_the_first_who_asks_after_a_backoff_has_a_fetch_made_whatever_the_budget() {
    let mut schedule = Schedule::new(Policy { unknown_burst: 0, ..Policy::default() });
    schedule.fail(START, 1.0);
    assert_eq!(schedule.help(START), Help::Later(Duration::from_secs(1)));
    assert_eq!(schedule.help(after(1)), Help::Await(2));
}

#[test]
fn stale_keys_count_as_none() {
    let mut schedule = confirmed();
    let stale = after(24 * 3600);
    assert_eq!(schedule.help(stale), Help::Await(2));
    assert_eq!(schedule.next(stale), Next::Fetch);
    schedule.fail(stale, 1.0);
    assert_eq!(schedule.help(stale), Help::Later(Duration::from_secs(1)));
}

#[test]
fn what_an_operator_demands_is_fetched_whatever_the_rules_say() {
    let mut schedule = confirmed();
    schedule.fail(START, 1.0);
    assert_eq!(schedule.demand(), Help::Await(3));
    assert_eq!(schedule.next(START), Next::Fetch);
    assert_eq!(schedule.demand(), Help::Await(3));
}
