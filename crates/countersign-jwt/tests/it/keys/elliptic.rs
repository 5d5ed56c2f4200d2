//! Elliptic keys: points off the curve, points that are none, keys that do not belong together.

use countersign_jwt::{Algorithm, KeyError, SigningKey, VerifyingKey, base64url};

use super::{changed, private_jwk, sign_with, verify_with};
use crate::support::{der, key, other_key, pem_block, refusal};

const ECDSA: [(Algorithm, usize); 3] =
    [(Algorithm::Es256, 32), (Algorithm::Es384, 48), (Algorithm::Es512, 66)];
const ED25519: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Ed25519];

fn off_the_curve(algorithm: Algorithm) -> Option<KeyError> {
    Some(KeyError::Invalid { algorithm, what: "point on the curve" })
}

fn coordinate(algorithm: Algorithm, name: &str) -> Vec<u8> {
    base64url::decode(private_jwk(algorithm)[name].as_str().unwrap()).unwrap()
}

/// The `SubjectPublicKeyInfo` of a row's key with another point in it.
fn spki_with_point(algorithm: Algorithm, point: &[u8]) -> Vec<u8> {
    let good = key(algorithm).verifying_key().to_der().unwrap();
    let header = if good[1] == 0x81 { 3 } else { 2 };
    let identifier = &good[header..header + 2 + usize::from(good[header + 1])];
    der(0x30, &[identifier, &der(0x03, &[&[0], point])])
}

#[test]
fn a_point_off_the_curve_is_refused() {
    for (algorithm, field) in ECDSA {
        let jwk = private_jwk(algorithm);
        let mut y = coordinate(algorithm, "y");
        *y.last_mut().unwrap() ^= 1;
        for (name, value) in
            [("y", y), ("x", vec![0; field]), ("y", vec![0; field]), ("x", vec![0xff; field])]
        {
            let bad = changed(&jwk, name, base64url::encode(value));
            assert_eq!(refusal(verify_with(&bad)), off_the_curve(algorithm), "{name}");
            assert!(sign_with(&bad).is_err());
        }
    }
}

#[test]
fn the_point_at_infinity_is_no_key() {
    for (algorithm, field) in ECDSA {
        let zero = base64url::encode(vec![0; field]);
        let jwk = changed(&changed(&private_jwk(algorithm), "x", zero.clone()), "y", zero);
        assert_eq!(refusal(verify_with(&jwk)), off_the_curve(algorithm));
        for point in [vec![0], vec![0; 1 + field], vec![0; 1 + 2 * field], Vec::new()] {
            let refused = VerifyingKey::from_der(algorithm, &spki_with_point(algorithm, &point));
            assert!(refused.is_err(), "{algorithm}: {point:?}");
        }
    }
}

