//! A certificate around a public key, as an attacker puts it into `x5c` (RFC 7515 §4.1.6).

use countersign_jwt::base64url;

/// The tags of DER (X.690 §8) that occur here.
pub(crate) const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
pub(crate) const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// `ecdsa-with-SHA256`. Who does not look at who signed a certificate does not look at how.
const SIGNATURE_ALGORITHM: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// A certificate (RFC 5280 §4.1) for the key in `spki`, in standard base64. It names nobody and its signature is
/// empty: its only reader is a verifier that takes the key out and asks no further.
pub(crate) fn with_key(spki: &[u8]) -> String {
    let algorithm = element(SEQUENCE, &element(OBJECT_IDENTIFIER, &SIGNATURE_ALGORITHM));
    let name = element(SEQUENCE, &[]);
    let validity = element(
        SEQUENCE,
        &[element(UTC_TIME, b"200101000000Z"), element(UTC_TIME, b"491231235959Z")].concat(),
    );
    let body = [
        element(VERSION, &element(INTEGER, &[2])),
        element(INTEGER, &[1]),
        algorithm.clone(),
        name.clone(),
        validity,
        name,
        spki.to_vec(),
    ];
    let certificate = [element(SEQUENCE, &body.concat()), algorithm, element(BIT_STRING, &[0])];
    standard_base64(&element(SEQUENCE, &certificate.concat()))
}

/// `x5c` is written in the standard alphabet and padded, unlike everything else in JOSE.
fn standard_base64(bytes: &[u8]) -> String {
    let mut text = base64url::encode(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let first = length.iter().position(|&byte| byte != 0).unwrap_or(length.len() - 1);
    let length = &length[first..];
    let mut element = vec![tag];
    if let [short @ 0..0x80] = length {
        element.push(*short);
    } else {
        element.push(0x80 | length.len() as u8);
        element.extend(length);
    }
    element.extend(content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_jwt::{Algorithm, SigningKey, VerifyingKey};

    #[test]
    fn standard_base64_is_padded() {
        assert_eq!(standard_base64(&[0xfb, 0xff, 0xfe, 0xff]), "+//+/w==");
    }

    #[test]
    fn the_key_in_a_certificate_is_the_one_that_was_put_there() {
        for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap().verifying_key();
            let text = with_key(&key.to_der().unwrap());
            let der = base64url::decode(&text.replace('+', "-").replace('/', "_").replace('=', "")).unwrap();
            assert_eq!(
                VerifyingKey::from_der(algorithm, &der).unwrap().key_id(),
                key.key_id(),
                "{algorithm}"
            );
        }
    }
}
