//! The copy on disk, and what is not believed of it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use countersign::RemoteJwkSet;
use countersign_testkit::Fault;
use tempfile::TempDir;

use crate::common::{Api, DAY, HOUR, ISSUER, World, set, settle};

/// A folder with a copy of the key set of this world.
async fn copied(world: &World) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let api = start(world, &folder.path().join("keys.json"));
    api.keys.refresh().await.expect("an issuer in good health");
    api.keys.close().await;
    folder
}

fn start(world: &World, copy: &Path) -> Api {
    world.start_as(world.builder().disk_copy(copy))
}

/// What a service answers that starts with this copy while the issuer is down.
async fn cold(world: &World, copy: &Path) -> String {
    world.fake.fail(Fault::Down);
    let api = start(world, copy);
    settle().await;
    api.present(&world.token(&world.key)).await
}

#[tokio::test(start_paused = true)]
async fn a_service_that_starts_while_the_issuer_is_down_goes_by_its_copy() {
    let world = World::new();
    let folder = copied(&world).await;
    assert_eq!(cold(&world, &folder.path().join("keys.json")).await, "200");
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_when_the_keys_of_a_copy_were_confirmed() {
    let world = World::new();
    let copied_at = countersign::jwt::Clock::now(&world.clock);
    let folder = copied(&world).await;
    world.clock.advance(HOUR);
    world.fake.fail(Fault::Down);
    let api = start(&world, &folder.path().join("keys.json"));
    settle().await;
    let status = api.keys.status();
    assert_eq!((status.keys, status.confirmed_at), (1, Some(copied_at)));
    assert_eq!(api.failure(), Some("issuer_unreachable"));
}

#[tokio::test(start_paused = true)]
async fn the_copy_serves_the_very_first_request() {
    use futures_util::FutureExt;

    let world = World::new();
    let folder = copied(&world).await;
    world.fake.fail(Fault::Slow);
    let api = start(&world, &folder.path().join("keys.json"));
    assert_eq!(api.present(&world.token(&world.key)).now_or_never().as_deref(), Some("200"));
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_believed_until_its_keys_are_stale_and_no_restart_makes_them_fresh() {
    let world = World::new();
    let folder = copied(&world).await;
    let copy = folder.path().join("keys.json");
    for _ in 0..3 {
        world.clock.advance(6 * HOUR);
        assert_eq!(cold(&world, &copy).await, "200");
    }
    world.clock.advance(6 * HOUR);
    assert_eq!(cold(&world, &copy).await, "503");
}

#[tokio::test(start_paused = true)]
async fn every_refresh_renews_the_copy() {
    let world = World::new();
    let folder = copied(&world).await;
    let copy = folder.path().join("keys.json");
    world.clock.advance(23 * HOUR);
    let api = start(&world, &copy);
    api.keys.refresh().await.expect("an issuer in good health");
    api.keys.close().await;
    world.clock.advance(23 * HOUR);
    assert_eq!(cold(&world, &copy).await, "200");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_copy_is_not_believed() {
    let world = World::new();
    let folder = copied(&world).await;
    let copy = folder.path().join("keys.json");
    let good = fs::read_to_string(&copy).expect("a copy");
    let key_set = serde_json::to_string(&set(&[&world.key]).to_jwk_set()).expect("JSON");
    let changed_time = good.replace(r#""confirmed_at":17"#, r#""confirmed_at":18"#);
    let other_version = good.replace(r#""version":1"#, r#""version":2"#);
    assert!(changed_time != good && other_version != good);
    let half = &good[..good.len() / 2];
    let twice = good.repeat(2);
    let large = " ".repeat(2 * 1024 * 1024) + &good;
    for text in ["", "garbage", half, &twice, &large, &key_set, "{}", &changed_time, &other_version] {
        fs::write(&copy, text).expect("a file of ours");
        assert_eq!(cold(&world, &copy).await, "503", "{}", &text[..text.len().min(100)]);
    }
    fs::write(&copy, &good).expect("a file of ours");
    assert_eq!(cold(&world, &copy).await, "200", "it was for nothing else that it was not believed");
}

#[tokio::test(start_paused = true)]
async fn a_copy_with_one_bit_changed_is_not_believed() {
    let world = World::new();
    let folder = copied(&world).await;
    let copy = folder.path().join("keys.json");
    let good = fs::read(&copy).expect("a copy");
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        fs::write(&copy, &changed).expect("a file of ours");
        assert_eq!(cold(&world, &copy).await, "503", "byte {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_copy_of_another_key_set_is_not_believed() {
    let world = World::new();
    let folder = copied(&world).await;
    let copy = folder.path().join("keys.json");
    world.fake.fail(Fault::Down);
    let others = [
        RemoteJwkSet::from_url("https://issuer.test/other.json"),
        RemoteJwkSet::from_url("https://other.test/.well-known/jwks.json"),
        RemoteJwkSet::from_issuer(ISSUER),
    ];
    for other in others {
        let other = other.expect("a good place").clock(world.clock.clone()).disk_copy(&copy);
        let api = world.start_as(other);
        settle().await;
        assert_eq!(api.present(&world.token(&world.key)).await, "503");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_from_the_future_is_not_believed() {
    let world = World::new();
    let folder = copied(&world).await;
    let copy = folder.path().join("keys.json");
    let now = countersign::jwt::Clock::now(&world.clock);
    world.clock.set(now - Duration::from_secs(60));
    assert_eq!(cold(&world, &copy).await, "200", "clocks may differ a little");
    world.clock.set(now - Duration::from_secs(61));
    assert_eq!(cold(&world, &copy).await, "503");
    world.clock.set(now - 10 * DAY);
    assert_eq!(cold(&world, &copy).await, "503");
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn the_copy_is_for_its_owner_only_and_one_that_others_could_write_is_not_believed() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::new();
    let folder = copied(&world).await;
    let copy = folder.path().join("keys.json");
    let mode = fs::metadata(&copy).expect("a copy").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o620, 0o602, 0o666] {
        fs::set_permissions(&copy, fs::Permissions::from_mode(mode)).expect("a file of ours");
        assert_eq!(cold(&world, &copy).await, "503", "{mode:o}");
    }
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).expect("a file of ours");
    assert_eq!(cold(&world, &copy).await, "200");
}

fn names_in(folder: &Path) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name()).collect()
}

#[tokio::test(start_paused = true)]
async fn nothing_but_the_copy_is_left_in_its_folder() {
    let world = World::new();
    let folder = copied(&world).await;
    assert_eq!(names_in(folder.path()), ["keys.json"]);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_cannot_be_written_harms_nothing() {
    let world = World::new();
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("no such folder").join("keys.json");
    let api = start(&world, &copy);
    assert_eq!(api.keys.refresh().await, Ok(()));
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    api.keys.close().await;
    assert!(!copy.exists());
}

#[tokio::test(start_paused = true)]
async fn a_folder_in_the_place_of_the_copy_harms_nothing_and_no_draft_stays_behind() {
    let world = World::new();
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("keys.json");
    fs::create_dir(&copy).expect("a folder");
    let api = start(&world, &copy);
    assert_eq!(api.keys.refresh().await, Ok(()));
    api.keys.close().await;
    assert!(copy.is_dir());
    assert_eq!(names_in(folder.path()), ["keys.json"]);
}
