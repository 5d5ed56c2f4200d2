//! A key set that is found by the name of its issuer.

use countersign::RemoteJwkSet;
use countersign::jwks::{InvalidVerifierName, LocationError, RefreshError};
use countersign_testkit::{FakeJwks, Fault};
use http::StatusCode;
use serde_json::json;

use crate::common::{Api, ISSUER, World, key, set};

const OPENID: &str = "https://issuer.test/.well-known/openid-configuration";
const OAUTH: &str = "https://issuer.test/.well-known/oauth-authorization-server";

fn start(world: &World, issuer: &str) -> Api {
    let builder = RemoteJwkSet::from_issuer(issuer).expect("a good issuer");
    world.start_as(builder.clock(world.clock.clone()).chance(|| 0.5))
}

fn metadata(issuer: &str, jwks_uri: &str) -> String {
    json!({"issuer": issuer, "jwks_uri": jwks_uri, "response_types_supported": ["code"]}).to_string()
}

#[tokio::test(start_paused = true)]
async fn the_metadata_of_oauth_leads_to_the_key_set() {
    let world = World::new();
    world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.asked(), [OAUTH, FakeJwks::URL]);
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_has_a_name_says_it_where_the_keys_are_and_nowhere_else() {
    let world = World::new();
    world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL));
    let named = format!("{}?verifier=billing", FakeJwks::URL);
    let by_url = world.builder().verifier_name("billing").expect("a good name");
    assert_eq!(world.start_as(by_url).present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.asked(), std::slice::from_ref(&named));
    let by_issuer = RemoteJwkSet::from_issuer(ISSUER).expect("a good issuer").verifier_name("billing");
    let by_issuer = by_issuer.expect("a good name").clock(world.clock.clone());
    assert_eq!(world.start_as(by_issuer).present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.asked()[1..], [OAUTH.to_owned(), named]);
    assert_eq!(world.builder().verifier_name("a&b").map(drop), Err(InvalidVerifierName));
}

#[tokio::test(start_paused = true)]
async fn where_there_is_none_the_metadata_of_openid_connect_does() {
    let world = World::new();
    world.fake.document(OPENID, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.asked(), [OAUTH, OPENID, FakeJwks::URL]);
}

