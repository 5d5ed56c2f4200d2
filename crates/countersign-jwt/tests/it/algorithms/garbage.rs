//! Input of any length and content: refused, never a panic.

use countersign_jwt::jws::JwsVerifier;
use countersign_jwt::{Algorithm, KeyError, SigningKey, VerifyingKey, base64url};

use crate::support::{NOW, key, keys, outcome};

const LENGTHS: std::ops::Range<usize> = 0..200;

/// Bytes that follow no pattern, the same each time (the generator of Numerical Recipes).
fn noise(length: usize) -> Vec<u8> {
    let mut state = length as u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(step).collect()
}

#[test]
fn garbage_of_any_length_is_no_signature() {
    let (header, payload) = (|name: &str| base64url::encode(format!(r#"{{"alg":"{name}"}}"#)), "cGF5bG9hZA");
    for algorithm in Algorithm::ALL {
        let (keys, verifying) = (keys(key(algorithm)), key(algorithm).verifying_key());
        for length in LENGTHS {
            for garbage in [noise(length), vec![0; length], vec![0xff; length]] {
                assert!(!verifying.verify_bytes(b"message", &garbage), "{algorithm}: {length}");
                let token = format!("{}.{payload}.{}", header(algorithm.name()), base64url::encode(&garbage));
                let refused = JwsVerifier::new().verify(&token, &keys, NOW);
                assert_eq!(outcome(refused), "signature_invalid", "{algorithm}: {length}");
            }
        }
    }
}

#[test]
fn a_signature_that_is_not_base64url_is_malformed_at_any_length() {
    for algorithm in Algorithm::ALL {
        let keys = keys(key(algorithm));
        let header = base64url::encode(format!(r#"{{"alg":"{algorithm}"}}"#));
        for length in LENGTHS {
            let token = format!("{header}.e30.{}*", "A".repeat(length));
            assert_eq!(outcome(JwsVerifier::new().verify(&token, &keys, NOW)), "token_malformed");
        }
    }
}

#[test]
fn garbage_of_any_length_is_no_key() {
    for algorithm in Algorithm::ALL {
        for length in LENGTHS {
            for garbage in [noise(length), vec![0; length], vec![0x30; length], vec![0xff; length]] {
                assert!(SigningKey::from_der(algorithm, &garbage).is_err(), "{algorithm}: {length}");
                assert!(VerifyingKey::from_der(algorithm, &garbage).is_err(), "{algorithm}: {length}");
                for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE"]
                {
                    let body = base64_simd::STANDARD.encode_to_string(&garbage);
                    let pem = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
                    assert!(SigningKey::from_pem(algorithm, &pem).is_err(), "{algorithm}: {length}");
                    assert!(VerifyingKey::from_pem(algorithm, &pem).is_err(), "{algorithm}: {length}");
                }
                let text = String::from_utf8_lossy(&garbage);
                assert!(SigningKey::from_pem(algorithm, &text).is_err(), "{algorithm}: {length}");
                assert!(VerifyingKey::from_pem(algorithm, &text).is_err(), "{algorithm}: {length}");
            }
        }
    }
}

#[test]
fn a_secret_of_any_length_is_taken_from_the_length_of_the_hash_on() {
    for (algorithm, minimum) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        for actual in LENGTHS {
            let made = SigningKey::from_secret(algorithm, &noise(actual)).map(|_| ());
            let expected = match actual {
                _ if actual < minimum => Err(KeyError::SecretTooShort { algorithm, minimum, actual }),
                _ => Ok(()),
            };
            assert_eq!(made, expected);
            assert_eq!(VerifyingKey::from_secret(algorithm, &noise(actual)).map(|_| ()), expected);
        }
    }
}

#[test]
fn the_der_of_a_key_cut_short_or_extended_is_refused() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let private = key(algorithm).to_der().unwrap();
        for length in 0..private.len() {
            assert!(SigningKey::from_der(algorithm, &private[..length]).is_err(), "{algorithm}: {length}");
        }
        let public = key(algorithm).verifying_key().to_der().unwrap();
        for length in 0..public.len() {
            assert!(VerifyingKey::from_der(algorithm, &public[..length]).is_err(), "{algorithm}: {length}");
        }
        for more in [&[0][..], &[0x30, 0], &public] {
            let longer = [private.as_slice(), more].concat();
            assert!(SigningKey::from_der(algorithm, &longer).is_err(), "{algorithm}");
            let longer = [public.as_slice(), more].concat();
            assert!(VerifyingKey::from_der(algorithm, &longer).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn a_pem_cut_short_is_refused() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let (private, public) =
            (key(algorithm).to_pem().unwrap(), key(algorithm).verifying_key().to_pem().unwrap());
        // The last character may be missing: it is the line's end.
        for length in 0..private.len() - 1 {
            assert!(SigningKey::from_pem(algorithm, &private[..length]).is_err(), "{algorithm}: {length}");
        }
        for length in 0..public.len() - 1 {
            assert!(VerifyingKey::from_pem(algorithm, &public[..length]).is_err(), "{algorithm}: {length}");
        }
    }
}
