//! A token that is decoded once, first to choose by its `iss`.

use countersign_jwt::{Algorithm, KeySet, NumericDate, Presented, SigningKey, Verifier, jws};

use super::verdict;

const NOW: NumericDate = NumericDate::from_secs(1_000);

struct Setup {
    key: SigningKey,
    keys: KeySet,
    verifier: Verifier,
}

impl Setup {
    fn new() -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap().with_key_id("key-1");
        let keys = KeySet::from(key.verifying_key());
        Self { key, keys, verifier: Verifier::new("i", "a") }
    }

    fn sign(&self, payload: &str) -> String {
        jws::sign(&self.key, Some("JWT"), payload.as_bytes()).unwrap()
    }

    /// What is found out both ways.
    fn verdicts(&self, token: &str) -> [String; 2] {
        let presented = Presented::decode(token)
            .and_then(|presented| self.verifier.verify_presented::<()>(presented, &self.keys, NOW));
        [verdict(presented), verdict(self.verifier.verify::<()>(token, &self.keys, NOW))]
    }
}

fn issuer(setup: &Setup, payload: &str) -> String {
    let token = setup.sign(payload);
    let presented = Presented::decode(&token).unwrap();
    presented.issuer().map_or_else(|error| verdict::<()>(Err(error)), |issuer| format!("= {issuer}"))
}

#[test]
fn the_issuer_is_read_wherever_it_stands() {
    let setup = Setup::new();
    for (payload, expected) in [
        (r#"{"iss":"i"}"#, "= i"),
        (r#" { "sub" : {"iss":"no"} , "x":[1,"iss"], "iss" : "i" } "#, "= i"),
        (r#"{"i\u0073s":"\u0069"}"#, "= i"),
        (r#"{"iss":""}"#, "= "),
        (r#"{"sub":"iss"}"#, "claim_missing iss"),
        (r"{}", "claim_missing iss"),
        (r#"{"ISS":"i"}"#, "claim_missing iss"),
        (r#"{"iss":7}"#, "claim_invalid iss"),
        (r#"{"iss":["i"]}"#, "claim_invalid iss"),
        (r#"{"iss":null}"#, "claim_invalid iss"),
        (r#"["iss","i"]"#, "payload_invalid"),
        (r#"{"sub":"a","sub":"b","iss":"i"}"#, "payload_invalid"),
        (r#"{"iss":"i"#, "payload_invalid"),
        ("", "payload_invalid"),
    ] {
        assert_eq!(issuer(&setup, payload), expected, "{payload}");
    }
}

#[test]
fn a_presented_token_is_verified_as_any_other() {
    let setup = Setup::new();
    let good = setup.sign(r#"{"iss":"i","aud":"a","exp":2000,"sub":"ada"}"#);
    let presented = Presented::decode(&good).unwrap();
    let verified = setup.verifier.verify_presented::<()>(presented, &setup.keys, NOW).unwrap();
    assert_eq!(verified.subject(), Some("ada"));
    assert_eq!(verified.key_id(), Some("key-1"));
    assert_eq!(verified.payload(), r#"{"iss":"i","aud":"a","exp":2000,"sub":"ada"}"#);

    let (payload, signature) = good.rsplit_once('.').unwrap();
    let other = setup.sign(r#"{"iss":"i","aud":"a","exp":2000,"sub":"eve"}"#);
    for token in [
        good.clone(),
        // The payload of one and the signature of another.
        format!("{}.{signature}", other.rsplit_once('.').unwrap().0),
        format!("{payload}."),
        payload.to_owned(),
        good.replace('.', ".."),
        setup.sign(r#"{"iss":"i","iss":"j","aud":"a","exp":2000}"#),
        setup.sign(r#"{"iss":"j","aud":"a","exp":2000}"#),
        setup.sign(r#"{"iss":"i","aud":"b","exp":2000}"#),
        setup.sign(r#"{"iss":"i","aud":"a","exp":900}"#),
        setup.sign(r#"{"iss":"i","aud":"a","exp":2000} "#),
        setup.sign(r#"{"iss":"i","aud":"a","exp":2000}x"#),
        jws::sign(&setup.key, Some("at+jwt"), br#"{"iss":"i","aud":"a","exp":2000}"#).unwrap(),
        jws::sign(&setup.key, Some("JWT"), b"\xff").unwrap(),
        "a".repeat(16 * 1024 + 1),
        String::new(),
    ] {
        let [presented, plain] = setup.verdicts(&token);
        assert_eq!(presented, plain, "{token}");
    }
}
