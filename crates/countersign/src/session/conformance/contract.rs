//! What each method promises by itself.

use std::time::Duration;

use countersign_jwt::NumericDate;

use super::{Broken, ensure, equal};
use crate::session::{Revocation, RevocationReason, Rotation, Session, SessionId, SessionStore};

pub(super) const LOGIN: NumericDate = NumericDate::from_millis(1_700_000_000_123);
const LIFETIME: Duration = Duration::from_secs(3600);
const IDLE: Duration = Duration::from_secs(600);

pub(super) fn id(number: u8) -> SessionId {
    SessionId::from_bytes([number; SessionId::LEN])
}

pub(super) fn session(number: u8, user_id: &str) -> Session {
    Session {
        id: id(number),
        user_id: user_id.to_owned(),
        counter: 0,
        created_at: LOGIN,
        refreshed_at: LOGIN,
        expires_at: LOGIN + LIFETIME,
        idle_lifetime: IDLE,
        revocation: None,
        user_agent: None,
        address: None,
        status_index: None,
    }
}

pub(super) fn rotation(session: &Session, at: NumericDate) -> Rotation {
    Rotation {
        session_id: session.id,
        from: session.counter,
        to: session.counter + 1,
        at,
        ends_at: session.expires_at.min(at + session.idle_lifetime),
        address: None,
    }
}

pub(super) fn revocation(at: NumericDate) -> Revocation {
    Revocation { at, reason: RevocationReason::LoggedOut }
}

async fn insert(store: &impl SessionStore, session: &Session) -> Result<(), Broken> {
    ensure(store.insert(session).await?, "a session with an id of its own was not inserted")
}

async fn ensure_stored(store: &impl SessionStore, expected: &Session) -> Result<(), Broken> {
    equal("what is stored", &store.load(expected.id).await?.as_ref(), &Some(expected))
}

pub(super) async fn a_session_is_loaded_as_it_was_inserted(store: impl SessionStore) -> Result<(), Broken> {
    let plain = session(1, "user-1");
    let extreme = Session {
        user_id: "Zoë 🦀'; DROP TABLE sessions; --".to_owned(),
        counter: u32::MAX,
        refreshed_at: LOGIN + Duration::from_millis(1),
        expires_at: LOGIN + Duration::from_secs(100 * 365 * 24 * 3600),
        idle_lifetime: Duration::from_secs(100 * 365 * 24 * 3600) + Duration::from_millis(1),
        revocation: Some(Revocation { at: LOGIN, reason: RevocationReason::RolledBack }),
        user_agent: Some("é".repeat(128)),
        address: Some([0x2001, 0xdb8, 0, 0, 0, 0, 0xffff, 1].into()),
        status_index: Some(i64::MAX as u64),
        ..session(0xff, "")
    };
    let nameless = Session {
        user_agent: Some(String::new()),
        address: Some([192, 0, 2, 1].into()),
        ..session(0, "user-1")
    };
    for session in [&plain, &extreme, &nameless] {
        insert(&store, session).await?;
    }
    for session in [&plain, &extreme, &nameless] {
        ensure_stored(&store, session).await?;
    }
    Ok(())
}

pub(super) async fn an_id_is_given_once(store: impl SessionStore) -> Result<(), Broken> {
    let first = session(1, "ada");
    insert(&store, &first).await?;
    ensure(!store.insert(&session(1, "eve")).await?, "a second session was inserted under one id")?;
    ensure_stored(&store, &first).await
}

pub(super) async fn a_status_index_is_given_once_while_its_session_is_stored(
    store: impl SessionStore,
) -> Result<(), Broken> {
    let at = |number, index| Session { status_index: Some(index), ..session(number, "ada") };
    let first = at(1, 7);
    insert(&store, &first).await?;
    insert(&store, &at(2, 8)).await?;
    // Those without one do not share it.
    insert(&store, &session(3, "ada")).await?;
    insert(&store, &session(4, "ada")).await?;
    ensure(!store.insert(&at(5, 7)).await?, "two sessions have one status index")?;
    store.revoke(first.id, revocation(LOGIN)).await?;
    ensure(!store.insert(&at(5, 7)).await?, "a revoked session has lost its status index")?;
    store.purge(LOGIN, 10).await?;
    insert(&store, &at(5, 7)).await
}

pub(super) async fn a_session_that_was_never_inserted_is_not_there(
    store: impl SessionStore,
) -> Result<(), Broken> {
    let (present, absent) = (session(1, "ada"), session(2, "ada"));
    insert(&store, &present).await?;
    equal("an absent session", &store.load(absent.id).await?, &None)?;
    ensure(!store.rotate(&rotation(&absent, LOGIN)).await?, "an absent session was rotated")?;
    ensure(!store.revoke(absent.id, revocation(LOGIN)).await?, "an absent session was revoked")?;
    equal("what a stranger owns", &store.list("bob", LOGIN, 10).await?, &Vec::new())?;
    ensure_stored(&store, &present).await
}

