//! What is told of a token is what was decided about it.

use std::sync::atomic::AtomicBool;

use countersign::jwt::{KeySource, KeysUnavailable, Renewal, RenewalFailed};
use countersign::routes::Explanation;

use super::*;

/// What the application wants of a token beside the registered claims.
#[derive(Clone, serde::Deserialize)]
struct Client {
    #[expect(dead_code, reason = "only to be asked for")]
    client_id: String,
}

fn verifier() -> Verifier {
    Verifier::new(["login", "sso"], "orders").require("sub")
}

/// A token of the one key, with these claims in place of those that are right.
fn token_with(changes: &serde_json::Value) -> String {
    signed_by(&key(), changes)
}

fn signed_by(key: &SigningKey, changes: &serde_json::Value) -> String {
    let mut claims = serde_json::json!({
        "iss": "login", "aud": "orders", "sub": "ada-7", "client_id": "web", "exp": NOW.as_secs() + 900,
    });
    let members = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    countersign::jwt::jws::sign(key, Some("JWT"), claims.to_string().as_bytes()).expect("a token")
}

async fn explain(strategy: impl Strategy<Identity: Send + Sync>, token: &str) -> Explanation {
    Log::install();
    let routes = Routes::<_, ()>::new(Guard::required(strategy)).route("/", get(async || ()).authenticated());
    routes.explain(bearer(token)).await
}

fn strategy<K: KeySource + 'static>(verifier: Verifier, keys: K) -> JwtStrategy<Client, K> {
    JwtStrategy::new(verifier, keys).clock(ManualClock::new(NOW))
}

fn keys() -> KeySet {
    KeySet::from(key().verifying_key())
}

/// The line before the outcome.
fn last_step(explanation: &Explanation) -> String {
    let told = explanation.to_string();
    told.lines().rev().nth(1).expect("a step").to_owned()
}

#[tokio::test]
async fn a_token_that_lacks_what_the_application_reads_is_told_of_no_comparison_that_was_not_made() {
    let token = token_with(&serde_json::json!({ "aud": "payments", "client_id": null }));
    let told = explain(strategy(verifier(), keys()), &token).await.to_string();
    assert!(
        told.ends_with(
            "jwt: refused it for the claims: aud, exp, iss, sub\n\
         refused: 401 claim_missing: the claim `client_id` is missing\n"
        ),
        "{told}"
    );
    assert!(!told.contains("the aud:") && !told.contains("the iss:"), "{told}");
}

#[tokio::test]
async fn a_comparison_that_fails_tells_what_was_seen_and_what_was_expected() {
    let other = SigningKey::from_secret(Algorithm::Hs512, &[7; 64]).expect("a key").with_key_id("k-2026");
    let unknown = SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).expect("a key").with_key_id("k-1999");
    let nothing = || serde_json::json!({});
    let told = [
        (verifier(), token_with(&serde_json::json!({ "iss": "other" }))),
        (verifier(), token_with(&serde_json::json!({ "iss": null }))),
        (verifier(), token_with(&serde_json::json!({ "aud": ["payments", "billing"] }))),
        (verifier(), token_with(&serde_json::json!({ "sub": null }))),
        (verifier(), token_with(&serde_json::json!({ "nbf": NOW.as_secs() + 100 }))),
        (verifier().token_type("at+jwt"), token_with(&nothing())),
        (verifier().algorithms([Algorithm::Es256]), token_with(&nothing())),
        (verifier(), signed_by(&other, &nothing())),
        (verifier(), signed_by(&unknown, &nothing())),
    ];
    let mut lines = Vec::new();
    for (verifier, token) in told {
        lines.push(last_step(&explain(strategy(verifier, keys()), &token).await));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    jwt: refused it for the iss: other; expected login or sso
    jwt: refused it for the iss: none; expected login or sso
    jwt: refused it for the aud: payments, billing; expected orders
    jwt: refused it for the required claims: none; expected sub
    jwt: refused it for the nbf: 1700000100, that is 2023-11-14T22:15:00Z, 100 s from now; expected at most 60 s from now
    jwt: refused it for the typ: JWT; expected at+jwt
    jwt: refused it for the key: alg HS256, kid k-2026; expected k-2026 (HS256), and the algorithm ES256
    jwt: refused it for the key: alg HS512, kid k-2026; expected k-2026 (HS256)
    jwt: refused it for the key: alg HS256, kid k-1999; expected k-2026 (HS256)
    ");
}

#[tokio::test]
async fn the_last_step_is_the_check_that_refused_and_the_answer_is_that_of_the_guard() {
    let cases = [
        ("iss", serde_json::json!({ "iss": 1 }), "claims"),
        ("iss", serde_json::json!({ "iss": "other", "aud": "other" }), "iss"),
        ("aud", serde_json::json!({ "aud": "other", "exp": 1 }), "aud"),
        ("exp", serde_json::json!({ "exp": 1, "nbf": NOW.as_secs() + 100 }), "exp"),
        ("nbf", serde_json::json!({ "nbf": NOW.as_secs() + 100 }), "nbf"),
        ("client_id", serde_json::json!({ "client_id": 7, "aud": "other" }), "claims"),
        ("sub", serde_json::json!({ "sub": null, "iss": "other" }), "required claims"),
    ];
    for (claim, changes, check) in cases {
        let token = token_with(&changes);
        let verdict =
            verifier().verify::<Client>(&token, &keys(), NOW).map(drop).map_err(|error| error.code());
        let explanation = explain(strategy(verifier(), keys()), &token).await;
        let decision = explanation.decision().expect("a decision");
        assert_eq!(decision.code().map_or(Ok(()), Err), verdict, "{claim}");
        let last = last_step(&explanation);
        assert!(last.starts_with(&format!("jwt: refused it for the {check}: ")), "{claim}: {last}");
        let guard = Guard::required(strategy(verifier(), keys()));
        let app = Router::new().route("/", on_get(async || ())).layer(guard);
        let answer: Response = app.oneshot(bearer(&token)).await.expect("an answer");
        let answered = answer.extensions().get::<Decision>().expect("a decision");
        assert_eq!(answered.code(), decision.code(), "{claim}");
    }
}

