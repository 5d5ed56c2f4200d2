//! JSON Web Keys: what must be there, what may be, what forbids the use (RFC 7517, RFC 7518 §6).

use countersign_jwt::{Algorithm, Jwk, KeyError, PrivateJwk, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use super::{changed, private_jwk, sign_with, verify_with};
use crate::support::{key, refusal};

/// The members that a key of this type cannot do without: of the public half, and of the private one.
fn required(key_type: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match key_type {
        "oct" => (&[], &["k"]),
        "RSA" => (&["n", "e"], &["d", "p", "q", "dp", "dq", "qi"]),
        "EC" => (&["x", "y"], &["d"]),
        "OKP" => (&["x"], &["d"]),
        _ => (&["pub"], &["priv"]),
    }
}

fn asymmetric() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric())
}

#[test]
fn a_key_that_is_for_encryption_is_used_for_nothing() {
    for algorithm in Algorithm::ALL {
        let jwk = changed(&private_jwk(algorithm), "use", "enc");
        let forbidden = |operation| Some(KeyError::Forbidden { operation });
        assert_eq!(refusal(sign_with(&jwk)), forbidden("sign"), "{algorithm}");
        if !algorithm.is_symmetric() {
            assert_eq!(refusal(verify_with(&jwk)), forbidden("verify"), "{algorithm}");
        }
        assert!(sign_with(&changed(&jwk, "use", "sig")).is_ok());
        assert!(sign_with(&changed(&jwk, "use", Value::Null)).is_ok());
        assert_eq!(
            refusal(sign_with(&changed(&jwk, "use", "SIG"))),
            forbidden("sign"),
            "values are case-sensitive"
        );
    }
}

#[test]
fn the_operations_of_a_key_must_name_the_one_that_is_wanted() {
    for algorithm in asymmetric() {
        let with_operations = |operations: Value| changed(&private_jwk(algorithm), "key_ops", operations);
        let (sign, verify) = (
            Some(KeyError::Forbidden { operation: "sign" }),
            Some(KeyError::Forbidden { operation: "verify" }),
        );
        for (operations, signs, verifies) in [
            (json!([]), &sign, &verify),
            (json!(["sign"]), &None, &verify),
            (json!(["verify"]), &sign, &None),
            (json!(["sign", "verify"]), &None, &None),
            (json!(["verify", "something-new"]), &sign, &None),
            (json!(["encrypt", "wrapKey", "deriveKey"]), &sign, &verify),
            (json!(["SIGN", "Verify"]), &sign, &verify),
        ] {
            let jwk = with_operations(operations.clone());
            assert_eq!(&refusal(sign_with(&jwk)), signs, "{algorithm}: {operations}");
            assert_eq!(&refusal(verify_with(&jwk)), verifies, "{algorithm}: {operations}");
        }
        assert!(
            sign_with(&changed(&with_operations(json!(["sign"])), "use", "enc")).is_err(),
            "both must permit it"
        );
    }
}

#[test]
fn a_key_is_bound_to_the_algorithm_that_it_names() {
    for algorithm in asymmetric() {
        let jwk = private_jwk(algorithm);
        let (private, public) =
            (PrivateJwk::from_json(&jwk.to_string()).unwrap(), Jwk::from_json(&jwk.to_string()).unwrap());
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            let mismatch = Some(KeyError::JwkAlgorithm { expected: other.name() });
            assert_eq!(refusal(SigningKey::from_jwk_as(other, &private)), mismatch, "{algorithm} as {other}");
            assert_eq!(
                refusal(VerifyingKey::from_jwk_as(other, &public)),
                mismatch,
                "{algorithm} as {other}"
            );
        }
        assert_eq!(SigningKey::from_jwk_as(algorithm, &private).unwrap().algorithm(), algorithm);
        assert_eq!(VerifyingKey::from_jwk_as(algorithm, &public).unwrap().algorithm(), algorithm);
    }
}

#[test]
fn an_algorithm_that_is_not_for_signatures_is_no_algorithm_of_a_key() {
    for algorithm in Algorithm::ALL {
        for name in ["none", "RSA-OAEP", "ECDH-ES", "A128KW", "ES256K", "Ed448", "hs256", ""] {
            let jwk = changed(&private_jwk(algorithm), "alg", name);
            assert!(
                matches!(refusal(sign_with(&jwk)), Some(KeyError::JwkAlgorithm { .. })),
                "{algorithm}: {name}"
            );
            if !algorithm.is_symmetric() {
                assert!(matches!(refusal(verify_with(&jwk)), Some(KeyError::JwkAlgorithm { .. })));
            }
        }
    }
}

