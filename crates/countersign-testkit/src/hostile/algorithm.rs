//! Algorithms that are not the key's (RFC 8725 §2.1, §3.1).

use countersign_jwt::{Algorithm, KeyError, PrivateJwk, SigningKey, VerifyingKey};
use serde_json::{Map, Value};

use super::{Codes, Rows};
use crate::forge::{Genuine, forge};

const UNSUPPORTED: Codes = &["algorithm_unsupported"];
const OTHER: Codes = &["algorithm_mismatch"];
const INVALID: Codes = &["header_invalid"];

pub(super) fn add(rows: &mut Rows, genuine: &Genuine) -> Result<(), KeyError> {
    add_none(rows, genuine);
    add_unknown(rows, genuine);
    add_others(rows, genuine)?;
    add_public_key_as_secret(rows, genuine)
}

/// `none` in upper and lower case in every mixture, with and without the signature.
fn add_none(rows: &mut Rows, genuine: &Genuine) {
    for mixture in 0..16 {
        let upper = |place: usize, letter: char| match mixture >> place & 1 {
            0 => letter,
            _ => letter.to_ascii_uppercase(),
        };
        let none: String = "none".chars().enumerate().map(|(place, letter)| upper(place, letter)).collect();
        let signed = with_algorithm(genuine, &genuine.key, &Value::from(none.as_str()).to_string());
        let unsigned = format!("{}.", signed.rsplit_once('.').unwrap_or_default().0);
        rows.token(format!("alg is {none}, with a signature"), signed, UNSUPPORTED);
        rows.token(format!("alg is {none}, with an empty signature"), unsigned, UNSUPPORTED);
    }
}

fn add_unknown(rows: &mut Rows, genuine: &Genuine) {
    let name = genuine.key.algorithm().name();
    let unknown = [
        String::new(),
        "nonexistent".to_owned(),
        "none ".to_owned(),
        "none\0".to_owned(),
        "HS1".to_owned(),
        "ES256K".to_owned(),
        "RSA1_5".to_owned(),
        "dir".to_owned(),
        name.to_ascii_lowercase(),
        format!(" {name}"),
        format!("{name} "),
        format!("{name}\0"),
    ];
    for other in unknown {
        let raw = Value::from(other).to_string();
        rows.token(format!("alg is {raw}"), with_algorithm(genuine, &genuine.key, &raw), UNSUPPORTED);
    }
    for raw in ["null", "1", "true", "{}", &format!("[\"{name}\"]")] {
        rows.token(format!("alg is {raw}"), with_algorithm(genuine, &genuine.key, raw), INVALID);
    }
    rows.token("no alg", genuine.with_header(genuine.header.without("alg").text()), INVALID);
}

/// Every other algorithm: signed under it if the key can be used for it, and by the key as it is if not.
fn add_others(rows: &mut Rows, genuine: &Genuine) -> Result<(), KeyError> {
    for other in Algorithm::ALL.into_iter().filter(|other| *other != genuine.key.algorithm()) {
        let rebound = rebound(&genuine.key, other)?;
        let key = rebound.as_ref().unwrap_or(&genuine.key);
        let what = if rebound.is_some() { "the same key for" } else { "a signature said to be of" };
        rows.token(format!("{what} {other}"), with_algorithm(genuine, key, &format!("\"{other}\"")), OTHER);
    }
    Ok(())
}

/// The same key material bound to another algorithm, if it fits.
fn rebound(key: &SigningKey, other: Algorithm) -> Result<Option<SigningKey>, KeyError> {
    let mut jwk: Map<String, Value> = serde_json::from_str(&key.to_jwk()?.to_json()).unwrap_or_default();
    jwk.remove("alg");
    let jwk = PrivateJwk::from_json(&Value::from(jwk).to_string())?;
    Ok(SigningKey::from_jwk_as(other, &jwk).ok())
}

/// HMAC with everything that is public about the key as the secret: what a verifier falls for that lets the token
/// choose the algorithm and hands its key to whichever it is.
fn add_public_key_as_secret(rows: &mut Rows, genuine: &Genuine) -> Result<(), KeyError> {
    let verifying = genuine.key.verifying_key();
    if verifying.algorithm().is_symmetric() {
        return Ok(());
    }
    for hmac in Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_symmetric()) {
        for (what, text) in public_forms(&verifying)? {
            // Ed25519 has forms shorter than the longer hashes; nobody makes a secret of these.
            let Ok(key) = SigningKey::from_secret(hmac, &text) else { continue };
            let token = with_algorithm(genuine, &key, &format!("\"{hmac}\""));
            rows.token(format!("{hmac} with {what} as the secret"), token, OTHER);
        }
    }
    Ok(())
}

fn public_forms(key: &VerifyingKey) -> Result<Vec<(&'static str, Vec<u8>)>, KeyError> {
    let pem = key.to_pem()?;
    let jwk = serde_json::to_value(key.to_jwk()).unwrap_or_default();
    let set = serde_json::json!({ "keys": [jwk] });
    Ok(vec![
        ("the public key's PEM", pem.trim_end().into()),
        ("the public key's PEM and a line break", format!("{}\n", pem.trim_end()).into()),
        ("the public key's DER", key.to_der()?),
        ("the public key's JWK", jwk.to_string().into()),
        ("the public key's JWK Set", set.to_string().into()),
    ])
}

fn with_algorithm(genuine: &Genuine, key: &SigningKey, raw: &str) -> String {
    forge(key, genuine.header.with("alg", raw).text(), genuine.payload.text())
}