#[tokio::test]
async fn a_token_of_an_issuer_that_is_not_trusted_is_told_whose_would_be() {
    let trusted = |name: &str| TrustedIssuer::new(name, "orders", keys());
    let few = JwtStrategy::<Client, _>::several(["sso", "login"].map(trusted)).expect("two issuers");
    let token = token_with(&serde_json::json!({ "iss": "third" }));
    let explanation = explain(few, &token).await;
    assert_eq!(last_step(&explanation), "jwt: knows no such issuer: third; expected login or sso");
    assert_eq!(explanation.decision().and_then(Decision::code), Some("iss_mismatch"));

    let many = (0..100).map(|number| trusted(&number.to_string()));
    let many = JwtStrategy::<Client, _>::several(many).expect("a hundred issuers");
    let told = last_step(&explain(many, &token).await);
    assert_eq!(told, "jwt: knows no such issuer: third; expected one of 100 that are trusted");
}

/// Keys that are exchanged for others when the first have been looked at, or when they are asked for.
struct Changing {
    first: KeySet,
    then: KeySet,
    renewal: Option<Result<(), RenewalFailed>>,
    changed: AtomicBool,
}

impl Changing {
    fn new(first: KeySet, renewal: Option<Result<(), RenewalFailed>>) -> Self {
        Self { first, then: keys(), renewal, changed: AtomicBool::new(false) }
    }
}

impl KeySource for Changing {
    type Snapshot<'a> = &'a KeySet;

    fn snapshot(&self, _: NumericDate) -> Result<&KeySet, KeysUnavailable> {
        // With a renewal it is that which brings the others.
        let by_itself = self.renewal.is_none();
        let changed = if by_itself {
            self.changed.swap(true, Ordering::SeqCst)
        } else {
            self.changed.load(Ordering::SeqCst)
        };
        Ok(if changed { &self.then } else { &self.first })
    }

    fn renew(&self, _: NumericDate) -> Option<Renewal<'_>> {
        let renewal = self.renewal?;
        self.changed.store(renewal.is_ok(), Ordering::SeqCst);
        Some(Box::pin(async move { renewal }))
    }
}

#[tokio::test]
async fn that_newer_keys_were_asked_for_is_told_and_what_came_of_it() {
    let unknown = signed_by(&key().with_key_id("k-2027"), &serde_json::json!({}));
    let failed = RenewalFailed { retry_after: Duration::from_secs(1) };
    let mut lines = Vec::new();
    for renewal in [Ok(()), Err(failed)] {
        let source = || strategy(verifier(), Changing::new(KeySet::default(), Some(renewal)));
        let told = explain(source(), &unknown).await.to_string();
        lines.extend(told.lines().filter(|line| line.contains("key")).map(str::to_owned));
        let app = Router::new().route("/", on_get(async || ())).layer(Guard::required(source()));
        lines.push(logged(&app, bearer(&unknown)).await);
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    jwt: it asks for the key `k-2027` and the algorithm `HS256`
    jwt: asked for newer keys
    jwt: checked the keys: k-2026 (HS256)
    jwt: refused it for the key: alg HS256, kid k-2027; expected k-2026 (HS256)
    refused: 401 key_unknown: no key is known by the id that the token names
    jwt key_unknown: jwt: found a token in Authorization: Bearer; jwt: it asks for the key `k-2027` and the algorithm `HS256`; jwt: asked for newer keys
    jwt: it asks for the key `k-2027` and the algorithm `HS256`
    jwt: asked for newer keys, in vain
    jwt: checked the keys: none
    jwt: refused it for the key: alg HS256, kid k-2027
    refused: 503 keys_unavailable: newer keys cannot be had at the moment
    jwt keys_unavailable: jwt: found a token in Authorization: Bearer; jwt: it asks for the key `k-2027` and the algorithm `HS256`; jwt: asked for newer keys, in vain
    ");
}

#[tokio::test]
async fn keys_that_come_while_a_refusal_is_explained_let_the_token_pass() {
    let wrong = SigningKey::from_secret(Algorithm::Hs256, &[8; 32]).expect("a key").with_key_id("k-2026");
    let wrong = || KeySet::from(wrong.verifying_key());
    let token = token_with(&serde_json::json!({}));
    let explanation = explain(strategy(verifier(), Changing::new(wrong(), None)), &token).await;
    assert!(explanation.is_admitted(), "{explanation}");

    // Where nobody asks why, one verification is all there is.
    let guard = Guard::required(strategy(verifier(), Changing::new(wrong(), None)));
    let app = Router::new().route("/", on_get(async || ())).layer(guard);
    assert_eq!(send(&app, bearer(&token)).await.status, 401);
    assert_eq!(send(&app, bearer(&token)).await.status, 200);
}
