//! ML-DSA keys: the seed is the private key (RFC 9964 §4, RFC 9881 §6).

use aws_lc_rs::encoding::AsRawBytes;
use aws_lc_rs::signature::{ML_DSA_44_SIGNING, PqdsaKeyPair};
use countersign_jwt::{Algorithm, KeyError, SigningKey, base64url};
use serde_json::Value;

use super::{changed, private_jwk, sign_with, verify_with};
use crate::support::{der, key, other_key, refusal};

const ML_DSA: [Algorithm; 3] = [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87];

fn other_jwk(algorithm: Algorithm) -> Value {
    serde_json::from_str(&other_key(algorithm).to_jwk().unwrap().to_json()).unwrap()
}

#[test]
fn a_seed_must_belong_to_the_public_key_beside_it() {
    for algorithm in ML_DSA {
        let (jwk, other) = (private_jwk(algorithm), other_jwk(algorithm));
        let invalid = Some(KeyError::Invalid { algorithm, what: "private key" });
        assert_eq!(refusal(sign_with(&changed(&jwk, "priv", other["priv"].clone()))), invalid);
        assert_eq!(refusal(sign_with(&changed(&jwk, "pub", other["pub"].clone()))), invalid);
    }
}

#[test]
fn a_seed_has_32_bytes() {
    for algorithm in ML_DSA {
        let jwk = private_jwk(algorithm);
        let seed = base64url::decode(jwk["priv"].as_str().unwrap()).unwrap();
        assert_eq!(seed.len(), 32);
        for bad in [seed[1..].to_vec(), [seed.as_slice(), &[0]].concat(), Vec::new(), seed.repeat(80)] {
            assert!(sign_with(&changed(&jwk, "priv", base64url::encode(bad))).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn a_public_key_has_the_length_of_its_algorithm() {
    for (algorithm, length) in ML_DSA.into_iter().zip([1312, 1952, 2592]) {
        let jwk = private_jwk(algorithm);
        let public = base64url::decode(jwk["pub"].as_str().unwrap()).unwrap();
        assert_eq!(public.len(), length);
        for bad in [public[1..].to_vec(), [public.as_slice(), &[0]].concat(), Vec::new()] {
            let refused = refusal(verify_with(&changed(&jwk, "pub", base64url::encode(bad))));
            assert_eq!(refused, Some(KeyError::Invalid { algorithm, what: "public key" }));
        }
        for other in ML_DSA.into_iter().filter(|other| *other != algorithm) {
            assert!(verify_with(&changed(&jwk, "alg", other.name())).is_err(), "{algorithm} as {other}");
            assert!(sign_with(&changed(&jwk, "alg", other.name())).is_err(), "{algorithm} as {other}");
            let (private, public) =
                (key(algorithm).to_der().unwrap(), key(algorithm).verifying_key().to_der().unwrap());
            assert!(SigningKey::from_der(other, &private).is_err(), "{algorithm} as {other}");
            assert!(
                countersign_jwt::VerifyingKey::from_der(other, &public).is_err(),
                "{algorithm} as {other}"
            );
        }
    }
}

/// A PKCS#8 structure of ML-DSA-44 around a private key in one of the forms of RFC 9881 §6.
fn pkcs8(private: &[u8]) -> Vec<u8> {
    let identifier = [0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];
    der(0x30, &[&[2, 1, 0], &identifier, &der(0x04, &[private])])
}

fn expanded(seed: &[u8]) -> Vec<u8> {
    let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).unwrap();
    pair.private_key().as_raw_bytes().unwrap().as_ref().to_vec()
}

#[test]
fn a_key_in_expanded_form_signs_but_cannot_be_written() {
    let algorithm = Algorithm::MlDsa44;
    let expected = SigningKey::from_der(algorithm, &pkcs8(&der(0x80, &[&[9; 32]]))).unwrap();
    let signing = SigningKey::from_der(algorithm, &pkcs8(&der(0x04, &[&expanded(&[9; 32])]))).unwrap();
    assert_eq!(signing.key_id(), expected.key_id());
    let signature = signing.sign_bytes(b"message").unwrap();
    assert!(expected.verifying_key().verify_bytes(b"message", &signature));
    assert_eq!(refusal(signing.to_der()), Some(KeyError::NoSuchForm { format: "PKCS#8" }));
    assert!(matches!(refusal(signing.to_jwk()), Some(KeyError::NoSuchForm { .. })));
}

#[test]
fn a_seed_and_an_expanded_key_side_by_side_must_belong_together() {
    let both = |seed: &[u8], key: &[u8]| pkcs8(&der(0x30, &[&der(0x04, &[seed]), &der(0x04, &[key])]));
    let (algorithm, expanded) = (Algorithm::MlDsa44, expanded(&[9; 32]));
    assert!(SigningKey::from_der(algorithm, &both(&[9; 32], &expanded)).is_ok());
    assert!(SigningKey::from_der(algorithm, &both(&[8; 32], &expanded)).is_err());
}