#[test]
fn a_key_that_names_no_algorithm_is_bound_by_its_type_and_curve() {
    let bound = |algorithm| {
        let jwk = changed(&private_jwk(algorithm), "alg", Value::Null);
        let (signing, verifying) = (sign_with(&jwk), verify_with(&jwk));
        assert_eq!(
            refusal(signing.clone().map(|key| key.algorithm())),
            refusal(verifying.map(|key| key.algorithm()))
        );
        signing.map(|key| key.algorithm())
    };
    for algorithm in [Algorithm::Rs256, Algorithm::Rs512, Algorithm::Ps256] {
        assert_eq!(bound(algorithm), Ok(Algorithm::Rs256));
    }
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
        assert_eq!(bound(algorithm), Ok(algorithm));
    }
    assert_eq!(bound(Algorithm::Ed25519), Ok(Algorithm::EdDsa));
    for algorithm in [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87] {
        assert!(matches!(bound(algorithm), Err(KeyError::JwkAlgorithm { .. })), "AKP keys must name it");
    }
    let secret = changed(&private_jwk(Algorithm::Hs256), "alg", Value::Null);
    assert!(matches!(sign_with(&secret), Err(KeyError::JwkAlgorithm { .. })));
    let secret = PrivateJwk::from_json(&secret.to_string()).unwrap();
    assert_eq!(SigningKey::from_jwk_as(Algorithm::Hs512, &secret).unwrap().algorithm(), Algorithm::Hs512);
}

#[test]
fn a_member_that_a_key_needs_may_not_be_missing() {
    for algorithm in Algorithm::ALL {
        let jwk = private_jwk(algorithm);
        let (public, private) = required(algorithm.key_type());
        for name in public.iter().chain(private) {
            assert!(
                matches!(refusal(sign_with(&changed(&jwk, name, Value::Null))), Some(KeyError::Jwk { .. })),
                "{algorithm}: {name}"
            );
        }
        for name in public {
            assert!(
                matches!(refusal(verify_with(&changed(&jwk, name, Value::Null))), Some(KeyError::Jwk { .. })),
                "{algorithm}: {name}"
            );
        }
        for name in private.iter().filter(|_| !algorithm.is_symmetric()) {
            assert!(verify_with(&changed(&jwk, name, Value::Null)).is_ok(), "{algorithm}: {name} is private");
        }
        assert!(sign_with(&changed(&jwk, "kty", Value::Null)).is_err(), "{algorithm}");
        assert!(verify_with(&changed(&jwk, "kty", Value::Null)).is_err(), "{algorithm}");
        if algorithm.curve().is_some() {
            assert!(sign_with(&changed(&jwk, "crv", Value::Null)).is_err(), "{algorithm}");
            assert!(verify_with(&changed(&jwk, "crv", Value::Null)).is_err(), "{algorithm}");
        }
    }
}

/// The same bytes with a last bit set that stands for none of them, or, where there is no such bit, a lone character.
fn with_left_over_bits(text: &str) -> String {
    let (rest, last) = text.split_at(text.len() - 1);
    match text.len() % 4 {
        0 => format!("{text}A"),
        _ => format!("{rest}{}", (last.as_bytes()[0] + 1) as char),
    }
}

#[test]
fn every_parameter_is_canonical_base64url() {
    for algorithm in Algorithm::ALL {
        let jwk = private_jwk(algorithm);
        let (public, private) = required(algorithm.key_type());
        for (name, is_public) in
            public.iter().map(|name| (name, true)).chain(private.iter().map(|name| (name, false)))
        {
            let good = jwk[name].as_str().unwrap();
            for bad in [
                format!("{good}="),
                format!("{good}=="),
                format!("{good}\n"),
                format!(" {good}"),
                with_left_over_bits(good),
                good.replacen(&good[..1], "+", 1),
                good.replacen(&good[..1], "/", 1),
                format!("{good}é"),
            ] {
                let jwk = changed(&jwk, name, bad.clone());
                assert!(sign_with(&jwk).is_err(), "{algorithm}: {name} {bad:?}");
                assert!(!is_public || verify_with(&jwk).is_err(), "{algorithm}: {name} {bad:?}");
            }
        }
    }
}