#[test]
fn coordinates_have_the_full_length_of_the_field() {
    for (algorithm, field) in ECDSA {
        let jwk = private_jwk(algorithm);
        for name in ["x", "y"] {
            let good = coordinate(algorithm, name);
            assert_eq!(good.len(), field);
            for bad in [good[1..].to_vec(), [&[0], good.as_slice()].concat(), Vec::new(), vec![4]] {
                let bad = changed(&jwk, name, base64url::encode(bad));
                assert_eq!(refusal(verify_with(&bad)), off_the_curve(algorithm), "{name}");
                assert!(sign_with(&bad).is_err());
            }
        }
        // The same bytes side by side, parted at another place.
        let (x, y) = (coordinate(algorithm, "x"), coordinate(algorithm, "y"));
        let (shorter, longer) = (&x[..field - 1], [&x[field - 1..], &y].concat());
        let moved = changed(&changed(&jwk, "x", base64url::encode(shorter)), "y", base64url::encode(longer));
        assert_eq!(refusal(verify_with(&moved)), off_the_curve(algorithm));
        assert!(sign_with(&moved).is_err());

        let scalar = coordinate(algorithm, "d");
        assert_eq!(scalar.len(), field);
        for bad in [scalar[1..].to_vec(), [&[0], scalar.as_slice()].concat(), Vec::new()] {
            assert!(sign_with(&changed(&jwk, "d", base64url::encode(bad))).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn a_point_is_read_uncompressed_or_compressed_and_in_no_other_form() {
    for (algorithm, field) in ECDSA {
        let (x, y) = (coordinate(algorithm, "x"), coordinate(algorithm, "y"));
        let point = |form: u8, with_y: bool| match with_y {
            true => [&[form], x.as_slice(), &y].concat(),
            false => [&[form], x.as_slice()].concat(),
        };
        let parity = 2 + (y[field - 1] & 1);
        let read = |point: &[u8]| VerifyingKey::from_der(algorithm, &spki_with_point(algorithm, point));
        let expected = key(algorithm).verifying_key().to_jwk();
        assert_eq!(read(&point(4, true)).unwrap().to_jwk(), expected);
        assert_eq!(read(&point(parity, false)).unwrap().to_jwk(), expected);
        assert_ne!(read(&point(parity ^ 1, false)).unwrap().to_jwk(), expected, "the other square root");
        for (form, with_y) in [(6, true), (7, true), (5, true), (0, true), (2, true), (4, false), (5, false)]
        {
            assert_eq!(refusal(read(&point(form, with_y))), off_the_curve(algorithm), "{form} {with_y}");
        }
    }
}

#[test]
fn a_curve_that_jose_signatures_do_not_have_here_is_refused() {
    let spki = include_str!("../../data/keys/secp256k1-spki.pem");
    let sec1 = include_str!("../../data/keys/secp256k1-sec1.pem");
    for (algorithm, _) in ECDSA {
        assert_eq!(refusal(VerifyingKey::from_pem(algorithm, spki)), Some(KeyError::WrongType { algorithm }));
        assert!(SigningKey::from_pem(algorithm, sec1).is_err());
    }
    for algorithm in ED25519 {
        let x25519 = include_str!("../../data/keys/x25519-spki.pem");
        let ed448 = include_str!("../../data/keys/ed448-spki.pem");
        assert_eq!(
            refusal(VerifyingKey::from_pem(algorithm, x25519)),
            Some(KeyError::WrongType { algorithm })
        );
        assert_eq!(
            refusal(VerifyingKey::from_pem(algorithm, ed448)),
            Some(KeyError::WrongType { algorithm })
        );
        assert!(SigningKey::from_pem(algorithm, include_str!("../../data/keys/x25519-pkcs8.pem")).is_err());
    }
}

#[test]
fn a_curve_spelled_out_by_its_parameters_is_refused() {
    // Whoever writes the parameters chooses the generator, and with it a private key for any public one.
    let spki = include_str!("../../data/keys/p256-explicit-spki.pem");
    let wrong = Some(KeyError::WrongType { algorithm: Algorithm::Es256 });
    assert_eq!(refusal(VerifyingKey::from_pem(Algorithm::Es256, spki)), wrong);
}

/// `ECPrivateKey` of RFC 5915 for P-256 with this scalar and point.
fn sec1(scalar: &[u8], point: &[u8]) -> Vec<u8> {
    let curve = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let public = der(0x03, &[&[0], point]);
    der(0x30, &[&[2, 1, 1], &der(0x04, &[scalar]), &der(0xa0, &[&curve]), &der(0xa1, &[&public])])
}

#[test]
fn a_private_scalar_must_belong_to_the_point_beside_it() {
    for (algorithm, field) in ECDSA {
        let jwk = private_jwk(algorithm);
        let other: serde_json::Value =
            serde_json::from_str(&other_key(algorithm).to_jwk().unwrap().to_json()).unwrap();
        for scalar in [
            other["d"].clone(),
            base64url::encode(vec![0; field]).into(),
            base64url::encode(vec![0xff; field]).into(),
        ] {
            assert!(sign_with(&changed(&jwk, "d", scalar)).is_err(), "{algorithm}");
        }
    }
    let (algorithm, scalar) = (Algorithm::Es256, coordinate(Algorithm::Es256, "d"));
    let point = [&[4], coordinate(algorithm, "x").as_slice(), &coordinate(algorithm, "y")].concat();
    let other = other_key(algorithm).verifying_key().to_der().unwrap();
    let other = &other[other.len() - 65..];
    assert!(SigningKey::from_der(algorithm, &sec1(&scalar, &point)).is_ok());
    assert!(SigningKey::from_der(algorithm, &sec1(&scalar, other)).is_err(), "the point of another key");
    assert!(SigningKey::from_der(algorithm, &sec1(&[0; 32], &point)).is_err());
    assert!(SigningKey::from_der(algorithm, &sec1(&[0xff; 32], &point)).is_err());
}

#[test]
fn an_ed25519_key_of_small_order_is_refused_however_it_is_encoded() {
    // The eight points of order 1, 2, 4 and 8, each y-coordinate also unreduced where 255 bits have room for that.
    let y = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let spki = pem_block(include_str!("../../data/keys/ed25519-spki.pem"), "PUBLIC KEY");
    for digits in y {
        let mut encoded: Vec<u8> =
            (0..32).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect();
        for sign in [0, 0x80] {
            encoded[31] = encoded[31] & 0x7f | sign;
            for algorithm in ED25519 {
                let jwk = changed(&private_jwk(algorithm), "x", base64url::encode(&encoded));
                assert_eq!(refusal(verify_with(&jwk)), Some(KeyError::SmallOrder), "{digits} {sign}");
                let bad = [&spki[..spki.len() - 32], &encoded].concat();
                assert_eq!(refusal(VerifyingKey::from_der(algorithm, &bad)), Some(KeyError::SmallOrder));
            }
        }
    }
}

#[test]
fn an_ed25519_key_has_32_bytes_and_belongs_to_its_seed() {
    for algorithm in ED25519 {
        let jwk = private_jwk(algorithm);
        let x = coordinate(algorithm, "x");
        for bad in [x[1..].to_vec(), [x.as_slice(), &[0]].concat(), Vec::new()] {
            let bad = changed(&jwk, "x", base64url::encode(bad));
            let refused = refusal(verify_with(&bad));
            assert!(matches!(refused, Some(KeyError::Invalid { .. })), "{algorithm}");
            assert!(sign_with(&bad).is_err());
        }
        let seed = coordinate(algorithm, "d");
        for bad in [seed[1..].to_vec(), [seed.as_slice(), &[0]].concat(), Vec::new(), vec![0; 32], x] {
            assert!(sign_with(&changed(&jwk, "d", base64url::encode(bad))).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn the_public_key_inside_a_private_ed25519_key_must_belong_to_it() {
    // PKCS#8 version 2 (RFC 5958 §2) with the public key in it.
    let (algorithm, seed) = (Algorithm::EdDsa, coordinate(Algorithm::EdDsa, "d"));
    let pkcs8 = |public: &[u8]| {
        let identifier = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
        let private = der(0x04, &[&der(0x04, &[&seed])]);
        der(0x30, &[&[2, 1, 1], &identifier, &private, &der(0x81, &[&[0], public])])
    };
    assert!(SigningKey::from_der(algorithm, &pkcs8(&coordinate(algorithm, "x"))).is_ok());
    let other: serde_json::Value =
        serde_json::from_str(&other_key(algorithm).to_jwk().unwrap().to_json()).unwrap();
    let other = base64url::decode(other["x"].as_str().unwrap()).unwrap();
    assert!(SigningKey::from_der(algorithm, &pkcs8(&other)).is_err());
}
