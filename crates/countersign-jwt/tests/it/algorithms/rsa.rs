//! RSA: the length of a signature is that of the modulus, always.

use countersign_jwt::{Algorithm, SigningKey, base64url};
use serde_json::Value;

use crate::support::key;

const RSA: [Algorithm; 6] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

/// A message and its signature, of which the first byte is zero, as it is of one in 256.
fn with_leading_zero(key: &SigningKey) -> (Vec<u8>, Vec<u8>) {
    let messages = (0u32..).map(|n| n.to_be_bytes().to_vec());
    let signed = messages.map(|message| (message.clone(), key.sign_bytes(&message).unwrap()));
    signed.into_iter().find(|(_, signature)| signature[0] == 0).unwrap()
}

#[test]
fn a_leading_zero_of_a_signature_may_not_be_left_out() {
    for algorithm in RSA {
        let (key, (message, good)) = (key(algorithm).verifying_key(), with_leading_zero(key(algorithm)));
        assert!(key.verify_bytes(&message, &good), "{algorithm}");
        assert!(!key.verify_bytes(&message, &good[1..]), "{algorithm}");
    }
}

#[test]
fn a_leading_zero_may_not_be_added() {
    for algorithm in RSA {
        let good = key(algorithm).sign_bytes(b"message").unwrap();
        assert_eq!(good.len(), 256);
        let longer = [&[0], good.as_slice()].concat();
        assert!(!key(algorithm).verifying_key().verify_bytes(b"message", &longer), "{algorithm}");
    }
}

#[test]
fn numbers_that_are_their_own_signatures_are_refused() {
    // 0, 1 and the greatest number of that length: raised to any power they stay what they are, or are out of range.
    let mut one = vec![0; 256];
    one[255] = 1;
    for algorithm in RSA {
        for bad in [vec![0; 256], one.clone(), vec![0xff; 256]] {
            assert!(!key(algorithm).verifying_key().verify_bytes(b"message", &bad), "{algorithm}");
        }
    }
}

#[test]
fn pss_signatures_differ_each_time_and_pkcs1_signatures_do_not() {
    for algorithm in RSA {
        let signatures = [(); 2].map(|()| key(algorithm).sign_bytes(b"message").unwrap());
        let random = algorithm.name().starts_with("PS");
        assert_eq!(signatures[0] != signatures[1], random, "{algorithm}");
    }
}

#[test]
fn a_pss_signature_has_a_salt_and_a_mask_of_its_hash() {
    // Signatures that OpenSSL made over `message`: as RFC 7518 §3.5 says, and in ways that it does not.
    let signatures: Vec<Value> =
        serde_json::from_str(include_str!("../../data/rsa-pss-signatures.json")).unwrap();
    assert_eq!(signatures.len(), 3);
    for made in signatures {
        let algorithm = made["alg"].as_str().unwrap().parse().unwrap();
        let verifies = |signature: &Value| {
            let signature = base64url::decode(signature.as_str().unwrap()).unwrap();
            key(algorithm).verifying_key().verify_bytes(b"message", &signature)
        };
        assert!(verifies(&made["good"]), "{algorithm}");
        for (how, bad) in made["bad"].as_object().unwrap() {
            assert!(!verifies(bad), "{algorithm}: {how}");
        }
    }
}
