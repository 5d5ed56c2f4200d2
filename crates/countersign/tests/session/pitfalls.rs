//! What goes wrong elsewhere, each by its name.

use countersign::jwt::Clock;
use countersign::session::cookie::RefreshCookie;
use countersign::session::{Grant, Occasion, RefreshError, RevocationReason, Revoker};
use futures_util::future::join_all;

use crate::common::{NOW, Scene, id, millis, secs};

#[tokio::test]
async fn two_tabs_that_refresh_at_once_both_stay_logged_in() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let (one, other) = tokio::join!(scene.refresh(&token), scene.refresh(&token));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.token.as_str(), other.token.as_str());
    assert_ne!(one.token.as_str(), token);
    assert!(scene.refresh(one.token.as_str()).await.is_ok());
}

#[tokio::test]
async fn fifty_refreshes_of_one_token_at_once_rotate_once_and_get_the_same_successor() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let grants: Vec<Grant> =
        join_all((0..50).map(|_| scene.refresh(&token))).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(grants.iter().filter(|grant| grant.occasion == Occasion::Rotation).count(), 1);
    assert!(grants.iter().all(|grant| grant.token.as_str() == grants[0].token.as_str()));
    assert_eq!(scene.stored(1).await.counter, 1);
}

#[tokio::test]
async fn a_client_that_lost_the_answer_gets_the_same_successor_again() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let lost = scene.successor(&token).await;
    scene.clock.advance(millis(9_999));
    let again = scene.refresh(&token).await.unwrap();
    assert_eq!((again.token.as_str(), again.occasion), (lost.as_str(), Occasion::Replay));
}

#[tokio::test]
async fn the_window_does_not_slide_however_often_it_is_used() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let successor = scene.successor(&token).await;
    for _ in 0..9 {
        scene.clock.advance(secs(1));
        assert_eq!(scene.successor(&token).await, successor);
    }
    scene.clock.advance(millis(999));
    assert_eq!(scene.successor(&token).await, successor);
    scene.clock.advance(millis(1));
    assert_eq!(scene.refusal(&token).await, "refresh_token_reused");
}

#[tokio::test]
async fn a_replay_changes_nothing_that_is_stored() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    scene.successor(&token).await;
    let stored = scene.stored(1).await;
    scene.clock.advance(secs(5));
    scene.successor(&token).await;
    assert_eq!(scene.stored(1).await, stored);
}

#[tokio::test]
async fn there_is_no_parallel_chain() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let (victim, thief) = (scene.successor(&token).await, scene.successor(&token).await);
    assert_eq!(victim, thief);
    // Both hold the same one now: as soon as one has moved on, the other is found out.
    let next = scene.successor(&victim).await;
    scene.clock.advance(secs(10));
    assert_eq!(scene.refusal(&thief).await, "refresh_token_reused");
    assert_eq!(scene.refusal(&next).await, "session_revoked");
}

#[tokio::test]
async fn a_token_two_steps_behind_is_theft_even_within_its_own_window() {
    let scene = Scene::new();
    let first = scene.log_in(1, "ada").await;
    let second = scene.successor(&first).await;
    scene.successor(&second).await;
    assert_eq!(scene.refusal(&first).await, "refresh_token_reused");
}

#[tokio::test]
async fn a_refresh_that_is_replayed_carries_the_cookie_again() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let cookie = RefreshCookie::new();
    let first = scene.refresh(&token).await.unwrap();
    scene.clock.advance(secs(3));
    let again = scene.refresh(&token).await.unwrap();
    // The value is the same; its age is counted from now.
    let set = |grant: &Grant| cookie.set(&grant.token, grant.session.ends_at().since(scene.clock.now()));
    let (first, again) = (set(&first), set(&again));
    assert_eq!(first, again);
    assert!(again.to_str().unwrap().contains("Max-Age=597;"), "{again:?}");
}

#[tokio::test]
async fn a_reused_refresh_token_ends_its_session_and_no_other() {
    let scene = Scene::new();
    let stolen = scene.log_in(1, "ada").await;
    let (other, stranger) = (scene.log_in(2, "ada").await, scene.log_in(3, "bob").await);
    let current = scene.successor(&stolen).await;
    scene.clock.advance(secs(11));

    let Err(RefreshError::Ended(revoked)) = scene.refresh(&stolen).await else { panic!("not ended") };
    assert_eq!((revoked.session_id, revoked.user_id.as_str()), (id(1), "ada"));
    assert_eq!(revoked.revocation.reason, RevocationReason::Reused);
    assert_eq!(revoked.revocation.at, NOW + secs(11));
    assert_eq!(scene.told(), std::slice::from_ref(&revoked));
    assert_eq!(scene.stored(1).await.revocation, Some(revoked.revocation));

    assert_eq!(scene.refusal(&current).await, "session_revoked");
    assert!(scene.refresh(&other).await.is_ok());
    assert!(scene.refresh(&stranger).await.is_ok());
    assert_eq!(scene.told(), []);
}

#[tokio::test]
async fn without_grace_whoever_loses_a_race_ends_the_session() {
    let scene = Scene::with_grace(secs(0));
    let token = scene.log_in(1, "ada").await;
    let successor = scene.successor(&token).await;
    assert_eq!(scene.refusal(&token).await, "refresh_token_reused");
    assert_eq!(scene.refusal(&successor).await, "session_revoked");
}

#[tokio::test]
async fn a_logout_within_the_window_ends_the_session() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let successor = scene.successor(&token).await;
    scene.sessions.log_out(&successor, scene.clock.now()).await.unwrap();
    assert_eq!(scene.refusal(&token).await, "session_revoked");
    assert_eq!(scene.refusal(&successor).await, "session_revoked");
}

#[tokio::test]
async fn every_end_is_told_to_those_who_hold_access_tokens() {
    let scene = Scene::new();
    for number in 1..=5 {
        scene.log_in(number, "ada").await;
    }
    let now = scene.clock.now();
    let first = scene.log_in(6, "ada").await;
    scene.sessions.log_out(&first, now).await.unwrap();
    scene.sessions.revoke(id(1), Revoker::Administrator, now).await.unwrap();
    scene.sessions.revoke_user("ada", Some(id(2)), RevocationReason::PasswordChanged, now).await.unwrap();
    scene.sessions.log_out_all("ada", now).await.unwrap();

    let told: Vec<_> = scene.told().into_iter().map(|its| (its.session_id, its.revocation.reason)).collect();
    assert_eq!(told[..2], [(id(6), RevocationReason::LoggedOut), (id(1), RevocationReason::Administrator)]);
    let mut changed = told[2..5].to_vec();
    changed.sort_by_key(|(id, _)| *id);
    assert_eq!(changed, [3, 4, 5].map(|number| (id(number), RevocationReason::PasswordChanged)));
    assert_eq!(told[5..], [(id(2), RevocationReason::LoggedOut)]);
}

#[tokio::test]
async fn nothing_at_rest_can_be_presented() {
    let scene = Scene::new();
    let token = scene.log_in(1, "ada").await;
    let successor = scene.successor(&token).await;
    let row = format!("{:?}", scene.stored(1).await);
    // What makes a token of a row, the MAC, is made with a key that no store sees.
    for token in [token, successor] {
        assert!(!row.contains(&token[28..]), "{row}");
    }
}
