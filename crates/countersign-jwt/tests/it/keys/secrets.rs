//! Nothing that prints a key prints its secret.

use std::time::Duration;

use countersign_jwt::{Algorithm, KeySet, PrivateJwk, Signer, SigningKey, base64url};
use serde_json::Value;

use super::private_jwk;
use crate::support::key;

/// The members of a JWK that are secret.
const SECRET: [&str; 8] = ["k", "d", "p", "q", "dp", "dq", "qi", "priv"];

/// How the secrets of a key could look in a text.
fn forms(jwk: &Value) -> Vec<String> {
    let secrets = SECRET.iter().filter_map(|name| jwk[name].as_str());
    let forms = secrets.flat_map(|text| {
        let bytes = base64url::decode(text).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        // A part is enough to give a secret away.
        let start = &bytes[..16];
        [
            text[..20].to_owned(),
            base64_simd::STANDARD.encode_to_string(start)[..20].to_owned(),
            hex[..32].to_owned(),
            hex[..32].to_uppercase(),
            format!("{start:?}").trim_matches(['[', ']']).to_owned(),
            format!("{start:02x?}").trim_matches(['[', ']']).to_owned(),
        ]
    });
    forms.collect()
}

fn check(algorithm: Algorithm, text: &str) {
    let forms = forms(&private_jwk(algorithm));
    assert!(!forms.is_empty());
    // A pretty text has its elements on lines of their own.
    let text = text.replace("\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for form in forms {
        assert!(!text.contains(&form), "{algorithm}: {text}");
    }
}

#[test]
fn debug_never_shows_a_secret() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let signer = Signer::new(key.clone(), "issuer", "audience", Duration::from_secs(60));
        let set = KeySet::from(key.verifying_key());
        let jwk = key.to_jwk().unwrap();
        check(algorithm, &format!("{key:?} {key:#?} {:?} {:#?}", key.verifying_key(), key.verifying_key()));
        check(algorithm, &format!("{signer:?} {set:?} {jwk:?} {signer:#?} {set:#?} {jwk:#?}"));
        check(algorithm, &serde_json::to_string(&set.to_jwk_set()).unwrap());
    }
}

#[test]
fn the_forms_that_are_looked_for_are_those_a_secret_has() {
    let (jwk, bytes) = (private_jwk(Algorithm::Hs256), [7u8; 64]);
    let shown = format!("{} {bytes:?} {bytes:02x?} {}", jwk, "07".repeat(64));
    assert!(forms(&jwk).iter().filter(|form| shown.contains(form.as_str())).count() >= 5);
}

#[test]
fn a_refusal_never_shows_a_secret() {
    for algorithm in Algorithm::ALL {
        let jwk = private_jwk(algorithm);
        for (name, wrong) in
            [("kty", "AES"), ("alg", "ES256K"), ("use", "enc"), ("x", "*"), ("n", "*"), ("pub", "*")]
        {
            let text = super::changed(&jwk, name, wrong).to_string();
            let refused = PrivateJwk::from_json(&text).and_then(|jwk| SigningKey::from_jwk(&jwk).map(|_| ()));
            if let Err(error) = refused {
                check(algorithm, &format!("{error} {error:?}"));
            }
        }
        for name in SECRET.into_iter().filter(|name| jwk[name].is_string()) {
            let broken = format!("{}=", jwk[name].as_str().unwrap());
            let error = super::sign_with(&super::changed(&jwk, name, broken)).unwrap_err();
            check(algorithm, &format!("{error} {error:?}"));
        }
    }
}

#[test]
fn a_public_jwk_holds_nothing_private_even_when_it_is_read_from_a_private_one() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let private = private_jwk(algorithm);
        let public = countersign_jwt::Jwk::from_json(&private.to_string()).unwrap();
        let written = serde_json::to_value(&public).unwrap();
        assert!(SECRET.iter().all(|name| written.get(name).is_none()), "{algorithm}");
        check(algorithm, &format!("{written} {public:?}"));
        assert_eq!(written, serde_json::to_value(key(algorithm).verifying_key().to_jwk()).unwrap());
    }
}
