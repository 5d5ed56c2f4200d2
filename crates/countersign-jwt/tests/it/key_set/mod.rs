//! Which key of a set verifies a token: chosen by `kid` and `alg`, never by trying.

mod documents;
mod memory;

use countersign_jwt::jws::JwsVerifier;
use countersign_jwt::{
    Algorithm, KeySet, KeySource, KeysUnavailable, NumericDate, SigningKey, Verifier, VerifyingKey,
};
use std::sync::Arc;

use crate::support::{NOW, claims, key, keys, other_key, outcome, signed, token, verifier};

fn named(algorithm: Algorithm, name: &str) -> VerifyingKey {
    key(algorithm).verifying_key().with_key_id(name)
}

fn unnamed(algorithm: Algorithm) -> VerifyingKey {
    key(algorithm).verifying_key().without_key_id()
}

/// A token that names `kid`, or no key, signed by `key`.
fn from(key: &SigningKey, kid: Option<&str>) -> String {
    let kid = kid.map(|kid| format!(r#","kid":"{kid}""#)).unwrap_or_default();
    token(key, &format!(r#"{{"alg":"{}"{kid}}}"#, key.algorithm()), b"payload")
}

fn check(token: &str, keys: impl IntoIterator<Item = VerifyingKey>) -> &'static str {
    let keys: KeySet = keys.into_iter().collect();
    let first = outcome(JwsVerifier::new().verify(token, &keys, NOW));
    assert_eq!(outcome(JwsVerifier::new().verify(token, &keys, NOW)), first, "the same the second time");
    first
}

const ES: Algorithm = Algorithm::Es256;
const ED: Algorithm = Algorithm::EdDsa;
const HS: Algorithm = Algorithm::Hs256;

#[test]
fn a_token_that_names_a_key_is_verified_by_that_key() {
    let (one, other) = (key(ES), other_key(ES));
    let set = || [named(ES, "one"), other.verifying_key().with_key_id("other")];
    assert_eq!(check(&from(one, Some("one")), set()), "ok");
    assert_eq!(check(&from(other, Some("other")), set()), "ok");
    assert_eq!(check(&from(one, Some("other")), set()), "signature_invalid", "no other key is tried");
    assert_eq!(check(&from(one, Some("One")), set()), "key_unknown", "names are case-sensitive");
    assert_eq!(check(&from(one, Some("")), set()), "key_unknown");
}

#[test]
fn of_two_keys_with_one_name_the_one_for_the_algorithm_is_meant() {
    let set = || [named(ES, "k"), named(ED, "k"), named(HS, "k")];
    for algorithm in [ES, ED, HS] {
        assert_eq!(check(&from(key(algorithm), Some("k")), set()), "ok");
    }
    assert_eq!(check(&from(key(Algorithm::Es384), Some("k")), set()), "algorithm_mismatch");
}

#[test]
fn two_keys_of_one_name_and_one_algorithm_are_ambiguous() {
    let set = || [named(ES, "k"), other_key(ES).verifying_key().with_key_id("k"), named(ES, "other")];
    assert_eq!(check(&from(key(ES), Some("k")), set()), "key_ambiguous");
    assert_eq!(check(&from(key(ES), Some("other")), set()), "ok");
    assert_eq!(check(&from(key(ES), Some("k")), [named(ES, "k"), named(ES, "k")]), "key_ambiguous");
}

#[test]
fn a_token_that_names_no_key_is_verified_by_the_one_key_of_its_algorithm() {
    let bare = from(key(ES), None);
    assert_eq!(check(&bare, [named(ES, "k")]), "ok", "the name of the key does not matter");
    assert_eq!(check(&bare, [unnamed(ES)]), "ok");
    assert_eq!(check(&bare, [named(ED, "a"), named(ES, "b"), named(HS, "c")]), "ok");
    assert_eq!(check(&bare, [named(ES, "a"), other_key(ES).verifying_key()]), "key_ambiguous");
    assert_eq!(check(&bare, [named(ES, "a"), unnamed(ES)]), "key_ambiguous");
    assert_eq!(check(&bare, [other_key(ES).verifying_key()]), "signature_invalid");
    assert_eq!(check(&bare, [named(ED, "a"), named(Algorithm::Es384, "b")]), "algorithm_mismatch");
    assert_eq!(check(&bare, []), "key_unknown");
}

#[test]
fn a_name_that_no_key_has_means_the_one_key_without_a_name() {
    let stranger = from(key(ES), Some("stranger"));
    assert_eq!(check(&stranger, [named(ES, "a"), unnamed(ES)]), "ok");
    assert_eq!(check(&stranger, [named(ES, "a")]), "key_unknown");
    assert_eq!(check(&stranger, [named(ES, "a"), unnamed(ED)]), "algorithm_mismatch");
    assert_eq!(check(&stranger, [unnamed(ES), unnamed(ES)]), "key_ambiguous");
    assert_eq!(check(&from(key(ES), Some("a")), [named(ED, "a"), unnamed(ES)]), "algorithm_mismatch");
    assert_eq!(check(&stranger, []), "key_unknown");
}

#[test]
fn a_name_with_escapes_is_the_name_that_it_stands_for() {
    assert_eq!(check(&from(key(ES), Some(r#"\u006bey \"1\"\n"#)), [named(ES, "key \"1\"\n")]), "ok");
    let path = from(key(ES), Some("../../../../dev/null"));
    assert_eq!(
        check(&path, [named(ES, "k")]),
        "key_unknown",
        "a name is looked up in the set and nowhere else"
    );
}

#[test]
fn a_key_that_the_token_brings_along_is_ignored() {
    let stranger = other_key(ES);
    let jwk = serde_json::to_string(&stranger.verifying_key().to_jwk()).unwrap();
    for parameter in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://attacker.example/jwks.json""#.to_owned(),
        r#""x5u":"https://attacker.example/cert.pem""#.to_owned(),
        r#""x5c":["MIIB"]"#.to_owned(),
        r#""x5t":"AAAA","x5t#S256":"AAAA""#.to_owned(),
    ] {
        let forged = token(stranger, &format!(r#"{{"alg":"ES256",{parameter}}}"#), b"payload");
        assert_eq!(check(&forged, [named(ES, "k")]), "signature_invalid", "{parameter}");
        let genuine = token(key(ES), &format!(r#"{{"alg":"ES256",{parameter}}}"#), b"payload");
        assert_eq!(check(&genuine, [named(ES, "k")]), "ok", "{parameter}");
    }
}

#[test]
fn what_is_published_of_a_set_are_its_public_keys() {
    let set: KeySet = Algorithm::ALL.into_iter().map(|algorithm| key(algorithm).verifying_key()).collect();
    assert_eq!(set.len(), Algorithm::ALL.len());
    let published = serde_json::to_string(&set.to_jwk_set()).unwrap();
    let read = KeySet::from_json(&published).unwrap();
    let asymmetric: Vec<_> = set.iter().filter(|key| !key.algorithm().is_symmetric()).collect();
    assert_eq!(read.len(), asymmetric.len());
    assert!(read.skipped().is_empty());
    for (read, written) in read.iter().zip(asymmetric) {
        assert_eq!((read.algorithm(), read.key_id()), (written.algorithm(), written.key_id()));
        assert_eq!(read.to_der(), written.to_der());
    }
    assert!(!published.contains(r#""kty":"oct""#), "a secret is never published");
    let secrets: KeySet = [key(HS).verifying_key().with_key_id("named")].into_iter().collect();
    assert_eq!(serde_json::to_string(&secrets.to_jwk_set()).unwrap(), r#"{"keys":[]}"#);
}

#[test]
fn a_set_can_be_extended_and_then_chooses_anew() {
    let mut set = keys(key(ES));
    assert!(!set.is_empty());
    let bare = from(key(ES), None);
    assert_eq!(outcome(JwsVerifier::new().verify(&bare, &set, NOW)), "ok");
    set.extend([other_key(ES).verifying_key()]);
    // What was remembered of the header was right for the smaller set only.
    assert_eq!(outcome(JwsVerifier::new().verify(&bare, &set, NOW)), "key_ambiguous");
}

/// A source that has no keys before a moment, as one that was never reached.
struct Late(KeySet, NumericDate);

impl KeySource for Late {
    type Snapshot<'a> = &'a KeySet;

    fn snapshot(&self, now: NumericDate) -> Result<&KeySet, KeysUnavailable> {
        if now < self.1 { Err(KeysUnavailable) } else { Ok(&self.0) }
    }
}

#[test]
fn a_source_without_keys_says_nothing_about_the_token() {
    let source = Arc::new(Late(keys(key(HS)), NOW));
    let token = signed(claims().to_string());
    let before = NumericDate::from_secs(NOW.as_secs() - 1);
    let verifier: Verifier = verifier();
    for token in [token.as_str(), "garbage", ""] {
        assert_eq!(outcome(verifier.verify::<()>(token, &source, before)), "keys_unavailable");
        assert_eq!(outcome(JwsVerifier::new().verify(token, &&source, before)), "keys_unavailable");
    }
    assert_eq!(outcome(verifier.verify::<()>(&token, &source, NOW)), "ok");
    let explanation = verifier.explain::<()>(&token, &source, before);
    assert!(
        explanation.to_string().starts_with("keys            REFUSED     none at the moment\n"),
        "{explanation}"
    );
    assert_eq!(explanation.error().map(|error| error.code()), Some("keys_unavailable"));
    assert!(source.renew(before).is_none(), "nothing newer can be had unless a source says so");
}