pub(super) async fn a_rotation_moves_the_counter_it_was_decided_from(
    store: impl SessionStore,
) -> Result<(), Broken> {
    let start = Session { counter: u32::MAX - 2, ..session(1, "ada") };
    let bystander = Session { counter: u32::MAX - 2, ..session(2, "ada") };
    insert(&store, &start).await?;
    insert(&store, &bystander).await?;
    let later = LOGIN + Duration::from_millis(4321);
    let first = Rotation { address: Some([192, 0, 2, 1].into()), ..rotation(&start, later) };
    ensure(store.rotate(&first).await?, "the first rotation did not happen")?;
    let once = start.clone().after(&first);
    ensure_stored(&store, &once).await?;

    let again = Rotation { at: later + Duration::from_secs(1), ..first.clone() };
    ensure(!store.rotate(&again).await?, "a rotation happened twice")?;
    let ahead = Rotation { from: u32::MAX, to: u32::MAX, ..again };
    ensure(!store.rotate(&ahead).await?, "a rotation from a counter that is ahead happened")?;
    ensure_stored(&store, &once).await?;

    let elsewhere = Some([192, 0, 2, 2].into());
    let second = Rotation { address: elsewhere, ..rotation(&once, later + Duration::from_secs(2)) };
    ensure(store.rotate(&second).await?, "the second rotation did not happen")?;
    ensure_stored(&store, &once.after(&second)).await?;
    ensure_stored(&store, &bystander).await
}

pub(super) async fn a_rotation_keeps_the_address_when_it_knows_no_other(
    store: impl SessionStore,
) -> Result<(), Broken> {
    let start = Session { address: Some([192, 0, 2, 1].into()), ..session(1, "ada") };
    insert(&store, &start).await?;
    let first = rotation(&start, LOGIN);
    ensure(store.rotate(&first).await?, "the rotation did not happen")?;
    ensure_stored(&store, &start.after(&first)).await
}

pub(super) async fn a_revoked_session_does_not_rotate(store: impl SessionStore) -> Result<(), Broken> {
    let start = session(1, "ada");
    insert(&store, &start).await?;
    // The moment of a revocation is compared with nothing: a clock may have been wrong.
    let revocation = revocation(LOGIN + Duration::from_secs(500));
    ensure(store.revoke(start.id, revocation).await?, "a live session was not revoked")?;
    ensure(!store.rotate(&rotation(&start, LOGIN)).await?, "a revoked session was rotated")?;
    ensure_stored(&store, &Session { revocation: Some(revocation), ..start }).await
}

pub(super) async fn the_first_revocation_stays(store: impl SessionStore) -> Result<(), Broken> {
    let start = session(1, "ada");
    insert(&store, &start).await?;
    let first = Revocation { at: LOGIN, reason: RevocationReason::Reused };
    let second = revocation(LOGIN + Duration::from_secs(1));
    ensure(store.revoke(start.id, first).await?, "a live session was not revoked")?;
    ensure(!store.revoke(start.id, second).await?, "a session was revoked twice")?;
    let all = store.revoke_all("ada", None, second).await?;
    equal("what was revoked a second time", &all, &Vec::new())?;
    ensure_stored(&store, &Session { revocation: Some(first), ..start }).await
}

pub(super) async fn an_expired_session_can_be_revoked(store: impl SessionStore) -> Result<(), Broken> {
    for number in [1, 2] {
        insert(&store, &session(number, "ada")).await?;
    }
    // Its last access token may have been given out a moment before it expired.
    let late = revocation(LOGIN + LIFETIME + LIFETIME);
    ensure(store.revoke(id(1), late).await?, "an expired session was not revoked")?;
    let all = store.revoke_all("ada", None, late).await?;
    equal("what was revoked of the expired sessions", &all, &vec![id(2)])
}

pub(super) async fn revoking_all_of_a_user_spares_the_kept_one_and_everybody_else(
    store: impl SessionStore,
) -> Result<(), Broken> {
    for (number, user_id) in [(1, "ada"), (2, "ada"), (3, "ada"), (4, "bob"), (5, "ada")] {
        insert(&store, &session(number, user_id)).await?;
    }
    ensure(store.revoke(id(5), revocation(LOGIN)).await?, "a live session was not revoked")?;
    let now = Revocation { at: LOGIN, reason: RevocationReason::PasswordChanged };

    // Another user's session is nobody's to keep.
    equal("what was revoked of a stranger", &store.revoke_all("eve", Some(id(4)), now).await?, &Vec::new())?;
    let mut others = store.revoke_all("ada", Some(id(2)), now).await?;
    others.sort();
    equal("what was revoked beside the kept session", &others, &vec![id(1), id(3)])?;
    ensure_stored(&store, &Session { revocation: Some(now), ..session(1, "ada") }).await?;
    ensure_stored(&store, &session(2, "ada")).await?;
    ensure_stored(&store, &session(4, "bob")).await?;

    equal("what was revoked of all", &store.revoke_all("ada", None, now).await?, &vec![id(2)])?;
    ensure_stored(&store, &session(4, "bob")).await
}

