//! ECDSA and Ed25519: what a signature may not be.

use countersign_jwt::{Algorithm, KeyError, PrivateJwk, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::support::{der, der_integer, key};

const MESSAGE: &[u8] = b"message";

/// The ECDSA rows, the length of a field element, and the order of the curve (SEC 2 §2).
const CURVES: [(Algorithm, usize, &str); 3] = [
    (Algorithm::Es256, 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
    (
        Algorithm::Es384,
        48,
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ),
    (
        Algorithm::Es512,
        66,
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa\
         51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    ),
];

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// `signature` with `r` and `s` replaced where they are given.
fn replaced(signature: &[u8], r: Option<&[u8]>, s: Option<&[u8]>) -> Vec<u8> {
    let (old_r, old_s) = signature.split_at(signature.len() / 2);
    [r.unwrap_or(old_r), s.unwrap_or(old_s)].concat()
}

/// One less, in big endian.
fn minus_one(number: &[u8]) -> Vec<u8> {
    let mut number = number.to_vec();
    *number.last_mut().unwrap() -= 1;
    number
}

#[test]
fn r_and_s_are_neither_zero_nor_beyond_the_order_of_the_curve() {
    for (algorithm, field, order) in CURVES {
        let (key, good) = (key(algorithm).verifying_key(), key(algorithm).sign_bytes(MESSAGE).unwrap());
        assert_eq!(good.len(), 2 * field);
        let (zero, order, max) = (vec![0; field], hex(order), vec![0xff; field]);
        assert_eq!(order.len(), field);
        let mut one = zero.clone();
        *one.last_mut().unwrap() = 1;
        let edges = [&zero, &one, &minus_one(&order), &order, &max].map(|edge| Some(edge.clone()));
        let edges = || edges.iter().cloned().chain([None]);
        for (r, s) in edges().flat_map(|r| edges().map(move |s| (r.clone(), s))) {
            if r.is_some() || s.is_some() {
                let bad = replaced(&good, r.as_deref(), s.as_deref());
                assert!(!key.verify_bytes(MESSAGE, &bad), "{algorithm}: {bad:x?}");
            }
        }
    }
}

#[test]
fn r_and_s_in_the_other_order_are_refused() {
    for (algorithm, field, _) in CURVES {
        let good = key(algorithm).sign_bytes(MESSAGE).unwrap();
        let swapped = [&good[field..], &good[..field]].concat();
        assert!(!key(algorithm).verifying_key().verify_bytes(MESSAGE, &swapped), "{algorithm}");
    }
}

#[test]
fn an_ecdsa_signature_in_der_is_refused() {
    for (algorithm, field, _) in CURVES {
        let good = key(algorithm).sign_bytes(MESSAGE).unwrap();
        let (r, s) = good.split_at(field);
        let encoded = der(0x30, &[&der_integer(r), &der_integer(s)]);
        assert!(!key(algorithm).verifying_key().verify_bytes(MESSAGE, &encoded), "{algorithm}");
        let mut padded = encoded;
        padded.resize(2 * field, 0);
        assert!(!key(algorithm).verifying_key().verify_bytes(MESSAGE, &padded), "{algorithm}");
    }
}

#[test]
fn r_and_s_without_their_leading_zeros_are_refused() {
    // A signature whose r begins with a zero, as one in 256 does; of P-521, one in two begins with seven zero bits.
    let (key, field) = (key(Algorithm::Es256), 32);
    let message = |n: u32| n.to_be_bytes();
    let found = (0..).map(|n| (n, key.sign_bytes(&message(n)).unwrap())).find(|(_, found)| found[0] == 0);
    let (n, good) = found.unwrap();
    assert!(key.verifying_key().verify_bytes(&message(n), &good));
    assert!(!key.verifying_key().verify_bytes(&message(n), &good[1..]));
    assert_eq!(good[1..].len(), 2 * field - 1);
}

#[test]
fn a_key_of_another_curve_is_refused_in_every_format() {
    for (made, ..) in CURVES {
        for (wanted, ..) in CURVES.into_iter().filter(|(wanted, ..)| *wanted != made) {
            let (private, public) = (key(made), key(made).verifying_key());
            assert!(SigningKey::from_der(wanted, &private.to_der().unwrap()).is_err(), "{made} as {wanted}");
            assert!(SigningKey::from_pem(wanted, &private.to_pem().unwrap()).is_err(), "{made} as {wanted}");
            let point = KeyError::Invalid { algorithm: wanted, what: "point on the curve" };
            let refused =
                |key: Result<VerifyingKey, KeyError>| assert_eq!(key.map(|_| ()), Err(point.clone()));
            refused(VerifyingKey::from_der(wanted, &public.to_der().unwrap()));
            refused(VerifyingKey::from_pem(wanted, &public.to_pem().unwrap()));

            let jwk: Value = serde_json::from_str(&private.to_jwk().unwrap().to_json()).unwrap();
            for change in [
                json!({"alg": wanted.name()}),
                json!({"alg": wanted.name(), "crv": wanted.curve()}),
                json!({"crv": wanted.curve()}),
            ] {
                let mut changed = jwk.clone();
                changed.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
                let private = PrivateJwk::from_json(&changed.to_string()).unwrap();
                assert!(SigningKey::from_jwk(&private).is_err(), "{made} as {wanted}: {change}");
                let public = countersign_jwt::Jwk::from_json(&changed.to_string()).unwrap();
                assert!(VerifyingKey::from_jwk(&public).is_err(), "{made} as {wanted}: {change}");
            }
        }
    }
}

#[test]
fn an_ed25519_signature_is_not_malleable() {
    /// The order of the base point, little endian (RFC 8032 §5.1): `s` must be less (§5.1.7).
    const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    for algorithm in [Algorithm::EdDsa, Algorithm::Ed25519] {
        let (key, good) = (key(algorithm).verifying_key(), key(algorithm).sign_bytes(MESSAGE).unwrap());
        let mut bad = good.clone();
        let mut carry = 0;
        for (byte, order) in bad[32..].iter_mut().zip(hex(ORDER)) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert_eq!(carry, 0);
        assert!(key.verify_bytes(MESSAGE, &good) && !key.verify_bytes(MESSAGE, &bad), "{algorithm}");
    }
}
