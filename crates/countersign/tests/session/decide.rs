use std::time::Duration;

use countersign::jwt::NumericDate;
use countersign::session::rotation::{Decision, decide};
use countersign::session::{Refusal, Revocation, RevocationReason, Rotation, Session};
use proptest::prelude::*;

use crate::common::{GRACE, NOW, id, keys, millis, secs};

/// Logged in an hour ago, refreshed now for the fifth time, an hour to live, or ten minutes without use.
fn session() -> Session {
    Session {
        id: id(1),
        user_id: "ada".to_owned(),
        counter: 5,
        created_at: NOW - secs(3600),
        refreshed_at: NOW,
        expires_at: NOW + secs(3600),
        idle_lifetime: secs(600),
        revocation: None,
        user_agent: None,
        address: None,
        status_index: None,
    }
}

fn decided(counter: u32, session: &Session, now: NumericDate, grace: Duration) -> Decision {
    decide(&keys().issue(session.id, counter), session, now, grace)
}

const THEFT: Decision = Decision::Revoke(RevocationReason::Reused);

#[test]
fn the_current_token_rotates() {
    let now = NOW + secs(7);
    let rotation =
        Rotation { session_id: id(1), from: 5, to: 6, at: now, ends_at: now + secs(600), address: None };
    assert_eq!(decided(5, &session(), now, GRACE), Decision::Rotate(rotation));
}

#[test]
fn no_rotation_moves_the_absolute_end() {
    let session = Session { expires_at: NOW + secs(60), ..session() };
    let Decision::Rotate(rotation) = decided(5, &session, NOW + secs(59), GRACE) else {
        panic!("no rotation")
    };
    assert_eq!(rotation.ends_at, NOW + secs(60));
    assert_eq!(session.after(&rotation).ends_at(), NOW + secs(60));
}

#[test]
fn the_window_is_over_to_the_millisecond() {
    for (after, decision) in [
        (millis(0), Decision::Replay),
        (millis(9_999), Decision::Replay),
        (millis(10_000), THEFT),
        (millis(10_001), THEFT),
        (secs(599), THEFT),
    ] {
        assert_eq!(decided(4, &session(), NOW + after, GRACE), decision, "{after:?} after the rotation");
    }
}

#[test]
fn a_clock_before_the_rotation_is_as_far_from_it_as_one_after_it() {
    for (before, decision) in [
        (millis(1), Decision::Replay),
        (millis(9_999), Decision::Replay),
        (millis(10_000), THEFT),
        (millis(10_001), THEFT),
        (secs(1_000_000_000), THEFT),
    ] {
        assert_eq!(decided(4, &session(), NOW - before, GRACE), decision, "{before:?} before the rotation");
    }
}

#[test]
fn without_grace_nothing_is_replayed() {
    for now in [NOW, NOW + millis(1), NOW - millis(1)] {
        assert_eq!(decided(4, &session(), now, Duration::ZERO), THEFT);
    }
    assert!(matches!(decided(5, &session(), NOW, Duration::ZERO), Decision::Rotate(_)));
}

#[test]
fn a_token_further_behind_is_theft_even_within_the_window() {
    for counter in [0, 1, 2, 3] {
        assert_eq!(decided(counter, &session(), NOW, GRACE), THEFT, "{counter}");
    }
}

#[test]
fn a_token_that_is_ahead_ends_the_session_and_is_not_called_theft() {
    for counter in [6, 7, u32::MAX] {
        let decision = decided(counter, &session(), NOW, GRACE);
        assert_eq!(decision, Decision::Revoke(RevocationReason::RolledBack), "{counter}");
    }
}

#[test]
fn a_new_session_has_no_token_before_its_first() {
    let session = Session { counter: 0, ..session() };
    assert!(matches!(decided(0, &session, NOW, GRACE), Decision::Rotate(Rotation { to: 1, .. })));
    assert_eq!(decided(u32::MAX, &session, NOW, GRACE), Decision::Revoke(RevocationReason::RolledBack));
}