pub(super) async fn user_ids_are_compared_byte_by_byte(store: impl SessionStore) -> Result<(), Broken> {
    // One letter composed, one of two code points: the same to a reader, and to some collations.
    let users = ["ada", "Ada", "ada ", "ad_", "ad%", "", "caf\u{e9}", "cafe\u{301}"];
    for (number, user_id) in (0..).zip(users) {
        insert(&store, &session(number, user_id)).await?;
    }
    for (number, user_id) in (0..).zip(users) {
        let listed = store.list(user_id, LOGIN, 10).await?;
        equal("the list of one user", &listed, &vec![session(number, user_id)])?;
    }
    for (number, user_id) in (0..).zip(users) {
        let revoked = store.revoke_all(user_id, None, revocation(LOGIN)).await?;
        equal("what was revoked of one user", &revoked, &vec![id(number)])?;
    }
    Ok(())
}

pub(super) async fn the_list_holds_the_live_sessions_last_refreshed_first(
    store: impl SessionStore,
) -> Result<(), Broken> {
    let after = |secs| LOGIN + Duration::from_secs(secs);
    let refreshed = |number, secs| Session { refreshed_at: after(secs), ..session(number, "ada") };
    let now = after(1000);
    let millisecond = Duration::from_millis(1);
    let live = [
        refreshed(1, 999),
        refreshed(2, 700),
        Session { refreshed_at: now - IDLE + millisecond, ..session(3, "ada") },
        Session { expires_at: now + millisecond, refreshed_at: after(401), ..session(4, "ada") },
    ];
    let not_listed = [
        Session { refreshed_at: now - IDLE, ..session(5, "ada") },
        Session { expires_at: now, ..refreshed(6, 999) },
        Session { revocation: Some(revocation(now)), ..refreshed(7, 999) },
        Session { user_id: "bob".to_owned(), ..refreshed(8, 999) },
    ];
    for session in not_listed.iter().chain(&live) {
        insert(&store, session).await?;
    }
    let mut expected = live.to_vec();
    expected.sort_by_key(|session| std::cmp::Reverse(session.refreshed_at));
    equal("the list", &store.list("ada", now, 10).await?, &expected)?;
    equal("the list of at most two", &store.list("ada", now, 2).await?, &expected[..2].to_vec())?;

    // A rotation moves a session to the front, and its end with it.
    let last = expected[3].clone();
    let step = rotation(&last, now);
    ensure(store.rotate(&step).await?, "the rotation did not happen")?;
    let first = store.list("ada", now, 1).await?;
    equal("the front of the list", &first, &vec![last.after(&step)])
}

pub(super) async fn purging_takes_what_is_over_and_nothing_else(
    store: impl SessionStore,
) -> Result<(), Broken> {
    let until = LOGIN + LIFETIME;
    let (millisecond, recently) = (Duration::from_millis(1), until - Duration::from_secs(1));
    let fresh =
        |number| Session { refreshed_at: recently, expires_at: until + LIFETIME, ..session(number, "ada") };
    let kept = [
        fresh(1),
        Session { expires_at: until + millisecond, ..fresh(2) },
        Session { refreshed_at: until - IDLE + millisecond, ..fresh(3) },
        Session { revocation: Some(revocation(until + millisecond)), ..fresh(4) },
    ];
    let over = [
        Session { expires_at: until, ..fresh(5) },
        Session { refreshed_at: until - IDLE, ..fresh(6) },
        Session { revocation: Some(revocation(until)), ..fresh(7) },
    ];
    for session in kept.iter().chain(&over) {
        insert(&store, session).await?;
    }
    // One that would be over had it not been refreshed.
    let idle = Session { refreshed_at: LOGIN, ..fresh(8) };
    insert(&store, &idle).await?;
    let step = rotation(&idle, recently);
    ensure(store.rotate(&step).await?, "the rotation did not happen")?;

    equal("the number of purged sessions", &store.purge(until, 100).await?, &3)?;
    for session in &over {
        equal("a purged session", &store.load(session.id).await?, &None)?;
    }
    for session in &kept {
        ensure_stored(&store, session).await?;
    }
    ensure_stored(&store, &idle.after(&step)).await
}

pub(super) async fn purging_goes_in_batches(store: impl SessionStore) -> Result<(), Broken> {
    for number in 0..5 {
        insert(&store, &session(number, "ada")).await?;
    }
    let long_after = LOGIN + 2 * LIFETIME;
    for expected in [2, 2, 1, 0] {
        equal("the size of a batch", &store.purge(long_after, 2).await?, &expected)?;
    }
    Ok(())
}
