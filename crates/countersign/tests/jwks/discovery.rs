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
async fn the_metadata_of_openid_connect_leads_to_the_key_set() {
    let world = World::new();
    world.fake.document(OPENID, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.asked(), [OPENID, FakeJwks::URL]);
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_has_a_name_says_it_where_the_keys_are_and_nowhere_else() {
    let world = World::new();
    world.fake.document(OPENID, metadata(ISSUER, FakeJwks::URL));
    let named = format!("{}?verifier=billing", FakeJwks::URL);
    let by_url = world.builder().verifier_name("billing").expect("a good name");
    assert_eq!(world.start_as(by_url).present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.asked(), std::slice::from_ref(&named));
    let by_issuer = RemoteJwkSet::from_issuer(ISSUER).expect("a good issuer").verifier_name("billing");
    let by_issuer = by_issuer.expect("a good name").clock(world.clock.clone());
    assert_eq!(world.start_as(by_issuer).present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.asked()[1..], [OPENID.to_owned(), named]);
    assert_eq!(world.builder().verifier_name("a&b").map(drop), Err(InvalidVerifierName));
}

#[tokio::test(start_paused = true)]
async fn where_there_is_none_the_metadata_of_oauth_does() {
    let world = World::new();
    world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
    assert_eq!(world.fake.asked(), [OPENID, OAUTH, FakeJwks::URL]);
}

#[tokio::test(start_paused = true)]
async fn a_site_that_answers_every_path_with_its_home_page_has_no_openid_metadata() {
    let world = World::new();
    world.fake.document(OPENID, "<!doctype html><title>Welcome</title>");
    world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    assert_eq!(api.keys.refresh().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_metadata_of_an_issuer_with_a_path_is_looked_for_behind_it_and_in_front_of_it() {
    let world = World::new();
    let issuer = "https://issuer.test/realms/one";
    let in_front = "https://issuer.test/.well-known/oauth-authorization-server/realms/one";
    world.fake.document(in_front, metadata(issuer, FakeJwks::URL));
    let api = start(&world, issuer);
    assert_eq!(api.keys.refresh().await, Ok(()));
    let behind = "https://issuer.test/realms/one/.well-known/openid-configuration";
    assert_eq!(world.fake.asked(), [behind, in_front, FakeJwks::URL]);
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
        world.fake.document(OPENID, metadata(other, FakeJwks::URL));
        world.fake.document(OAUTH, metadata(ISSUER, FakeJwks::URL));
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
        world.fake.document(OPENID, metadata(ISSUER, place));
        let api = start(&world, ISSUER);
        assert_eq!(api.keys.refresh().await, Err(RefreshError::KeySetUrl(error)), "{place}");
        assert_eq!(world.fake.asked(), [OPENID], "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_that_names_its_issuer_twice_is_refused() {
    let world = World::new();
    let twice =
        format!(r#"{{"issuer":"https://evil.test","issuer":"{ISSUER}","jwks_uri":"{}"}}"#, FakeJwks::URL);
    world.fake.document(OPENID, twice);
    let api = start(&world, ISSUER);
    assert_eq!(api.keys.refresh().await.unwrap_err().code(), "metadata_invalid");
    assert_eq!(world.fake.asked(), [OPENID, OAUTH]);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_fails_is_not_taken_for_one_without_metadata() {
    let world = World::new();
    world.fake.fail(Fault::Status(StatusCode::INTERNAL_SERVER_ERROR));
    let api = start(&world, ISSUER);
    assert_eq!(api.keys.refresh().await.unwrap_err().code(), "answer_status");
    assert_eq!(world.fake.asked(), [OPENID]);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_may_move_its_key_set() {
    let world = World::new();
    world.fake.document(OPENID, metadata(ISSUER, FakeJwks::URL));
    let api = start(&world, ISSUER);
    api.keys.refresh().await.expect("an issuer in good health");

    let second = key("second");
    let elsewhere = "https://keys.issuer.test/jwks.json";
    world.fake.document(elsewhere, serde_json::to_string(&set(&[&second]).to_jwk_set()).expect("JSON"));
    world.fake.document(OPENID, metadata(ISSUER, elsewhere));
    assert_eq!(api.present(&world.token(&second)).await, "200");
}
