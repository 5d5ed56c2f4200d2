use std::net::IpAddr;

use countersign::jwt::{Clock, NumericDate};
use countersign::session::{
    InvalidRefreshToken, LogOutError, NewSession, Occasion, RefreshError, Revocation, RevocationReason,
    Revoker, Session, SessionPolicy, SessionStore, SessionStoreError, Sessions, StartError,
};

use crate::common::{NOW, Scene, id, keys, millis, secs};
use crate::planted::Unavailable;

#[tokio::test]
async fn a_login_stores_who_from_where_and_until_when() {
    let scene = Scene::new();
    let address: IpAddr = [192, 0, 2, 1].into();
    let login = NewSession::new(id(1), "ada").user_agent("Firefox").address(address);
    // What is finer than a millisecond is not kept.
    let grant = scene.sessions.start(login, NOW + std::time::Duration::from_nanos(1_999_999)).await.unwrap();
    let now = NOW + millis(1);
    let expected = Session {
        id: id(1),
        user_id: "ada".to_owned(),
        counter: 0,
        created_at: now,
        refreshed_at: now,
        expires_at: now + secs(3600),
        idle_lifetime: secs(600),
        revocation: None,
        user_agent: Some("Firefox".to_owned()),
        address: Some(address),
        status_index: None,
    };
    assert_eq!(grant.session, expected);
    assert_eq!(scene.stored(1).await, expected);
    assert_eq!((grant.token.counter(), grant.occasion), (0, Occasion::Login));
}

#[tokio::test]
async fn a_name_of_a_user_agent_is_cut_and_cleaned() {
    let scene = Scene::new();
    let login = NewSession::new(id(1), "ada").user_agent(&format!("a\0\n\u{1b}[31m{}", "é".repeat(200)));
    let grant = scene.sessions.start(login, NOW).await.unwrap();
    // Five bytes, then letters of two: the last that fits ends at 255.
    assert_eq!(grant.session.user_agent, Some(format!("a[31m{}", "é".repeat(125))));
}

#[tokio::test]
async fn an_id_that_is_taken_is_an_error_and_gives_no_token() {
    let scene = Scene::new();
    scene.log_in(1, "ada").await;
    let outcome = scene.sessions.start(NewSession::new(id(1), "eve"), NOW).await;
    assert_eq!(outcome.unwrap_err(), StartError::IdTaken);
    assert_eq!(scene.stored(1).await.user_id, "ada");
}

#[tokio::test]
async fn a_refresh_tells_the_session_as_it_is_stored() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    scene.clock.advance(secs(60));
    let address = Some([192, 0, 2, 7].into());
    let rotated = scene.sessions.refresh(&token, address, scene.clock.now()).await.unwrap();
    assert_eq!(rotated.session, scene.stored(1).await);
    assert_eq!((rotated.session.counter, rotated.session.address), (1, address));
    assert_eq!(rotated.session.refreshed_at, NOW + secs(60));
    let replayed = scene.refresh(&token).await.unwrap();
    assert_eq!(replayed.session, rotated.session);
}

#[tokio::test]
async fn a_session_that_is_used_ends_at_its_absolute_lifetime_all_the_same() {
    let scene = Scene::new();
    let mut token = scene.log_in(1, "ada").await;
    for _ in 0..6 {
        scene.clock.advance(millis(599_999));
        token = scene.successor(&token).await;
    }
    scene.clock.set(NOW + secs(3600));
    assert_eq!(scene.refusal(&token).await, "session_expired");
}

#[tokio::test]
async fn a_session_that_is_not_used_is_over_at_its_idle_lifetime() {
    let scene = Scene::new();
    let (one, other) = (scene.log_in(1, "ada").await, scene.log_in(2, "ada").await);
    scene.clock.advance(millis(599_999));
    assert!(scene.refresh(&one).await.is_ok());
    scene.clock.advance(millis(1));
    assert_eq!(scene.refusal(&other).await, "session_idle");
}

