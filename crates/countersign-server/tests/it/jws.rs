//! `countersign jws verify`: signed content of any kind, and what is no such content.

use std::{fs, process::Stdio};

use countersign::jwt::{Algorithm, SigningKey, base64url, jws};
use serde_json::{Value, json};

use crate::support::Folder;

/// The examples of RFC 7515, appendix A.
const RFC_7515: &str = include_str!("../../../countersign-jwt/tests/data/rfc7515.json");

const LONGEST: usize = 1024 * 1024;

/// What the command did, its output not taken for text.
#[derive(Debug, PartialEq, Eq)]
struct Verified {
    code: Option<i32>,
    payload: Vec<u8>,
    err: String,
}

fn verify(folder: &Folder, flags: &[&str], input: impl AsRef<[u8]>) -> Verified {
    let content = folder.path().join("input");
    fs::write(&content, input).unwrap();
    let mut command = folder.command();
    command.args(["jws", "verify"]).args(flags).stdin(fs::File::open(content).unwrap());
    let output = command.output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    Verified { code: output.status.code(), payload: output.stdout, err }
}

fn accepted(payload: impl Into<Vec<u8>>) -> Verified {
    Verified { code: Some(0), payload: payload.into(), err: String::new() }
}

/// Refused, for the reason of this code, without a byte on standard output.
fn assert_refused(verified: &Verified, code: &str) {
    let reason = verified.err.lines().last().unwrap_or_default();
    let found = (verified.code, verified.payload.as_slice(), reason.split(':').next().unwrap());
    assert_eq!(found, (Some(1), &[][..], code), "{verified:?}");
}

/// A folder with `jwks.json`, the public keys of these.
fn published(keys: &[&SigningKey]) -> Folder {
    let folder = Folder::new();
    let keys: Vec<_> = keys.iter().map(|key| key.verifying_key().to_jwk().unwrap()).collect();
    folder.write("jwks.json", &json!({"keys": keys}).to_string());
    folder
}

fn sign(key: &SigningKey, payload: &[u8]) -> String {
    jws::sign(key, None, payload).unwrap()
}

#[test]
fn the_examples_of_rfc_7515_appendix_a_give_their_payload_byte_for_byte() {
    let examples: Vec<Value> = serde_json::from_str(RFC_7515).unwrap();
    assert_eq!(examples.len(), 4);
    for mut example in examples {
        let folder = Folder::new();
        folder.write("jwks.json", &json!({"keys": [example["jwk"].take()]}).to_string());
        let signed = example["jws"].as_str().unwrap();
        let payload = base64url::decode(signed.split('.').nth(1).unwrap()).unwrap();
        let flags = ["--jwks", "jwks.json", "--alg", example["alg"].as_str().unwrap()];
        for end in ["", "\n", "\r\n"] {
            assert_eq!(verify(&folder, &flags, format!("{signed}{end}")), accepted(payload.clone()));
        }
    }
}

#[test]
fn a_payload_may_be_anything() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let folder = published(&[&key]);
    let every_byte: Vec<u8> = (0..=255).collect();
    for payload in [&b""[..], b"\n", b"text\n\n", b"\0", b"\xff\xfe", &every_byte, &vec![7; 300_000]] {
        assert_eq!(verify(&folder, &["--jwks", "jwks.json"], sign(&key, payload)), accepted(payload));
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let folder = published(&[&key]);
    let signed = sign(&key, b"{\"event\":\"paid\"}");
    let dots: Vec<usize> = signed.match_indices('.').map(|(at, _)| at).collect();
    for at in [0, dots[0] - 1, dots[0], dots[0] + 1, dots[1] - 1, dots[1], dots[1] + 1, signed.len() - 2] {
        let mut bytes = signed.clone().into_bytes();
        bytes[at] ^= 1;
        let ran = verify(&folder, &["--jwks", "jwks.json"], &bytes);
        assert_eq!((ran.code, ran.payload.as_slice()), (Some(1), &[][..]), "{at} {ran:?}");
    }
}

#[test]
fn what_is_refused_is_told_by_its_code_on_standard_error_only() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let folder = published(&[&key]);
    let signed = sign(&key, b"paid");
    let (content, signature) = signed.rsplit_once('.').unwrap();
    let unsecured = format!("{}.{}.", base64url::encode(r#"{"alg":"none"}"#), base64url::encode("paid"));
    for (flags, input, code) in [
        (&[][..], String::new(), "token_malformed"),
        (&[], "\n".to_owned(), "token_malformed"),
        (&[], format!("{signed}\n\n"), "token_malformed"),
        (&[], format!(" {signed}"), "token_malformed"),
        (&[], content.to_owned(), "token_malformed"),
        (&[], format!("{signed}.{signature}"), "token_malformed"),
        (&[], format!("{content}."), "signature_invalid"),
        (&[], format!("{signed}="), "token_malformed"),
        (&[], unsecured, "algorithm_unsupported"),
        (&[], sign(&other, b"paid"), "key_unknown"),
        (&["--alg", "EdDSA"], signed.clone(), "algorithm_mismatch"),
        (&["--alg", "EdDSA", "RS256"], signed.clone(), "algorithm_mismatch"),
        (&["--typ", "statuslist+jwt"], signed.clone(), "typ_mismatch"),
    ] {
        let flags = [&["--jwks", "jwks.json"], flags].concat();
        assert_refused(&verify(&folder, &flags, &input), code);
    }
    let good = ["--jwks", "jwks.json", "--alg", "EdDSA", "--alg", "ES256"];
    assert_eq!(verify(&folder, &good, &signed), accepted("paid"));
}

#[test]
fn the_type_that_is_asked_for_must_be_said() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let folder = published(&[&key]);
    let signed = jws::sign(&key, Some("statuslist+jwt"), b"{}").unwrap();
    let flags = |wanted| ["--jwks", "jwks.json", "--typ", wanted];
    assert_eq!(verify(&folder, &flags("statuslist+jwt"), &signed), accepted("{}"));
    assert_refused(&verify(&folder, &flags("webhook+jws"), &signed), "typ_mismatch");
}

