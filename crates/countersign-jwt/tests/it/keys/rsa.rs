//! RSA keys that are too short, too long, have a weak exponent, or do not belong together.

use countersign_jwt::{Algorithm, Jwk, KeyError, SigningKey, VerifyingKey, base64url};
use serde_json::{Value, json};

use super::{changed, private_jwk, sign_with, verify_with};
use crate::support::{key, other_key, refusal};

/// An odd number of so many bits.
fn odd(bits: usize) -> Vec<u8> {
    let mut number = vec![0xff; bits.div_ceil(8)];
    number[0] = 0xff >> (number.len() * 8 - bits);
    number
}

fn public(modulus: &[u8], exponent: &[u8]) -> Result<VerifyingKey, KeyError> {
    let jwk = json!({"kty": "RSA", "n": base64url::encode(modulus), "e": base64url::encode(exponent)});
    let jwk = Jwk::from_json(&jwk.to_string())?;
    for algorithm in [Algorithm::Ps256, Algorithm::Rs512] {
        let made = VerifyingKey::from_jwk_as(algorithm, &jwk).is_ok();
        assert_eq!(made, VerifyingKey::from_jwk(&jwk).is_ok(), "all rows have the same bounds");
    }
    VerifyingKey::from_jwk(&jwk)
}

#[test]
fn a_modulus_has_2048_to_8192_bits() {
    for bits in [2048, 2049, 3072, 4096, 8192] {
        assert_eq!(refusal(public(&odd(bits), &[1, 0, 1])), None, "{bits}");
    }
    for bits in [8, 512, 1024, 2040, 2047, 8193, 16384] {
        assert_eq!(refusal(public(&odd(bits), &[1, 0, 1])), Some(KeyError::RsaSize { bits }));
    }
}

#[test]
fn a_modulus_is_written_without_leading_zeros_and_is_odd() {
    let padded = [&[0], odd(2048).as_slice()].concat();
    assert!(matches!(refusal(public(&padded, &[1, 0, 1])), Some(KeyError::Invalid { .. })));
    assert!(matches!(refusal(public(&[], &[1, 0, 1])), Some(KeyError::Invalid { .. })));
    assert!(matches!(refusal(public(&[0; 256], &[1, 0, 1])), Some(KeyError::Invalid { .. })));
    let mut even = odd(2048);
    even[255] = 0xfe;
    assert!(matches!(refusal(public(&even, &[1, 0, 1])), Some(KeyError::Invalid { .. })));
}

#[test]
fn an_exponent_is_odd_at_least_65537_and_at_most_33_bits_long() {
    let exponent = |value: u128| {
        let bytes = value.to_be_bytes();
        bytes[value.leading_zeros() as usize / 8..].to_vec()
    };
    for good in [65537, 65539, (1 << 32) + 1, (1 << 33) - 1] {
        assert_eq!(refusal(public(&odd(2048), &exponent(good))), None, "{good}");
    }
    for bad in [
        0,
        1,
        2,
        3,
        17,
        257,
        65535,
        65536,
        65538,
        1 << 32,
        1 << 33,
        (1 << 33) + 1,
        (1 << 64) + 65537,
        u128::MAX,
    ] {
        assert_eq!(refusal(public(&odd(2048), &exponent(bad))), Some(KeyError::RsaExponent), "{bad}");
    }
    assert_eq!(refusal(public(&odd(2048), &[0, 1, 0, 1])), Some(KeyError::RsaExponent), "a leading zero");
}

#[test]
fn weak_keys_are_refused_in_pem_and_der_too() {
    let weak = [
        (include_str!("../../data/keys/rsa-512-spki.pem"), KeyError::RsaSize { bits: 512 }),
        (include_str!("../../data/keys/rsa-1024-spki.pem"), KeyError::RsaSize { bits: 1024 }),
        (include_str!("../../data/keys/rsa-exponent-3-spki.pem"), KeyError::RsaExponent),
    ];
    for (pem, reason) in weak {
        for algorithm in [Algorithm::Rs256, Algorithm::Ps384] {
            assert_eq!(refusal(VerifyingKey::from_pem(algorithm, pem)), Some(reason.clone()));
        }
    }
    for pem in [
        include_str!("../../data/keys/rsa-512-pkcs8.pem"),
        include_str!("../../data/keys/rsa-1024-pkcs8.pem"),
        include_str!("../../data/keys/rsa-exponent-3-pkcs8.pem"),
    ] {
        assert!(SigningKey::from_pem(Algorithm::Rs256, pem).is_err());
        assert!(SigningKey::from_pem(Algorithm::Ps512, pem).is_err());
    }
}

#[test]
fn a_key_under_the_identifier_of_pss_is_refused() {
    // `id-RSASSA-PSS` (RFC 4055) restricts a key to parameters of its own, which are not those of JOSE.
    let private = include_str!("../../data/keys/rsa-pss-pkcs8.pem");
    let public = include_str!("../../data/keys/rsa-pss-spki.pem");
    for algorithm in [Algorithm::Ps256, Algorithm::Rs256] {
        assert!(SigningKey::from_pem(algorithm, private).is_err());
        assert_eq!(
            refusal(VerifyingKey::from_pem(algorithm, public)),
            Some(KeyError::WrongType { algorithm })
        );
    }
}

/// The private JWK of another key.
fn other_jwk() -> Value {
    serde_json::from_str(&other_key(Algorithm::Rs256).to_jwk().unwrap().to_json()).unwrap()
}

#[test]
fn the_parts_of_a_private_key_must_belong_together() {
    let (jwk, other) = (private_jwk(Algorithm::Rs256), other_jwk());
    assert!(sign_with(&jwk).is_ok());
    for name in ["n", "d", "p", "q", "dp", "dq", "qi"] {
        let refused = refusal(sign_with(&changed(&jwk, name, other[name].clone())));
        assert!(matches!(refused, Some(KeyError::Invalid { .. })), "{name}");
    }
    assert!(sign_with(&changed(&jwk, "e", "AQAD")).is_err(), "another exponent");
    assert!(sign_with(&changed(&jwk, "d", "AQ")).is_err());
    for swapped in [["p", "q"], ["dp", "dq"]] {
        let half = changed(&jwk, swapped[0], jwk[swapped[1]].clone());
        assert!(sign_with(&changed(&half, swapped[1], jwk[swapped[0]].clone())).is_err(), "{swapped:?}");
    }
}

#[test]
fn more_than_two_primes_are_refused() {
    let jwk = private_jwk(Algorithm::Rs256);
    for oth in [json!([{"r": "AQ", "d": "AQ", "t": "AQ"}]), json!([]), json!("x")] {
        let refused = refusal(sign_with(&changed(&jwk, "oth", oth.clone())));
        assert!(matches!(refused, Some(KeyError::Jwk { reason }) if reason.contains("two primes")), "{oth}");
        assert!(verify_with(&changed(&jwk, "oth", oth)).is_ok(), "the public half has only n and e");
    }
}

#[test]
fn a_new_key_has_2048_bits_and_the_usual_exponent() {
    for made in [key(Algorithm::Rs256), other_key(Algorithm::Ps256)] {
        let jwk = serde_json::to_value(made.verifying_key().to_jwk()).unwrap();
        assert_eq!(jwk["e"], "AQAB");
        assert_eq!(base64url::decode(jwk["n"].as_str().unwrap()).unwrap().len(), 256);
    }
}
