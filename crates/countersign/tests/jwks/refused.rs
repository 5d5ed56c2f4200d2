//! Answers of an issuer that are not taken, and places where no key set is looked for.

use bytes::Bytes;
use countersign::RemoteJwkSet;
use countersign::jwks::{Fetch, FetchError, LocationError, RefreshError};
use countersign_testkit::{FakeJwks, Fault};
use http::{Response, StatusCode, Uri};

use crate::common::{World, key, set};

async fn failure(fault: Fault) -> RefreshError {
    let world = World::new();
    let api = world.start_warm().await;
    world.fake.fail(fault);
    let failure = api.keys.refresh().await.expect_err("a fault");
    assert_eq!(api.present(&world.token(&world.key)).await, "200", "what was good stays");
    failure
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_refused_and_not_followed() {
    assert_eq!(failure(Fault::Redirect).await, RefreshError::Redirect(StatusCode::FOUND));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_refused_even_if_the_client_has_read_it() {
    assert_eq!(failure(Fault::TooLarge).await, RefreshError::TooLarge { limit: 512 * 1024 });
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_key_set_is_refused() {
    assert_eq!(failure(Fault::Garbage).await.code(), "key_set_invalid");
    assert_eq!(failure(Fault::Empty).await, RefreshError::NoUsableKey { skipped: 0 });
    let missing = StatusCode::NOT_FOUND;
    assert_eq!(failure(Fault::Status(missing)).await, RefreshError::Status(missing));
    let no_content = StatusCode::NO_CONTENT;
    assert_eq!(failure(Fault::Status(no_content)).await, RefreshError::Status(no_content));
}

#[tokio::test(start_paused = true)]
async fn text_that_only_resembles_a_key_set_is_refused() {
    let world = World::new();
    let api = world.start_warm().await;
    let published = serde_json::to_string(&set(&[&key("second")]).to_jwk_set()).expect("JSON");
    let resembling = [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"Keys":[]}"#,
        &format!("{published}{published}"),
        &published[..published.len() - 1],
        &published.replacen('{', r#"{"keys":[],"#, 1),
    ];
    for text in resembling {
        world.fake.document(FakeJwks::URL, text);
        assert_eq!(api.keys.refresh().await.expect_err(text).code(), "key_set_invalid", "{text}");
    }
    assert_eq!(api.present(&world.token(&world.key)).await, "200");
}

/// Answers bytes that are no text.
struct Bits;

impl Fetch for Bits {
    async fn get(&self, _: &Uri, _: usize) -> Result<Response<Bytes>, FetchError> {
        Ok(Response::new(Bytes::from_static(b"{\"keys\":[]}\xff")))
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_text_are_refused() {
    let keys = World::new().builder().start_with(Bits).expect("a runtime");
    assert_eq!(keys.refresh().await, Err(RefreshError::NotText));
}

/// A client that says by itself that there is too much to read.
struct Careful;

impl Fetch for Careful {
    async fn get(&self, _: &Uri, limit: usize) -> Result<Response<Bytes>, FetchError> {
        assert_eq!(limit, 1000, "it is told how much to read");
        Err(FetchError::TooLarge)
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_is_told_how_much_to_read() {
    let keys = World::new().builder().max_size(1000).start_with(Careful).expect("a runtime");
    assert_eq!(keys.refresh().await, Err(RefreshError::TooLarge { limit: 1000 }));
}

#[test]
fn http_is_refused_unless_it_stays_on_this_machine() {
    for url in ["http://issuer.test/jwks.json", "http://10.0.0.1/jwks.json", "http://localhost.issuer.test/"]
    {
        assert_eq!(RemoteJwkSet::from_url(url).unwrap_err(), LocationError::Insecure, "{url}");
        assert_eq!(RemoteJwkSet::from_issuer(url).unwrap_err(), LocationError::Insecure, "{url}");
    }
    for url in ["http://localhost:8080/jwks.json", "http://127.0.0.1/jwks.json", "http://[::1]/jwks.json"] {
        assert!(RemoteJwkSet::from_url(url).is_ok(), "{url}");
    }
    assert_eq!(RemoteJwkSet::from_url("issuer.test").unwrap_err(), LocationError::NotAUrl);
    let with_password = "https://ada:secret@issuer.test/";
    assert_eq!(RemoteJwkSet::from_url(with_password).unwrap_err(), LocationError::UserInformation);
}
