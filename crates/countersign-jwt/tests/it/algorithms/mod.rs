//! Every row of the table, attacked in the same ways.

mod elliptic;
mod garbage;
mod rsa;

use std::time::Duration;

use countersign_jwt::jws::{self, JwsVerifier};
use countersign_jwt::{
    Algorithm, Claims, KeyError, KeySet, Signer, SigningKey, Verifier, VerifyingKey, base64url,
};

use crate::support::{AUDIENCE, ISSUER, NOW, key, keys, other_key, outcome, token};

const PAYLOAD: &[u8] = b"the payload of a token";

fn check(token: &str, key: &SigningKey) -> &'static str {
    outcome(JwsVerifier::new().verify(token, &keys(key), NOW))
}

/// The parts of a token, decoded.
fn parts(token: &str) -> [Vec<u8>; 3] {
    let mut parts = token.split('.').map(|part| base64url::decode(part).unwrap());
    [parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap()]
}

fn join(parts: &[Vec<u8>; 3]) -> String {
    parts.each_ref().map(base64url::encode).join(".")
}

#[test]
fn what_a_key_signs_its_verifying_key_verifies() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let signer = Signer::new(key.clone(), ISSUER, AUDIENCE, Duration::from_secs(900));
        let token = signer.sign(&Claims::new(()).subject("user-1"), NOW).unwrap();
        let verified = Verifier::new(ISSUER, AUDIENCE).verify::<()>(&token, &keys(key), NOW).unwrap();
        assert_eq!(verified.algorithm(), algorithm);
        assert_eq!(verified.subject(), Some("user-1"));
        assert_eq!(verified.key_id(), key.key_id());
        assert_eq!(key.key_id().is_none(), algorithm.is_symmetric());

        let signature = key.sign_bytes(PAYLOAD).unwrap();
        assert!(key.verifying_key().verify_bytes(PAYLOAD, &signature), "{algorithm}");
    }
}

#[test]
fn an_empty_message_is_a_message() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let empty = jws::sign(key, None, b"").unwrap();
        assert_eq!(JwsVerifier::new().verify(&empty, &keys(key), NOW), Ok(Vec::new()), "{algorithm}");
        let signature = key.sign_bytes(b"").unwrap();
        assert!(key.verifying_key().verify_bytes(b"", &signature));
        assert!(!key.verifying_key().verify_bytes(b"\0", &signature), "{algorithm}");
    }
}

#[test]
fn one_flipped_bit_in_the_header_the_payload_or_the_signature_is_refused() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let good = parts(&jws::sign(key, Some("JWT"), PAYLOAD).unwrap());
        assert_eq!(check(&join(&good), key), "ok");
        for (part, expected) in [(0, None), (1, Some("signature_invalid")), (2, Some("signature_invalid"))] {
            let last = good[part].len() - 1;
            for (byte, bit) in
                [0, last / 2, last].into_iter().flat_map(|byte| (0..8).map(move |bit| (byte, bit)))
            {
                let mut bad = good.clone();
                bad[part][byte] ^= 1 << bit;
                let outcome = check(&join(&bad), key);
                assert_ne!(outcome, "ok", "{algorithm}: bit {bit} of byte {byte} of part {part}");
                assert_eq!(expected.unwrap_or(outcome), outcome, "{algorithm}: bit {bit} of byte {byte}");
            }
        }
    }
}

#[test]
fn every_bit_of_a_short_signature_counts() {
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa] {
        let (key, message) = (key(algorithm).verifying_key(), PAYLOAD);
        let good = self::key(algorithm).sign_bytes(message).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verify_bytes(message, &bad), "{algorithm}: bit {bit}");
        }
    }
}

#[test]
fn the_signature_of_another_key_is_refused() {
    for algorithm in Algorithm::ALL {
        let signed = jws::sign(&other_key(algorithm).clone().with_key_id("k"), None, PAYLOAD).unwrap();
        assert_eq!(
            check(&signed, &key(algorithm).clone().with_key_id("k")),
            "signature_invalid",
            "{algorithm}"
        );
    }
}

#[test]
fn the_signature_of_another_token_is_refused() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let mut one = parts(&jws::sign(key, None, b"one").unwrap());
        let other = parts(&jws::sign(key, None, b"other").unwrap());
        one[2] = other[2].clone();
        assert_eq!(check(&join(&one), key), "signature_invalid", "{algorithm}");
    }
}

/// Two algorithms whose keys are made of the same material.
fn siblings() -> impl Iterator<Item = (Algorithm, Algorithm)> {
    let pairs = Algorithm::ALL.into_iter().flat_map(|one| Algorithm::ALL.map(|other| (one, other)));
    let same = |(one, other): &(Algorithm, Algorithm)| {
        one != other
            && one.key_type() == other.key_type()
            && one.curve() == other.curve()
            && one.key_type() != "AKP"
    };
    pairs.filter(same)
}

