//! What must be refused is refused on both sides.

use std::time::Duration;

use countersign_interop::{Key, PEERS, Verdict};
use countersign_jwt::{Algorithm, Claims, Signer, SigningKey, VerifyingKey, base64url};
use serde_json::{Value, json};

use crate::support::{
    AUDIENCE, ISSUER, LIFETIME, now, our_key, read_private, their, their_claims, verify, verifying_forms,
};

/// A change of a good token of theirs, and the code of the refusal here.
struct Refusal {
    header: Value,
    claims: Value,
    code: &'static str,
}

fn refusals() -> Vec<Refusal> {
    let now = now().as_secs();
    let claims = |claims, code| Refusal { header: json!({}), claims, code };
    let header = |header, code| Refusal { header, claims: json!({}), code };
    vec![
        claims(json!({ "aud": "invoices" }), "aud_mismatch"),
        claims(json!({ "aud": ["invoices", "orders2"] }), "aud_mismatch"),
        claims(json!({ "aud": null }), "claim_missing"),
        claims(json!({ "iss": "https://id.example.evil" }), "iss_mismatch"),
        claims(json!({ "iss": null }), "claim_missing"),
        claims(json!({ "exp": now - 120, "iat": now - 900 }), "token_expired"),
        claims(json!({ "exp": null }), "claim_missing"),
        claims(json!({ "nbf": now + 600 }), "token_not_yet_valid"),
        header(json!({ "typ": "at+jwt" }), "typ_mismatch"),
        header(json!({ "crit": ["x"], "x": true }), "crit_unsupported"),
    ]
}

#[test]
fn what_is_wrong_with_a_token_of_theirs_is_named_here() {
    for peer in &PEERS {
        for algorithm in [Algorithm::Hs256, Algorithm::Es256] {
            let private = their(&peer.generate(algorithm), "private_jwk");
            let key = read_private(algorithm, &private).verifying_key().without_key_id();
            let good = peer.sign(algorithm, &private, &json!({}), &their_claims(&json!({})));
            assert!(verify(&good, key.clone()).is_ok(), "{}", peer.name);
            for Refusal { header, claims, code } in refusals() {
                let token = peer.sign(algorithm, &private, &header, &their_claims(&claims));
                let error = verify(&token, key.clone()).unwrap_err();
                assert_eq!(error.code(), code, "{} {algorithm}: {header} {claims}", peer.name);
            }
        }
    }
}

#[test]
fn a_token_of_theirs_that_nobody_signed_is_refused_here() {
    for peer in &PEERS {
        let token = peer.unsecured(&their_claims(&json!({})));
        for algorithm in [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256] {
            let key = our_key(algorithm).verifying_key().without_key_id();
            assert_eq!(verify(&token, key).unwrap_err().code(), "algorithm_unsupported", "{}", peer.name);
        }
    }
}

/// The key of one algorithm, used by them as the key of another.
#[test]
fn a_token_of_theirs_under_another_algorithm_than_the_key_is_for_is_refused_here() {
    for peer in &PEERS {
        let private = their(&peer.generate(Algorithm::Rs256), "private_pem");
        for (signed, expected) in [(Algorithm::Ps256, Algorithm::Rs256), (Algorithm::Rs512, Algorithm::Rs256)]
        {
            let token = peer.sign(signed, &private, &json!({}), &their_claims(&json!({})));
            let key = |algorithm| read_private(algorithm, &private).verifying_key().without_key_id();
            assert!(verify(&token, key(signed)).is_ok(), "{} {signed}", peer.name);
            assert_eq!(
                verify(&token, key(expected)).unwrap_err().code(),
                "algorithm_mismatch",
                "{}",
                peer.name
            );
        }
    }
}

/// The confusion of a public key with a secret: the text of our key, used by them to sign HS256. Some will not do it.
#[test]
fn a_token_of_theirs_signed_with_the_text_of_a_public_key_is_refused_here() {
    let key = our_key(Algorithm::Rs256).verifying_key().without_key_id();
    let text = key.to_pem().unwrap();
    let secret = Key::Jwk(json!({ "kty": "oct", "k": base64url::encode(&text) }));
    let claims = their_claims(&json!({}));
    for peer in &PEERS {
        if !peer.signs_with_public_text {
            peer.refuse_to_sign(Algorithm::Hs256, &secret, &claims);
            continue;
        }
        let token = peer.sign(Algorithm::Hs256, &secret, &json!({}), &claims);
        let with_secret = VerifyingKey::from_secret(Algorithm::Hs256, text.as_bytes()).unwrap();
        assert!(verify(&token, with_secret).is_ok(), "{} did sign", peer.name);
        assert_eq!(verify(&token, key.clone()).unwrap_err().code(), "algorithm_mismatch");
    }
}

/// What is wrong with a token of ours, and the token.
fn our_bad_tokens(key: &SigningKey) -> Vec<(&'static str, String)> {
    let other = our_key(Algorithm::Es256).with_key_id(key.key_id().unwrap());
    let signer = |key: &SigningKey| Signer::new(key.clone(), ISSUER, AUDIENCE, LIFETIME);
    let sign = |claims: Claims<'_, ()>| signer(key).sign(&claims, now()).unwrap();
    let long_ago = now() - Duration::from_secs(3600);
    vec![
        ("aud", sign(Claims::new(()).audience("invoices"))),
        ("iss", sign(Claims::new(()).issuer("https://id.example.evil"))),
        ("exp", sign(Claims::new(()).issued_at(long_ago))),
        ("nbf", sign(Claims::new(()).not_before(now() + Duration::from_secs(600)))),
        ("signature", signer(&other).sign(&Claims::new(()), now()).unwrap()),
    ]
}

#[test]
fn what_is_wrong_with_a_token_of_ours_is_refused_there() {
    for peer in &PEERS {
        let key = our_key(Algorithm::Es256);
        let signer = Signer::new(key.clone(), ISSUER, AUDIENCE, LIFETIME);
        let good = signer.sign(&Claims::new(()), now()).unwrap();
        for form in verifying_forms(&key) {
            let verdict = |token: &str| peer.verify(Algorithm::Es256, &form, token, (ISSUER, AUDIENCE));
            assert!(matches!(verdict(&good), Verdict::Accepted(_)), "{}", peer.name);
            for (what, token) in our_bad_tokens(&key) {
                assert!(matches!(verdict(&token), Verdict::Refused(_)), "{}: {what}", peer.name);
            }
        }
    }
}
