//! Any text, taken for a JSON Web Key.

use countersign_jwt::{Jwk, KeyError, PrivateJwk, SigningKey, VerifyingKey, base64url};

use crate::reference::{self, Json, strict_json};

/// What a public JWK may hold when it is written.
const PUBLIC: [&str; 11] = ["kty", "kid", "use", "key_ops", "alg", "crv", "x", "y", "n", "e", "pub"];

/// What no `Debug` output may hold of a key of this type. What is secret in one type of key means nothing in another,
/// and may there say anything, also the thumbprint of the key.
fn secret_members(key_type: &str) -> &'static [&'static str] {
    match key_type {
        "RSA" => &["d", "p", "q", "dp", "dq", "qi"],
        "EC" | "OKP" => &["d"],
        "oct" => &["k"],
        "AKP" => &["priv"],
        _ => &[],
    }
}

/// A JWK that is accepted is JSON to another reader, is written so that it reads back the same, has the thumbprint that
/// its text has, and gives nothing secret away.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(document) = strict_json(text) else {
        assert!(Jwk::from_json(text).is_err() && PrivateJwk::from_json(text).is_err());
        return;
    };
    if let Ok(jwk) = Jwk::from_json(text) {
        public(&jwk, &document);
    }
    if let Ok(jwk) = PrivateJwk::from_json(text) {
        private(&jwk, &document);
    }
}

fn public(jwk: &Jwk, document: &Json) {
    let written = serde_json::to_string(jwk).unwrap();
    assert_eq!(Jwk::from_json(&written).as_ref(), Ok(jwk));
    assert_eq!(&serde_json::from_str::<Jwk>(&written).unwrap(), jwk);
    let Some(Json::Object(members)) = strict_json(&written) else { panic!("not an object: {written}") };
    assert!(members.iter().all(|(name, _)| PUBLIC.contains(&name.as_str())), "{written}");

    let expected = reference::thumbprint(document).map(base64url::encode);
    assert_eq!(jwk.thumbprint().ok(), expected);
    if let Ok(key) = VerifyingKey::from_jwk(jwk) {
        assert_eq!(key.key_id(), jwk.key_id());
        verifying_key(&key).unwrap();
    }
}

/// A key that is accepted is the same key after a way through each of its formats.
pub(crate) fn verifying_key(key: &VerifyingKey) -> Result<(), KeyError> {
    let (Some(jwk), algorithm) = (key.to_jwk(), key.algorithm()) else { return Ok(()) };
    let (der, pem) = (key.to_der()?, key.to_pem()?);
    let same = [
        VerifyingKey::from_jwk(&jwk)?,
        VerifyingKey::from_der(algorithm, &der)?,
        VerifyingKey::from_pem(algorithm, &pem)?,
    ];
    for again in same {
        assert_eq!(again.algorithm(), algorithm);
        assert_eq!(again.to_der()?, der);
    }
    let thumbprint = jwk.thumbprint()?;
    assert_eq!(VerifyingKey::from_der(algorithm, &der)?.key_id(), Some(thumbprint.as_str()));
    for signature in [&b""[..], &[0; 64], &[0; 96], &[0; 132], &[0; 256]] {
        assert!(!key.verify_bytes(b"", signature), "a signature that nobody made");
    }
    Ok(())
}

fn private(jwk: &PrivateJwk, document: &Json) {
    let written = jwk.to_json();
    let again = PrivateJwk::from_json(&written).unwrap();
    assert_eq!(*again.to_json(), *written);
    gives_nothing_away(&format!("{jwk:?}"), document);

    let Ok(key) = SigningKey::from_jwk(jwk) else { return };
    gives_nothing_away(&format!("{key:?}"), document);
    signing_key(&key).unwrap();
    if let Ok(again) = key.to_jwk() {
        let again = SigningKey::from_jwk(&again).unwrap();
        assert_eq!(again.key_id(), key.key_id());
        assert!(key.verifying_key().verify_bytes(b"m", &again.sign_bytes(b"m").unwrap()));
    }
}

/// What a key signs, the other half of it verifies, and no other message.
pub(crate) fn signing_key(key: &SigningKey) -> Result<(), KeyError> {
    let signature = key.sign_bytes(b"message")?;
    let other_half = key.verifying_key();
    assert_eq!(other_half.algorithm(), key.algorithm());
    assert!(other_half.verify_bytes(b"message", &signature));
    assert!(!other_half.verify_bytes(b"massage", &signature));
    verifying_key(&other_half)?;
    if let Ok(der) = key.to_der() {
        let again = SigningKey::from_der(key.algorithm(), &der)?;
        assert!(other_half.verify_bytes(b"message", &again.sign_bytes(b"message")?));
    }
    Ok(())
}

/// No secret of at least eight characters stands in `shown`, unless the key says the same in public.
fn gives_nothing_away(shown: &str, document: &Json) {
    let said_in_public = |secret: &str| {
        PUBLIC.iter().filter_map(|name| document.member(name)?.text()).any(|text| text.contains(secret))
    };
    let key_type = document.member("kty").and_then(Json::text).unwrap_or_default();
    for secret in secret_members(key_type).iter().filter_map(|name| document.member(name)?.text()) {
        let hidden = secret.len() < 8 || said_in_public(secret) || !shown.contains(secret);
        assert!(hidden, "a secret is shown: {shown}");
    }
}
