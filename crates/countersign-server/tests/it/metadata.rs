//! What a verifier finds out that knows the issuer and nothing else.

use countersign::{
    AuthError, JwtStrategy, RemoteJwkSet, Strategy as _,
    jwt::{AccessTokenClaims, Verifier},
};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::support::{EMAIL, Folder, PASSWORD, Service, Tokens, request};

const PLACES: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// A service elsewhere that was told the issuer, and finds its keys by itself.
struct Verifying {
    runtime: Runtime,
    strategy: JwtStrategy<AccessTokenClaims, RemoteJwkSet>,
}

impl Verifying {
    fn tokens_of(issuer: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let keys = runtime.block_on(async { RemoteJwkSet::from_issuer(issuer).unwrap().start().unwrap() });
        Self { runtime, strategy: JwtStrategy::new(Verifier::access_tokens(issuer, "countersign"), keys) }
    }

    fn verify(&self, token: &str) -> Result<(), AuthError> {
        let request = axum::http::Request::get("/").header("authorization", format!("Bearer {token}"));
        let (head, ()) = request.body(()).unwrap().into_parts();
        self.runtime.block_on(self.strategy.authenticate(&head)).map(drop)
    }
}

fn metadata(service: &Service, place: &str) -> serde_json::Value {
    let response = service.get(place, &[]);
    assert_eq!((response.status, response.header("cache-control").as_str()), (200, "public, max-age=300"));
    assert_eq!(response.header("content-type"), "application/json");
    response.json()
}

#[test]
fn the_metadata_says_where_the_keys_are_and_nothing_that_is_not_there() {
    let folder = Folder::new();
    let service = folder.serve();
    let issuer = service.url();
    let expected = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "token_endpoint": format!("{issuer}/auth/refresh"),
        "grant_types_supported": ["refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint": format!("{issuer}/auth/revoke"),
        "revocation_endpoint_auth_methods_supported": ["none"],
        "response_types_supported": [],
    });
    for place in PLACES {
        assert_eq!(metadata(&service, place), expected, "{place}");
    }
    let keys = expected["jwks_uri"].as_str().unwrap().strip_prefix(&issuer).unwrap();
    assert_eq!(service.get(keys, &[]).json()["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_verifier_that_knows_the_issuer_alone_finds_the_keys_and_the_next_ones() {
    let folder = Folder::new();
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let verifying = Verifying::tokens_of(&service.url());
    let tokens = service.tokens(EMAIL, PASSWORD);
    assert_eq!(verifying.verify(&tokens.access).map_err(|error| error.code()), Ok(()));

    folder.run(["key", "rotate", "--now"], "").ok();
    let key = |token: &str| countersign::jwt::Unverified::decode(token).unwrap().header().to_owned();
    let mut next = Tokens::of(&service.refresh(&tokens.refresh));
    while key(&next.access) == key(&tokens.access) {
        next = Tokens::of(&service.refresh(&next.refresh));
    }
    assert_eq!(verifying.verify(&next.access).map_err(|error| error.code()), Ok(()));
    assert_eq!(verifying.verify(&tokens.access).map_err(|error| error.code()), Ok(()));
}

#[test]
fn a_verifier_that_was_told_another_name_of_the_service_does_not_take_its_keys() {
    let folder = Folder::new();
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let alias = service.url().replace("127.0.0.1", "localhost");
    let verifying = Verifying::tokens_of(&alias);
    let refused = verifying.verify(&service.token(EMAIL, PASSWORD)).unwrap_err();
    assert_eq!(refused.code(), "keys_unavailable");
}

#[test]
fn the_endpoints_that_the_metadata_names_speak_what_it_says() {
    let folder = Folder::new();
    let service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let metadata = metadata(&service, PLACES[0]);
    let post = |endpoint: &str, form: &str| {
        let path = metadata[endpoint].as_str().unwrap().strip_prefix(&service.url()).unwrap();
        service.exchange(request("POST", path, &["Content-Type: application/x-www-form-urlencoded"], form))
    };
    let tokens = service.tokens(EMAIL, PASSWORD);
    let form = format!("grant_type=refresh_token&refresh_token={}", tokens.refresh);
    let next = Tokens::of(&post("token_endpoint", &form));
    assert_eq!(service.profile(&next.access).status, 200);

    let form = format!("token={}&token_type_hint=refresh_token", next.refresh);
    assert_eq!(post("revocation_endpoint", &form).status, 200);
    assert_eq!(service.profile(&next.access).code(), "token_revoked");
    let refused = post("token_endpoint", &format!("grant_type=refresh_token&refresh_token={}", next.refresh));
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")));
}