#[test]
fn a_key_of_the_same_material_for_another_algorithm_is_not_used() {
    assert_eq!(siblings().count(), 3 * 2 + 6 * 5 + 2, "HMAC, RSA and the two names of Ed25519");
    for (signs, verifies) in siblings() {
        let signed = jws::sign(&key(signs).clone().with_key_id("k"), None, PAYLOAD).unwrap();
        let sibling = key(verifies).clone().with_key_id("k");
        assert_eq!(check(&signed, &sibling), "algorithm_mismatch", "{signs} by {verifies}");
    }
}

#[test]
fn a_signature_of_one_algorithm_is_not_that_of_its_sibling() {
    for (signs, verifies) in siblings() {
        let header = format!(r#"{{"alg":"{verifies}"}}"#);
        // The header says what the verifier wants to hear; the signature is of the other algorithm.
        let input = format!("{}.{}", base64url::encode(&header), base64url::encode(PAYLOAD));
        let signature = key(signs).sign_bytes(input.as_bytes()).unwrap();
        let forged = format!("{input}.{}", base64url::encode(signature));
        let expected = if signs.curve() == Some("Ed25519") { "ok" } else { "signature_invalid" };
        assert_eq!(check(&forged, key(verifies)), expected, "{signs} as {verifies}");
    }
}

#[test]
fn the_text_of_a_public_key_is_no_secret() {
    // What a verifier that lets the token choose the algorithm falls for.
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let public = key(algorithm).verifying_key();
        for text in [public.to_pem().unwrap(), serde_json::to_string(&public.to_jwk().unwrap()).unwrap()] {
            for (hmac, name) in [(Algorithm::Hs256, "HS256"), (Algorithm::Hs512, "HS512")] {
                let secret = SigningKey::from_secret(hmac, text.as_bytes()).unwrap();
                let forged = token(&secret, &format!(r#"{{"alg":"{name}"}}"#), PAYLOAD);
                assert_eq!(check(&forged, key(algorithm)), "algorithm_mismatch", "{algorithm}");
            }
        }
    }
}

#[test]
fn a_signature_of_another_length_is_refused() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let good = parts(&jws::sign(key, None, PAYLOAD).unwrap());
        let signature = &good[2];
        let changed = [
            Vec::new(),
            vec![0],
            signature[..1].to_vec(),
            signature[..signature.len() / 2].to_vec(),
            signature[..signature.len() - 1].to_vec(),
            signature[1..].to_vec(),
            [signature.as_slice(), &[0]].concat(),
            [&[0], signature.as_slice()].concat(),
            [signature.as_slice(), signature].concat(),
            vec![0; signature.len()],
            vec![0xff; signature.len()],
        ];
        for (case, changed) in changed.into_iter().enumerate() {
            let [header, payload, _] = good.clone();
            assert_eq!(
                check(&join(&[header, payload, changed]), key),
                "signature_invalid",
                "{algorithm}: {case}"
            );
        }
    }
}

#[test]
fn a_third_dot_or_a_missing_one_is_no_token() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let good = jws::sign(key, None, PAYLOAD).unwrap();
        let (input, signature) = good.rsplit_once('.').unwrap();
        for bad in [input.to_owned(), format!("{good}."), format!("{good}.{signature}"), format!(".{good}")] {
            assert_eq!(check(&bad, key), "token_malformed", "{algorithm}");
        }
        assert_eq!(check(&format!("{input}."), key), "signature_invalid", "no signature at all");
    }
}

#[test]
fn a_key_is_made_for_no_algorithm_that_its_type_does_not_have() {
    for made in Algorithm::ALL {
        for wanted in Algorithm::ALL.into_iter().filter(|wanted| wanted.key_type() != made.key_type()) {
            if made.is_symmetric() {
                let wrong = KeyError::WrongType { algorithm: wanted };
                assert_eq!(SigningKey::from_secret(wanted, &[7; 64]).map(|_| ()), Err(wrong.clone()));
                assert_eq!(VerifyingKey::from_secret(wanted, &[7; 64]).map(|_| ()), Err(wrong));
                continue;
            }
            let (private, public) =
                (key(made).to_pem().unwrap(), key(made).verifying_key().to_pem().unwrap());
            assert!(SigningKey::from_pem(wanted, &private).is_err(), "{made} as {wanted}");
            assert!(VerifyingKey::from_pem(wanted, &public).is_err(), "{made} as {wanted}");
        }
    }
}

#[test]
fn an_algorithm_that_is_not_among_the_allowed_ones_is_refused_whatever_the_key() {
    for algorithm in Algorithm::ALL {
        let signed = jws::sign(key(algorithm), None, PAYLOAD).unwrap();
        let others = Algorithm::ALL.into_iter().filter(|other| *other != algorithm);
        let verifier = |allowed: Vec<Algorithm>| JwsVerifier::new().algorithms(allowed);
        let keys: KeySet = keys(key(algorithm));
        assert_eq!(outcome(verifier(others.collect()).verify(&signed, &keys, NOW)), "algorithm_mismatch");
        assert_eq!(outcome(verifier(vec![algorithm]).verify(&signed, &keys, NOW)), "ok");
        assert_eq!(outcome(verifier(Vec::new()).verify(&signed, &keys, NOW)), "algorithm_mismatch");
    }
}
