//! Any text, taken for a token.

use countersign_jwt::{NumericDate, Unverified, Verifier, base64url};

use crate::keys;
use crate::reference::{self, Json};

/// Base64url decodes exactly what is canonical; what verifies is written in the one way it can be written, and with any
/// character of it changed it verifies no more.
///
/// The text is also tried with a good signature in the place of its own.
pub fn check(data: &[u8]) {
    assert_eq!(base64url::decode(&base64url::encode(data)).as_deref(), Ok(data));
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert_eq!(base64url::decode(text).ok(), reference::base64url(text));
    examine(text);
    if let Some((signing_input, _)) = text.rsplit_once('.') {
        examine(&keys::sign(signing_input));
    }
}

fn verifier() -> Verifier {
    Verifier::new("i", "a").max_length(usize::MAX)
}

fn examine(token: &str) {
    let now = NumericDate::from_secs(1000);
    let keys = keys::several();
    let result = verifier().verify::<Json>(token, &keys, now);
    let explanation = verifier().explain::<Json>(token, &keys, now);
    assert_eq!(explanation.error(), result.as_ref().err());
    let Ok(verified) = result else { return };

    let unverified = Unverified::decode(token).unwrap();
    assert_eq!(unverified.payload(), verified.payload());
    let (signing_input, signature) = token.rsplit_once('.').unwrap();
    let parts = [
        unverified.header().as_bytes(),
        verified.payload().as_bytes(),
        &base64url::decode(signature).unwrap(),
    ];
    assert_eq!(parts.map(base64url::encode).join("."), token);

    for at in [0, signing_input.len() - 1, signing_input.len() + 1, token.len() - 1] {
        let changed = with_another_character(token, at);
        assert!(verifier().verify::<Json>(&changed, &keys, now).is_err(), "changed at {at}: {changed}");
    }
    let shorter = &token[..token.len() - 1];
    assert!(verifier().verify::<Json>(shorter, &keys, now).is_err(), "cut short: {shorter}");
}

/// `token`, which is ASCII, with another character of base64url at one place.
fn with_another_character(token: &str, at: usize) -> String {
    let mut changed = token.to_owned();
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    changed.replace_range(at..=at, other);
    changed
}