#[tokio::test(start_paused = true)]
async fn a_site_that_answers_every_path_with_its_home_page_has_no_metadata_of_oauth() {
    let world = World::new();
    world.fake.document(OAUTH, "<!doctype html><title>Welcome</title>");
    world.fake.document(OPENID, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    assert_eq!(api.keys.refresh().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_metadata_of_an_issuer_with_a_path_is_looked_for_in_front_of_it_and_behind_it() {
    let world = World::new();
    let issuer = "https://issuer.test/realms/one";
    let in_front = "https://issuer.test/.well-known/oauth-authorization-server/realms/one";
    let behind = "https://issuer.test/realms/one/.well-known/openid-configuration";
    world.fake.document(behind, metadata(issuer, FakeJwks::URL));
    let api = start(&world, issuer);
    assert_eq!(api.keys.refresh().await, Ok(()));
    assert_eq!(world.fake.asked(), [in_front, behind, FakeJwks::URL]);

    world.fake.document(in_front, metadata(issuer, FakeJwks::URL));
    assert_eq!(api.keys.refresh().await, Ok(()));
    assert_eq!(world.fake.asked()[3..], [in_front, FakeJwks::URL]);
}

#[tokio::test(start_paused = true)]
async fn metadata_that_names_another_issuer_is_refused_and_its_key_set_is_not_fetched() {
    let others = [
        "https://issuer.test/",
        "https://ISSUER.test",
        "http://issuer.test",
        "https://issuer.test:443",
        "https://evil.test",
        "",
    ];
    for other in others {
        let world = World::new();
        world.fake.document(OAUTH, metadata(other, FakeJwks::URL));
        world.fake.document(OPENID, metadata(ISSUER, FakeJwks::URL));
        let api = start(&world, ISSUER);
        assert_eq!(api.keys.refresh().await, Err(RefreshError::OtherIssuer), "{other}");
        assert_eq!(world.fake.fetches(), 0, "{other}");
        assert_eq!(api.present(&world.token(&world.key)).await, "503", "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_that_leads_to_a_place_that_is_not_accepted_is_refused() {
    let places = [
        ("http://issuer.test/jwks.json", LocationError::Insecure),
        ("http://localhost/jwks.json", LocationError::Insecure),
        ("file:///etc/jwks.json", LocationError::NotAUrl),
        ("/jwks.json", LocationError::NotAUrl),
        ("https://a:b@issuer.test/jwks.json", LocationError::UserInformation),
    ];
    for (place, error) in places {
        let world = World::new();
        world.fake.document(OAUTH, metadata(ISSUER, place));
        let api = start(&world, ISSUER);
        assert_eq!(api.keys.refresh().await, Err(RefreshError::KeySetUrl(error)), "{place}");
        assert_eq!(world.fake.asked(), [OAUTH], "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_that_is_not_one_strict_object_with_an_issuer_and_a_place_is_refused() {
    let good = metadata(ISSUER, FakeJwks::URL);
    let hostile = [
        format!(r#"{{"issuer":"https://evil.test","issuer":"{ISSUER}","jwks_uri":"{}"}}"#, FakeJwks::URL),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"https://evil.test/","jwks_uri":"{}"}}"#, FakeJwks::URL),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{}","x":{{"a":1,"a":2}}}}"#, FakeJwks::URL),
        format!("{good}{good}"),
        good[..good.len() - 1].to_owned(),
        format!("[{good}]"),
        json!({"issuer": ISSUER}).to_string(),
        json!({"issuer": ISSUER, "jwks_uri": null}).to_string(),
        json!({"issuer": [ISSUER], "jwks_uri": FakeJwks::URL}).to_string(),
        json!({"jwks_uri": FakeJwks::URL}).to_string(),
        String::new(),
    ];
    for text in hostile {
        let world = World::new();
        world.fake.document(OAUTH, text.as_str());
        let api = start(&world, ISSUER);
        assert_eq!(api.keys.refresh().await.unwrap_err().code(), "metadata_invalid", "{text}");
        assert_eq!(world.fake.asked(), [OAUTH, OPENID], "{text}");
        assert_eq!(api.present(&world.token(&world.key)).await, "503", "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_that_is_too_large_is_refused() {
    let world = World::new();
    let padding = " ".repeat(512 * 1024);
    world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL) + &padding);
    let api = start(&world, ISSUER);
    assert_eq!(api.keys.refresh().await, Err(RefreshError::TooLarge { limit: 512 * 1024 }));
    assert_eq!(world.fake.asked(), [OAUTH]);
}

#[tokio::test(start_paused = true)]
async fn metadata_elsewhere_is_not_gone_after() {
    let world = World::new();
    world.fake.document("https://elsewhere.test/jwks.json", metadata(ISSUER, FakeJwks::URL));
    world.fake.fail(Fault::Redirect);
    let api = start(&world, ISSUER);
    assert_eq!(api.keys.refresh().await, Err(RefreshError::Redirect(StatusCode::FOUND)));
    assert_eq!(world.fake.asked(), [OAUTH, OPENID]);
}

#[tokio::test(start_paused = true)]
async fn metadata_that_does_not_come_is_503_and_the_keys_at_hand_are_used_on() {
    for fault in [Fault::Slow, Fault::Down, Fault::Status(StatusCode::INTERNAL_SERVER_ERROR)] {
        let world = World::new();
        world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL));
        world.fake.fail(fault);
        let api = start(&world, ISSUER);
        let token = world.token(&world.key);
        assert_eq!(api.present(&token).await, "503", "{fault:?}");
        world.fake.recover();
        assert_eq!(api.keys.refresh().await, Ok(()), "{fault:?}");
        world.fake.fail(fault);
        assert!(api.keys.refresh().await.is_err(), "{fault:?}");
        assert_eq!(api.present(&token).await, "200", "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_requests_without_keys_read_the_metadata_once() {
    let world = World::new();
    world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    let token = world.token(&world.key);
    let answers = futures_util::future::join_all((0..100).map(|_| api.present(&token))).await;
    assert!(answers.iter().all(|answer| answer == "200"), "{answers:?}");
    assert_eq!(world.fake.asked(), [OAUTH, FakeJwks::URL]);
}

#[tokio::test(start_paused = true)]
async fn of_an_issuer_that_fails_at_both_places_the_first_failure_is_told() {
    let world = World::new();
    let broken = StatusCode::INTERNAL_SERVER_ERROR;
    world.fake.fail(Fault::Status(broken));
    let api = start(&world, ISSUER);
    assert_eq!(api.keys.refresh().await, Err(RefreshError::Status(broken)));
    assert_eq!(world.fake.asked(), [OAUTH, OPENID]);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_may_move_its_key_set() {
    let world = World::new();
    world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    api.keys.refresh().await.expect("an issuer in good health");

    let second = key("second");
    let elsewhere = "https://keys.issuer.test/jwks.json";
    world.fake.document(elsewhere, serde_json::to_string(&set(&[&second]).to_jwk_set()).expect("JSON"));
    world.fake.document(OAUTH, metadata(ISSUER, elsewhere));
    assert_eq!(api.present(&world.token(&second)).await, "200");
}