#[tokio::test]
async fn a_store_set_back_to_a_backup_ends_the_sessions_it_has_forgotten_steps_of() {
    let scene = Scene::new();
    let stolen_long_ago = scene.log_in(1, "ada").await;
    let backup = scene.stored(1).await;
    let current = scene.successor(&stolen_long_ago).await;
    scene.store.purge(NumericDate::MAX, 1).await.unwrap();
    scene.store.insert(&backup).await.unwrap();

    assert_eq!(scene.refusal(&current).await, "session_rolled_back");
    let told = scene.told();
    assert_eq!(told[0].revocation.reason, RevocationReason::RolledBack);
    assert_eq!(scene.refusal(&stolen_long_ago).await, "session_revoked");
}

#[tokio::test]
async fn logging_out_twice_is_no_error() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let revoked = scene.sessions.log_out(&token, NOW).await.unwrap().unwrap();
    assert_eq!(revoked.revocation, Revocation { at: NOW, reason: RevocationReason::LoggedOut });
    assert_eq!(scene.sessions.log_out(&token, NOW).await, Ok(None));
    scene.store.purge(NOW, 10).await.unwrap();
    assert_eq!(scene.sessions.log_out(&token, NOW).await, Ok(None));
    assert_eq!(scene.told(), [revoked]);
}