#[test]
fn a_type_or_a_curve_that_is_not_known_is_refused() {
    for algorithm in Algorithm::ALL {
        for key_type in ["", "rsa", "ec", "OCT", "X", "EC2"] {
            let jwk = changed(&private_jwk(algorithm), "kty", key_type);
            assert!(sign_with(&jwk).is_err() && verify_with(&jwk).is_err(), "{algorithm}: {key_type}");
        }
        for curve in ["", "p-256", "secp256k1", "Ed448", "X25519", "P-192"] {
            let jwk = changed(&private_jwk(algorithm), "crv", curve);
            if algorithm.curve().is_some() {
                assert!(sign_with(&jwk).is_err() && verify_with(&jwk).is_err(), "{algorithm}: {curve}");
            }
        }
    }
}

#[test]
fn a_member_that_the_type_of_key_does_not_have_is_ignored() {
    for algorithm in asymmetric() {
        let (jwk, expected) = (private_jwk(algorithm), key(algorithm).verifying_key().to_jwk().unwrap());
        let curve = if algorithm.curve().is_some() { "x5t" } else { "crv" };
        for (name, value) in [
            (curve, json!("P-256\",\"kty\":\"EC")),
            ("x5c", json!(["AAAA"])),
            ("x5t#S256", json!("AAAA")),
            ("ext", json!(true)),
            ("iat", json!(1_700_000_000)),
            ("nested", json!({"kty": "oct", "list": [1, null]})),
        ] {
            let jwk = changed(&jwk, name, value);
            assert_eq!(sign_with(&jwk).unwrap().key_id(), key(algorithm).key_id(), "{algorithm}: {name}");
            assert_eq!(verify_with(&jwk).unwrap().to_jwk().as_ref(), Some(&expected), "{algorithm}: {name}");
            let public = Jwk::from_json(&jwk.to_string()).unwrap();
            assert_eq!(public.thumbprint(), expected.thumbprint(), "{algorithm}: {name}");
        }
    }
}

#[test]
fn a_text_that_is_no_strict_object_is_no_key() {
    for text in [
        "",
        "null",
        "[]",
        "\"kty\"",
        "{",
        "{}x",
        r#"{"kty":"oct","kty":"oct"}"#,
        r#"{"kty":"oct","\u006bty":"oct"}"#,
        r#"{"other":{"a":1,"a":2},"kty":"oct"}"#,
        r#"{"kty":["oct"]}"#,
        r#"{"kty":1}"#,
        r#"{"kty":"oct","key_ops":"sign"}"#,
        r#"{"kty":"oct","k":["AA"]}"#,
        "\u{feff}{\"kty\":\"oct\"}",
    ] {
        assert!(matches!(refusal(PrivateJwk::from_json(text)), Some(KeyError::Jwk { .. })), "{text}");
        assert!(matches!(refusal(Jwk::from_json(text)), Some(KeyError::Jwk { .. })), "{text}");
    }
    assert!(Jwk::from_json(r#"{"kty":"oct","k":"AAAA"}"#).is_err(), "a secret has no public form");
}

#[test]
fn an_akp_key_without_its_algorithm_has_no_thumbprint() {
    let jwk = changed(&private_jwk(Algorithm::MlDsa44), "alg", Value::Null);
    let public = Jwk::from_json(&jwk.to_string()).unwrap();
    assert!(matches!(public.thumbprint(), Err(KeyError::JwkAlgorithm { .. })));
}

#[test]
fn keys_of_equal_material_for_other_algorithms_have_one_thumbprint_unless_they_are_akp() {
    let thumbprint = |algorithm| key(algorithm).verifying_key().to_jwk().unwrap().thumbprint().unwrap();
    assert_eq!(thumbprint(Algorithm::Rs256), thumbprint(Algorithm::Ps512));
    assert_eq!(thumbprint(Algorithm::EdDsa), thumbprint(Algorithm::Ed25519));
    assert_ne!(thumbprint(Algorithm::MlDsa44), thumbprint(Algorithm::MlDsa65));
}

#[test]
fn what_is_published_of_a_key_says_what_it_is_for() {
    for algorithm in asymmetric() {
        let jwk = serde_json::to_value(key(algorithm).verifying_key().to_jwk()).unwrap();
        assert_eq!((&jwk["use"], &jwk["alg"]), (&json!("sig"), &json!(algorithm.name())));
        assert_eq!((&jwk["kty"], jwk["crv"].as_str()), (&json!(algorithm.key_type()), algorithm.curve()));
        assert_eq!(jwk["kid"].as_str(), key(algorithm).key_id());
        assert!(jwk.get("key_ops").is_none(), "use and key_ops together are discouraged (RFC 7517 §4.3)");
    }
}