#[test]
fn a_counter_that_has_no_next_is_refused_and_never_begins_again() {
    let session = Session { counter: u32::MAX, ..session() };
    assert_eq!(decided(u32::MAX, &session, NOW, GRACE), Decision::Refuse(Refusal::Exhausted));
    assert_eq!(decided(u32::MAX - 1, &session, NOW, GRACE), Decision::Replay);
    assert_eq!(decided(0, &session, NOW, GRACE), THEFT);
    let before = Session { counter: u32::MAX - 1, ..session };
    let Decision::Rotate(rotation) = decided(u32::MAX - 1, &before, NOW, GRACE) else {
        panic!("no rotation")
    };
    assert_eq!(rotation.to, u32::MAX);
}

#[test]
fn a_session_is_over_at_its_ends_to_the_millisecond() {
    let ended = Session { expires_at: NOW + secs(60), ..session() };
    let edges = [
        (&ended, NOW + millis(59_999), None),
        (&ended, NOW + secs(60), Some(Refusal::Expired)),
        (&ended, NOW + millis(60_001), Some(Refusal::Expired)),
        (&session(), NOW + millis(599_999), None),
        (&session(), NOW + secs(600), Some(Refusal::Idle)),
        (&session(), NOW + secs(3600), Some(Refusal::Expired)),
    ];
    for (session, now, refusal) in edges {
        let refused = match decided(5, session, now, GRACE) {
            Decision::Refuse(refusal) => Some(refusal),
            _ => None,
        };
        assert_eq!(refused, refusal, "at {now}");
        assert_eq!(session.is_live(now), refusal.is_none(), "at {now}");
    }
}

#[test]
fn a_session_that_is_over_refuses_every_token_and_calls_none_of_them_theft() {
    let revocation = Some(Revocation { at: NOW, reason: RevocationReason::LoggedOut });
    let over = [
        (Session { revocation, ..session() }, Refusal::Revoked),
        (Session { expires_at: NOW, ..session() }, Refusal::Expired),
        (Session { refreshed_at: NOW - secs(600), ..session() }, Refusal::Idle),
    ];
    for (session, refusal) in over {
        for counter in [0, 4, 5, 6] {
            assert_eq!(decided(counter, &session, NOW, GRACE), Decision::Refuse(refusal), "{counter}");
        }
    }
}

#[test]
fn a_revocation_holds_whatever_its_moment_is() {
    for at in [NOW + secs(3000), NumericDate::MAX, NumericDate::MIN] {
        let revocation = Some(Revocation { at, reason: RevocationReason::LoggedOut });
        let session = Session { revocation, ..session() };
        for counter in [4, 5] {
            assert_eq!(decided(counter, &session, NOW, GRACE), Decision::Refuse(Refusal::Revoked));
        }
    }
}

#[test]
fn a_token_is_good_for_no_session_but_its_own() {
    let theirs = keys().issue(id(2), 5);
    assert_eq!(decide(&theirs, &session(), NOW, GRACE), Decision::Refuse(Refusal::Unknown));
}

proptest! {
    #[test]
    fn whatever_the_clock_says_only_the_current_token_rotates_and_only_the_one_before_is_replayed(
        counter: u32,
        presented: u32,
        now in any::<i64>().prop_map(NumericDate::from_millis),
        grace in (0_u64..100_000).prop_map(Duration::from_millis),
    ) {
        let session = Session { counter, ..session() };
        match decided(presented, &session, now, grace) {
            Decision::Rotate(rotation) => {
                prop_assert_eq!((rotation.from, rotation.to), (presented, counter + 1));
                prop_assert_eq!(presented, counter);
                prop_assert!(session.is_live(now));
            }
            Decision::Replay => {
                prop_assert_eq!(presented.checked_add(1), Some(counter));
                prop_assert!(now.since(NOW) < grace && NOW.since(now) < grace);
                prop_assert!(session.is_live(now));
            }
            Decision::Revoke(_) => prop_assert!(presented != counter),
            Decision::Refuse(_) => prop_assert!(!session.is_live(now) || counter == u32::MAX),
        }
    }
}
