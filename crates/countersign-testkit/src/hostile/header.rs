//! Headers that ask the verifier to trust them (RFC 7515 §4.1, RFC 8725 §3.10, §3.11).

use countersign_jwt::{KeyError, SigningKey, base64url};
use serde_json::{Value, json};

use super::{Codes, Rows};
use crate::certificate;
use crate::forge::{Genuine, forge};

const INVALID: Codes = &["header_invalid"];
const CRITICAL: Codes = &["crit_unsupported"];
const OTHER_TYPE: Codes = &["typ_mismatch"];
const UNKNOWN_KEY: Codes = &["key_unknown"];
const SIGNATURE: Codes = &["signature_invalid"];

pub(super) fn add(rows: &mut Rows, genuine: &Genuine, attacker: &SigningKey) -> Result<(), KeyError> {
    add_critical(rows, genuine);
    add_types(rows, genuine);
    add_key_ids(rows, genuine, attacker);
    add_embedded_keys(rows, genuine, attacker)
}

fn add_critical(rows: &mut Rows, genuine: &Genuine) {
    let critical = [
        ("a crit that names an unknown extension", r#"["x"]"#, Some(("x", "true"))),
        ("a crit that names what is not there", r#"["x"]"#, None),
        ("a crit that names a registered member", r#"["alg"]"#, None),
        ("a crit that names a claim", r#"["exp"]"#, Some(("exp", "9999999999"))),
        ("a crit that asks for an unencoded payload", r#"["b64"]"#, Some(("b64", "false"))),
        ("a crit that is empty", "[]", None),
        ("a crit that names one extension twice", r#"["x","x"]"#, Some(("x", "1"))),
        ("a crit that is a string", "\"x\"", Some(("x", "1"))),
        ("a crit that is null", "null", None),
        ("a crit with an empty name", r#"[""]"#, None),
    ];
    for (name, crit, extension) in critical {
        let mut header = genuine.header.with("crit", crit);
        if let Some((extension, raw)) = extension {
            header = header.with(extension, raw);
        }
        rows.token(name, genuine.with_header(header.text()), CRITICAL);
    }
}

/// Kinds of token that are not the genuine one's.
fn add_types(rows: &mut Rows, genuine: &Genuine) {
    let genuine_type = genuine.header.string("typ").unwrap_or_else(|| "JWT".to_owned());
    let kinds = ["JWT", "at+jwt", "refresh+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "x", ""];
    for kind in kinds.into_iter().filter(|kind| !kind.eq_ignore_ascii_case(&genuine_type)) {
        let header = genuine.header.with("typ", Value::from(kind).to_string());
        rows.token(format!("of type {kind:?}"), genuine.with_header(header.text()), OTHER_TYPE);
    }
    let near =
        [format!("{genuine_type}x"), format!("{genuine_type} "), format!("application/x/{genuine_type}")];
    for kind in near {
        let header = genuine.header.with("typ", Value::from(kind.as_str()).to_string());
        rows.token(format!("of type {kind:?}"), genuine.with_header(header.text()), OTHER_TYPE);
    }
    // Without `typ` a token is of the general kind, "JWT": that is another one only if the genuine token's is
    // special.
    if !genuine_type.eq_ignore_ascii_case("JWT") {
        rows.token("of no type", genuine.with_header(genuine.header.without("typ").text()), OTHER_TYPE);
    }
    for raw in ["1", "null", "[\"JWT\"]", "{}"] {
        rows.token(
            format!("typ is {raw}"),
            genuine.with_header(genuine.header.with("typ", raw).text()),
            INVALID,
        );
    }
}

fn add_key_ids(rows: &mut Rows, genuine: &Genuine, attacker: &SigningKey) {
    for raw in ["1", "null", "true", "[\"x\"]", "{}"] {
        rows.token(
            format!("kid is {raw}"),
            genuine.with_header(genuine.header.with("kid", raw).text()),
            INVALID,
        );
    }
    let Some(key_id) = genuine.header.string("kid") else {
        // A key without an id is meant by every token that names none: there is no unknown id to speak of.
        let token = forge(attacker, genuine.header.text(), genuine.payload.text());
        rows.token("signed by another key", token, SIGNATURE);
        return;
    };
    let ids = [
        ("nobody's kid", "nobody".to_owned()),
        ("an empty kid", String::new()),
        ("a kid that begins with the right one", format!("{key_id}x")),
        ("a kid in other letters", swap_case(&key_id)),
        ("a kid with a NUL", format!("{key_id}\0")),
        ("a kid that is a path", "../../../../dev/null".to_owned()),
        ("a kid that is a query", "x' OR '1'='1".to_owned()),
        ("a kid that is an address", "https://attacker.test/key".to_owned()),
        ("a kid of a thousand characters", "x".repeat(1000)),
    ];
    for (name, id) in ids {
        let header = genuine.header.with("kid", Value::from(id).to_string());
        rows.token(name, genuine.with_header(header.text()), UNKNOWN_KEY);
        let token = forge(attacker, header.text(), genuine.payload.text());
        rows.token(format!("signed by another key under {name}"), token, UNKNOWN_KEY);
    }
    let token = forge(attacker, genuine.header.text(), genuine.payload.text());
    rows.token("signed by another key under the right kid", token, SIGNATURE);
}

/// The attacker's own key, offered by the token in every way that RFC 7515 §4.1 has.
fn add_embedded_keys(rows: &mut Rows, genuine: &Genuine, attacker: &SigningKey) -> Result<(), KeyError> {
    let verifying = attacker.verifying_key();
    let Some(jwk) = verifying.to_jwk() else {
        let secret = base64url::encode([7; 64]);
        let header = genuine.header.with("jwk", json!({ "kty": "oct", "k": secret }).to_string());
        rows.token("a secret in jwk", forge(attacker, header.text(), genuine.payload.text()), SIGNATURE);
        return Ok(());
    };
    let certificate = certificate::with_key(&verifying.to_der()?);
    let offers = [
        ("jwk", serde_json::to_string(&jwk).unwrap_or_default()),
        ("jku", "\"https://attacker.test/jwks.json\"".to_owned()),
        ("x5u", "\"https://attacker.test/certificate.pem\"".to_owned()),
        ("x5c", json!([certificate]).to_string()),
    ];
    let attackers_id = Value::from(attacker.key_id().unwrap_or_default()).to_string();
    for (member, raw) in offers {
        let header = genuine.header.with(member, raw);
        let token = forge(attacker, header.text(), genuine.payload.text());
        rows.token(format!("the attacker's key in {member}"), token, SIGNATURE);
        if genuine.header.raw("kid").is_some() {
            let header = header.with("kid", attackers_id.as_str());
            let token = forge(attacker, header.text(), genuine.payload.text());
            rows.token(format!("the attacker's key in {member}, under its own kid"), token, UNKNOWN_KEY);
        }
    }
    Ok(())
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
    text.chars().map(swap).collect()
}