#[test]
fn each_key_of_a_set_verifies_what_it_has_signed_and_the_unknown_ones_are_named_and_skipped() {
    let keys = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256, Algorithm::MlDsa44]
        .map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let folder = published(&keys.iter().collect::<Vec<_>>());
    for key in &keys {
        assert_eq!(verify(&folder, &["--jwks", "jwks.json"], sign(key, b"paid")), accepted("paid"));
    }

    let known = keys[0].verifying_key().to_jwk().unwrap();
    let unknown = json!({"kty": "XYZ", "kid": "new"});
    let set = json!({"keys": [unknown, {"kty": "EC", "crv": "P-999", "kid": "odd"}, 7, known]});
    folder.write("jwks.json", &set.to_string());
    let ran = verify(&folder, &["--jwks", "jwks.json"], sign(&keys[0], b"paid"));
    assert_eq!((ran.code, ran.payload.as_slice()), (Some(0), &b"paid"[..]), "{ran:?}");
    let skipped: Vec<_> = ran.err.lines().filter_map(|line| line.split("): ").next()).collect();
    assert_eq!(
        skipped,
        [
            r#"skipped: key 0 of the set ("new""#,
            r#"skipped: key 1 of the set ("odd""#,
            r#"skipped: key 2 of the set ("without kid""#
        ]
    );
    assert_refused(&verify(&folder, &["--jwks", "jwks.json"], sign(&keys[1], b"paid")), "key_unknown");
}

#[test]
fn a_mebibyte_is_read_and_no_byte_more() {
    let key = SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap();
    let folder = Folder::new();
    let jwk = json!({"kty": "oct", "alg": "HS256", "k": base64url::encode([7; 32])});
    folder.write("jwks.json", &json!({"keys": [jwk]}).to_string());
    let around = sign(&key, b"").len();
    let payload = vec![b'a'; (LONGEST - around) / 4 * 3];
    let signed = sign(&key, &payload);
    // The longest that has a whole number of groups of four; the header of this key makes it fit exactly.
    assert_eq!(signed.len() + (LONGEST - around) % 4, LONGEST);
    let flags = ["--jwks", "jwks.json"];
    assert_eq!(verify(&folder, &flags, format!("{signed}\r\n")), accepted(payload.as_slice()));

    let longer = sign(&key, &[payload.as_slice(), b"aaa"].concat());
    assert!(longer.len() > LONGEST);
    let ran = verify(&folder, &flags, &longer);
    assert_refused(&ran, "token_too_long");
    assert!(ran.err.contains("1048576"), "{ran:?}");
    assert_refused(&verify(&folder, &flags, vec![b'a'; 8 * LONGEST]), "token_too_long");
    let padded = format!("{signed}{}\r\nmore", "a".repeat(LONGEST - signed.len()));
    assert_refused(&verify(&folder, &flags, padded), "token_too_long");
}

#[test]
fn a_wrong_call_exits_with_2() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let folder = published(&[&key]);
    folder.write("text", "not a set");
    for flags in [
        &[][..],
        &["--jwks"],
        &["--jwks", "absent"],
        &["--jwks", "."],
        &["--jwks", "text"],
        &["--jwks", "jwks.json", "--alg", "none"],
        &["--jwks", "jwks.json", "--alg"],
        &["--jwks", "jwks.json", "more"],
    ] {
        let ran = verify(&folder, flags, sign(&key, b"paid"));
        assert_eq!((ran.code, ran.payload.as_slice()), (Some(2), &[][..]), "{flags:?} {ran:?}");
        assert!(!ran.err.is_empty(), "{flags:?}");
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let folder = published(&[&key]);
    let input = folder.write("input", &sign(&key, &[7; 500_000]));
    let mut child = folder
        .command()
        .args(["jws", "verify", "--jwks", "jwks.json"])
        .stdin(fs::File::open(input).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &[][..]));
}

#[test]
fn an_input_that_cannot_be_read_is_a_wrong_call() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let folder = published(&[&key]);
    let output = folder
        .command()
        .args(["jws", "verify", "--jwks", "jwks.json"])
        .stdin(fs::File::open(folder.path()).unwrap())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &[][..]));
}
