//! API keys: who gets in by one, and what a thief of the store or a guesser gets.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use countersign::strategy::{ApiKey, ApiKeyHash, ApiKeyId, InvalidApiKey, StoredApiKey};
use countersign::{ApiKeyStrategy, AuthError, Authenticated, ExtractJwt, Guard, Strategy, Validate, any_of};
use http::Request;
use http::request::Parts;

use crate::common::{Answer, Log, Told, User, send};

/// One stored key.
#[derive(Clone)]
struct Store {
    id: Arc<str>,
    hash: ApiKeyHash,
}

impl Store {
    fn of(key: &ApiKey) -> Self {
        Self { id: key.id().into(), hash: key.hash() }
    }
}

impl<'head> Validate<'head, ApiKeyId> for Store {
    type Verdict = Option<StoredApiKey<User>>;

    async fn validate(&self, id: ApiKeyId, _: &'head Parts) -> Self::Verdict {
        (id.as_str() == &*self.id).then(|| StoredApiKey::new(self.hash, User("printer".to_owned())))
    }
}

fn key() -> ApiKey {
    ApiKey::generate("acme").expect("a key")
}

async fn hello(user: Authenticated<User>) -> String {
    format!("{} by {}", user.0, Authenticated::details(&user).key_id().unwrap_or("none"))
}

fn app(strategy: impl Strategy<Identity = User>) -> Router {
    Router::new().route("/", on_get(hello)).layer(Guard::required(strategy))
}

async fn present(app: &Router, header: &str, value: &str) -> Answer {
    send(app, Request::get("/").header(header, value).body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn a_stored_key_recognises_its_owner() {
    let key = key();
    let answer = present(&app(ApiKeyStrategy::new("acme", Store::of(&key))), "x-api-key", key.text()).await;
    assert_eq!(answer.body, format!("printer by {}", key.id()));
}

#[tokio::test]
async fn an_unknown_id_and_a_wrong_secret_are_answered_the_same() {
    let (known, other) = (key(), key());
    let app = app(ApiKeyStrategy::new("acme", Store::of(&known)));
    let unknown = present(&app, "x-api-key", other.text()).await;
    let secret = other.text().rsplit('_').next().expect("a secret");
    let wrong = present(&app, "x-api-key", &format!("acme_{}_{secret}", known.id())).await;
    assert_eq!(unknown.code(), "api_key_unknown");
    assert_eq!(unknown.to_string(), wrong.to_string());
    assert_eq!(
        unknown.challenge(),
        r#"ApiKey error="invalid_token", error_description="The API key is not known.""#
    );
}

#[tokio::test]
async fn what_is_stored_cannot_be_presented() {
    let key = key();
    let app = app(ApiKeyStrategy::new("acme", Store::of(&key)));
    for stolen in [key.hash().to_string(), format!("acme_{}_{}", key.id(), key.hash())] {
        assert_eq!(present(&app, "x-api-key", &stolen).await.code(), "credentials_malformed");
    }
}

#[tokio::test]
async fn what_is_not_a_key_is_refused_before_it_is_looked_up() {
    let asked = async |_: ApiKeyId, _: &Parts| Err::<StoredApiKey<User>, _>(AuthError::bug("looked up"));
    let app = app(ApiKeyStrategy::new("acme", asked));
    let key = key();
    let text = key.text();
    for bad in [
        "acme",
        "acme_",
        &text[..text.len() - 1],
        &format!("{text}0"),
        &text.replace("acme_", "other_"),
        &text.replace("acme_", "acme__"),
        &text.to_uppercase(),
    ] {
        assert_eq!(present(&app, "x-api-key", bad).await.code(), "credentials_malformed", "{bad}");
    }
    assert_eq!(present(&app, "x-api-key", text).await.code(), "internal_error");
}

#[tokio::test]
async fn keys_and_tokens_share_a_place_if_told_to() {
    let key = key();
    let keys = ApiKeyStrategy::new("acme", Store::of(&key)).extract(ExtractJwt::bearer()).leave_others();
    let app = app(any_of((keys, Told)));
    let bearer = format!("Bearer {}", key.text());
    assert!(present(&app, "authorization", &bearer).await.body.starts_with("printer by"));
    assert_eq!(present(&app, "authorization", "Bearer eyJ.eyJ.sig").await.code(), "credentials_missing");
    assert_eq!(present(&app, "authorization", "Bearer acme_1").await.code(), "credentials_malformed");
}

#[tokio::test]
async fn a_key_is_never_logged_nor_printed() {
    let log = Log::start();
    let (key, other) = (key(), key());
    present(&app(ApiKeyStrategy::new("acme", Store::of(&other))), "x-api-key", key.text()).await;
    let secret = key.text().rsplit('_').next().expect("a secret");
    assert!(log.read().contains("api_key_unknown") && !log.read().contains(secret));
    assert!(!format!("{key:?} {:?}", key.hash()).contains(secret));
}

#[test]
fn keys_differ_and_their_prefix_is_plain() {
    assert_ne!(key().text(), key().text());
    assert_eq!(key().text().len(), "acme_".len() + 16 + 1 + 64);
    for prefix in ["", "a b", "a.b", "ä", "a\n"] {
        assert_eq!(ApiKey::generate(prefix).expect_err("refused"), InvalidApiKey::Prefix, "{prefix:?}");
    }
}

#[test]
fn a_hash_is_read_back_as_it_was_written() {
    let stored = key().hash().to_string();
    assert_eq!(stored.parse::<ApiKeyHash>().map(|hash| hash.to_string()), Ok(stored.clone()));
    for bad in ["", "AAAA", &stored[1..], &format!("{stored}A")] {
        assert!(bad.parse::<ApiKeyHash>().is_err(), "{bad}");
    }
}