#[tokio::test]
async fn a_logout_with_a_token_that_was_used_up_or_has_expired_ends_the_session() {
    let scene = Scene::new();
    let (one, other) = (scene.log_in(1, "ada").await, scene.log_in(2, "ada").await);
    scene.successor(&one).await;
    scene.clock.advance(secs(10_000));
    for token in [one, other] {
        let now = scene.clock.now();
        assert!(scene.sessions.log_out(&token, now).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn logging_out_elsewhere_keeps_the_session_in_which_it_is_done() {
    let scene = Scene::new();
    let here = scene.log_in(1, "ada").await;
    let elsewhere = [scene.log_in(2, "ada").await, scene.log_in(3, "ada").await];
    let stranger = scene.log_in(4, "bob").await;
    let revoked = scene.sessions.log_out_others("ada", id(1), NOW).await.unwrap();
    assert_eq!(revoked.len(), 2);
    for token in elsewhere {
        assert_eq!(scene.refusal(&token).await, "session_revoked");
    }
    let here = scene.successor(&here).await;
    assert_eq!(scene.sessions.log_out_all("ada", NOW).await.unwrap().len(), 1);
    assert_eq!(scene.refusal(&here).await, "session_revoked");
    assert!(scene.refresh(&stranger).await.is_ok());
}

#[tokio::test]
async fn a_user_ends_their_own_sessions_only_and_an_operator_any() {
    let scene = Scene::new();
    let tokens = [scene.log_in(1, "ada").await, scene.log_in(2, "ada").await];
    assert_eq!(scene.sessions.revoke(id(1), Revoker::User("eve"), NOW).await, Ok(None));
    assert_eq!(scene.sessions.revoke(id(9), Revoker::User("eve"), NOW).await, Ok(None));
    assert_eq!(scene.told(), []);
    let tokens = [scene.successor(&tokens[0]).await, tokens[1].clone()];

    let by_user = scene.sessions.revoke(id(1), Revoker::User("ada"), NOW).await.unwrap().unwrap();
    let by_operator = scene.sessions.revoke(id(2), Revoker::Administrator, NOW).await.unwrap().unwrap();
    assert_eq!(by_user.revocation.reason, RevocationReason::LoggedOut);
    assert_eq!(
        (by_operator.revocation.reason, by_operator.user_id.as_str()),
        (RevocationReason::Administrator, "ada")
    );
    assert_eq!(scene.sessions.revoke(id(1), Revoker::Administrator, NOW).await, Ok(None));
    for token in tokens {
        assert_eq!(scene.refusal(&token).await, "session_revoked");
    }
}

#[tokio::test]
async fn the_list_is_of_the_sessions_that_can_still_be_refreshed() {
    let scene = Scene::new();
    let (one, two) = (scene.log_in(1, "ada").await, scene.log_in(2, "ada").await);
    scene.log_in(3, "ada").await;
    scene.log_in(4, "bob").await;
    scene.clock.advance(secs(300));
    scene.successor(&one).await;
    scene.sessions.log_out(&two, scene.clock.now()).await.unwrap();
    let listed = async |limit| {
        let sessions = scene.sessions.list("ada", limit, scene.clock.now()).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(10).await, [id(1), id(3)]);
    assert_eq!(listed(1).await, [id(1)]);
    scene.clock.advance(secs(300));
    assert_eq!(listed(10).await, [id(1)]);
}

#[tokio::test]
async fn what_is_over_is_kept_for_as_long_as_it_is_said_and_then_unknown() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    scene.sessions.log_out(&token, NOW).await.unwrap();
    let purge = |now| scene.sessions.purge(secs(900), 10, now);
    assert_eq!(purge(NOW + millis(899_999)).await, Ok(0));
    assert_eq!(scene.refusal(&token).await, "session_revoked");
    assert_eq!(purge(NOW + secs(900)).await, Ok(1));
    assert_eq!(scene.refusal(&token).await, "session_unknown");
}

#[tokio::test]
async fn garbage_is_refused_without_the_store_and_an_outage_is_no_refusal() {
    let sessions = Sessions::new(Unavailable, keys(), SessionPolicy::default());
    let forged = countersign::session::RefreshTokenKeys::new(&[8; 32]).unwrap().issue(id(1), 0);
    for (token, why) in [
        ("", InvalidRefreshToken::Malformed),
        ("x", InvalidRefreshToken::Malformed),
        (forged.as_str(), InvalidRefreshToken::Forged),
    ] {
        assert_eq!(sessions.refresh(token, None, NOW).await.unwrap_err(), RefreshError::Invalid(why));
        assert_eq!(sessions.log_out(token, NOW).await.unwrap_err(), LogOutError::Invalid(why));
    }
    let good = keys().issue(id(1), 0);
    let unavailable = |error: &SessionStoreError| error.code() == "store_unavailable";
    assert_eq!(sessions.refresh(good.as_str(), None, NOW).await.unwrap_err().code(), "store_unavailable");
    assert_eq!(sessions.log_out(good.as_str(), NOW).await.unwrap_err().code(), "store_unavailable");
    let login = NewSession::new(id(1), "ada");
    assert_eq!(sessions.start(login, NOW).await.unwrap_err().code(), "store_unavailable");
    assert!(sessions.list("ada", 1, NOW).await.is_err_and(|error| unavailable(&error)));
    assert!(sessions.log_out_all("ada", NOW).await.is_err_and(|error| unavailable(&error)));
    assert!(
        sessions.revoke(id(1), Revoker::Administrator, NOW).await.is_err_and(|error| unavailable(&error))
    );
    assert!(sessions.purge(secs(1), 1, NOW).await.is_err_and(|error| unavailable(&error)));
}

#[test]
fn an_error_tells_nothing_of_what_was_presented() {
    let forged = countersign::session::RefreshTokenKeys::new(&[8; 32]).unwrap().issue(id(1), 0);
    let error = RefreshError::Invalid(keys().authenticate(forged.as_str()).unwrap_err());
    let told = format!("{error} {error:?}");
    assert!(!told.contains(&forged.as_str()[..10]), "{told}");
}

#[test]
fn lifetimes_are_whole_milliseconds_and_no_longer_than_a_century() {
    use std::time::Duration;
    let policy = SessionPolicy::default();
    assert_eq!(policy.lifetime(Duration::new(5, 1_999_999)), policy.lifetime(millis(5001)));
    assert_eq!(policy.idle_lifetime(Duration::MAX), policy.idle_lifetime(secs(100 * 365 * 24 * 3600)));
    assert_eq!(policy.grace(Duration::from_nanos(999_999)), policy.grace(Duration::ZERO));
}

#[test]
fn a_reason_is_found_by_its_code() {
    use RevocationReason::{
        Administrator, LoggedOut, PasswordChanged, Reused, RolledBack, Unknown, UserDisabled,
    };
    for reason in [Administrator, LoggedOut, PasswordChanged, Reused, RolledBack, Unknown, UserDisabled] {
        assert_eq!(RevocationReason::from_code(reason.code()), reason);
    }
    assert_eq!(RevocationReason::from_code("of a later release"), Unknown);
}
