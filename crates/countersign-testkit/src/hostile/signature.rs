//! Signatures over something else, in another form, or none (RFC 7515 §5.2, RFC 7518 §3.4).

use countersign_jwt::{Algorithm, SigningKey, base64url};

use super::{Codes, Rows};
use crate::certificate::{INTEGER, SEQUENCE, element};
use crate::forge::{Genuine, sign};

const INVALID: Codes = &["signature_invalid"];

pub(super) fn add(rows: &mut Rows, genuine: &Genuine, attacker: &SigningKey) {
    add_tampered(rows, genuine);
    add_altered(rows, genuine, attacker);
    add_elliptic(rows, genuine);
    add_edwards(rows, genuine);
}

/// The genuine signature over something else.
fn add_tampered(rows: &mut Rows, genuine: &Genuine) {
    let (header, payload, signature) = genuine.segments();
    let changed = |text: String| base64url::encode(text);
    let other_header = changed(genuine.header.with("x", "1").text());
    let other_subject = changed(genuine.payload.with("sub", "\"somebody-else\"").text());
    let other_claim = changed(genuine.payload.with("admin", "true").text());
    let later = changed(genuine.payload.with("exp", genuine.in_secs(365 * 24 * 60 * 60)).text());
    for (name, header, payload) in [
        ("a header changed after signing", other_header.as_str(), payload),
        ("a subject changed after signing", header, other_subject.as_str()),
        ("a claim added after signing", header, other_claim.as_str()),
        ("an expiry moved after signing", header, later.as_str()),
    ] {
        rows.token(name, format!("{header}.{payload}.{signature}"), INVALID);
    }
}

fn add_altered(rows: &mut Rows, genuine: &Genuine, attacker: &SigningKey) {
    let signature = &genuine.signature;
    let (header, payload, _) = genuine.segments();
    let middle = signature.len() / 2;
    for (place, at) in [("first", 0), ("middle", middle), ("last", signature.len() - 1)] {
        let flipped = |bit: u8| {
            let mut signature = signature.clone();
            if let Some(byte) = signature.get_mut(at) {
                *byte ^= bit;
            }
            genuine.with_signature(&signature)
        };
        rows.token(format!("the {place} byte of the signature off by its lowest bit"), flipped(1), INVALID);
        rows.token(
            format!("the {place} byte of the signature off by its highest bit"),
            flipped(0x80),
            INVALID,
        );
    }
    let reversed: Vec<u8> = signature.iter().rev().copied().collect();
    let swapped = [&signature[middle..], &signature[..middle]].concat();
    for (name, signature) in [
        ("an empty signature", Vec::new()),
        ("a signature of one byte", vec![signature[0]]),
        ("a signature one byte short", signature[..signature.len() - 1].to_vec()),
        ("a signature without its first byte", signature[1..].to_vec()),
        ("half a signature", signature[..middle].to_vec()),
        ("a signature and a byte", [signature.as_slice(), &[0]].concat()),
        ("a byte and a signature", [&[0], signature.as_slice()].concat()),
        ("a signature twice", [signature.as_slice(), signature].concat()),
        ("a signature backwards", reversed),
        ("a signature whose halves are swapped", swapped),
        ("a signature of zeros", vec![0; signature.len()]),
        ("a signature with every bit set", vec![0xff; signature.len()]),
        ("the signature of another key", sign(attacker, &format!("{header}.{payload}"))),
        ("the signature of the payload alone", sign(&genuine.key, payload)),
        ("the signature of the decoded text", sign(&genuine.key, &decoded(genuine))),
    ] {
        rows.token(name, genuine.with_signature(&signature), INVALID);
    }
}

fn decoded(genuine: &Genuine) -> String {
    format!("{}.{}", genuine.header.text(), genuine.payload.text())
}

/// ECDSA: values that the equations do not exclude by themselves, and the form that is used outside JOSE.
fn add_elliptic(rows: &mut Rows, genuine: &Genuine) {
    let Some(order) = group_order(genuine.key.algorithm()) else { return };
    let (r, s) = genuine.signature.split_at(order.len());
    let (zero, one) = (vec![0; order.len()], [vec![0; order.len() - 1], vec![1]].concat());
    for (name, r, s) in [
        ("r and s are one", one.as_slice(), one.as_slice()),
        ("r is zero", &zero, s),
        ("s is zero", r, &zero),
        ("r and s are the order of the group", &order, &order),
        ("r is the order of the group", &order, s),
        ("s is the order of the group", r, &order),
        ("r is zero and s is one", &zero, &one),
    ] {
        rows.token(name, genuine.with_signature(&[r, s].concat()), INVALID);
    }
    let der = element(SEQUENCE, &[unsigned(r), unsigned(s)].concat());
    rows.token("a signature in DER", genuine.with_signature(&der), INVALID);
}

/// Ed25519: `S` is to be less than the order of the group (RFC 8032 §5.1.7), else each signature has a twin.
fn add_edwards(rows: &mut Rows, genuine: &Genuine) {
    if !matches!(genuine.key.algorithm(), Algorithm::EdDsa | Algorithm::Ed25519) {
        return;
    }
    let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let (point, scalar) = genuine.signature.split_at(order.len());
    let mut carry = 0;
    let sum: Vec<u8> = scalar
        .iter()
        .zip(&order)
        .map(|(&digit, &summand)| {
            let sum = u16::from(digit) + u16::from(summand) + carry;
            carry = sum >> 8;
            sum as u8
        })
        .collect();
    rows.token("S and the order of the group", genuine.with_signature(&[point, &sum].concat()), INVALID);
}

/// A DER `INTEGER` that is not negative (X.690 §8.3).
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len() - 1);
    let digits = &bytes[start..];
    match digits.first() {
        Some(0x80..) => element(INTEGER, &[&[0], digits].concat()),
        _ => element(INTEGER, digits),
    }
}

/// The order of the group (FIPS 186-5, SP 800-186 §3.2.1), as long as `r` and `s`.
fn group_order(algorithm: Algorithm) -> Option<Vec<u8>> {
    let digits = match algorithm {
        Algorithm::Es256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Algorithm::Es384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        Algorithm::Es512 => concat!(
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        ),
        _ => return None,
    };
    Some(hex(digits))
}

fn hex(digits: &str) -> Vec<u8> {
    let value = |digit: &u8| (*digit as char).to_digit(16).unwrap_or_default() as u8;
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | value(digit)))
        .collect()
}
