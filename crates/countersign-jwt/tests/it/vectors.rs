//! The examples of the RFCs, as they are printed there.

use countersign_jwt::jws::JwsVerifier;
use countersign_jwt::{
    Algorithm, AnyAudience, Jwk, KeyError, KeySet, NumericDate, PrivateJwk, SigningKey, Unverified, Verifier,
    VerifyingKey, base64url,
};
use serde::Deserialize;
use serde_json::Value;

use crate::support::{NOW, keys, outcome};

const RFC_7515: &str = include_str!("../data/rfc7515.json");
const RFC_7517: &str = include_str!("../data/rfc7517.json");
const RFC_7520: &str = include_str!("../data/rfc7520.json");
const RFC_9964: &str = include_str!("../data/rfc9964.json");

/// A private key and a JWS that was made with it.
#[derive(Deserialize)]
struct Example {
    alg: String,
    jwk: Value,
    jws: String,
    /// Whether the algorithm gives the same signature each time.
    #[serde(default)]
    deterministic: bool,
}

impl Example {
    fn read(text: &str) -> Vec<Self> {
        serde_json::from_str(text).unwrap()
    }

    fn key(&self) -> SigningKey {
        let jwk = PrivateJwk::from_json(&self.jwk.to_string()).unwrap();
        SigningKey::from_jwk_as(self.alg.parse().unwrap(), &jwk).unwrap()
    }

    fn verifies(&self) {
        let payload = JwsVerifier::new().verify(&self.jws, &keys(&self.key()), NOW).expect(&self.alg);
        assert_eq!(payload, base64url::decode(self.jws.split('.').nth(1).unwrap()).unwrap());
    }

    /// Signing what is signed in the example gives the example.
    fn is_reproduced(&self) {
        let (input, signature) = self.jws.rsplit_once('.').unwrap();
        let ours = base64url::encode(self.key().sign_bytes(input.as_bytes()).unwrap());
        assert_eq!(ours == signature, self.deterministic, "{}", self.alg);
    }
}

fn rfc_7517(example: &str) -> Value {
    serde_json::from_str::<Value>(RFC_7517).unwrap()[example].take()
}

#[test]
fn the_examples_of_rfc_7515_appendix_a_verify() {
    let examples = Example::read(RFC_7515);
    let algorithms: Vec<&str> = examples.iter().map(|example| example.alg.as_str()).collect();
    assert_eq!(algorithms, ["HS256", "RS256", "ES256", "ES512"]);
    for example in examples {
        example.verifies();
        example.is_reproduced();
    }
}

#[test]
fn the_unsecured_example_of_rfc_7515_appendix_a_5_is_refused() {
    let unsecured = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p\
                     c19yb290Ijp0cnVlfQ.";
    for example in Example::read(RFC_7515) {
        let refused = JwsVerifier::new().verify(unsecured, &keys(&example.key()), NOW);
        assert_eq!(outcome(refused), "algorithm_unsupported");
    }
    assert_eq!(
        outcome(JwsVerifier::new().verify(unsecured, &KeySet::default(), NOW)),
        "algorithm_unsupported"
    );
    assert_eq!(outcome(Unverified::decode(unsecured)), "algorithm_unsupported");
}

#[test]
fn the_critical_extension_of_rfc_7515_appendix_e_is_refused() {
    let negative = "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFt\
                    cGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.";
    assert_eq!(outcome(JwsVerifier::new().verify(negative, &KeySet::default(), NOW)), "crit_unsupported");
}

#[test]
fn the_token_of_rfc_7519_section_3_1_is_good_until_it_expires() {
    #[derive(Deserialize)]
    struct Root {
        #[serde(rename = "http://example.com/is_root")]
        is_root: bool,
    }

    let example = &Example::read(RFC_7515)[0];
    let keys = keys(&example.key());
    let verifier = Verifier::new("joe", AnyAudience).leeway(std::time::Duration::ZERO);
    let verified =
        verifier.verify::<Root>(&example.jws, &keys, NumericDate::from_secs(1_300_819_379)).unwrap();
    assert_eq!((verified.issuer(), verified.is_root), (Some("joe"), true));
    assert_eq!(verified.expires_at(), NumericDate::from_secs(1_300_819_380));
    let late = verifier.verify::<Root>(&example.jws, &keys, NumericDate::from_secs(1_300_819_380));
    assert_eq!(outcome(late), "token_expired");
}

#[test]
fn of_the_public_keys_of_rfc_7517_a_1_the_one_for_signatures_is_taken() {
    let set = KeySet::from_json(&rfc_7517("A.1").to_string()).unwrap();
    let taken: Vec<_> = set.iter().map(|key| (key.algorithm(), key.key_id())).collect();
    assert_eq!(taken, [(Algorithm::Rs256, Some("2011-04-29"))]);
    let [skipped] = set.skipped() else { panic!("one is for encryption") };
    assert_eq!((skipped.index, skipped.key_id.as_deref()), (0, Some("1")));
    assert_eq!(skipped.reason, KeyError::Forbidden { operation: "verify" });
}

#[test]
fn the_private_keys_of_rfc_7517_a_2_belong_to_the_public_ones() {
    let keys = rfc_7517("A.2");
    let read = |index: usize| PrivateJwk::from_json(&keys["keys"][index].to_string()).unwrap();
    assert_eq!(
        SigningKey::from_jwk(&read(0)).map(|_| ()),
        Err(KeyError::Forbidden { operation: "sign" }),
        "its use is enc"
    );
    let signing = SigningKey::from_jwk(&read(1)).unwrap();
    let published = KeySet::from_json(&rfc_7517("A.1").to_string()).unwrap();
    let verifying = published.iter().next().unwrap();
    assert_eq!(signing.key_id(), verifying.key_id());
    assert!(verifying.verify_bytes(b"message", &signing.sign_bytes(b"message").unwrap()));
}

#[test]
fn the_symmetric_keys_of_rfc_7517_a_3_are_skipped_as_neither_names_a_signature_algorithm() {
    let set = KeySet::from_json(&rfc_7517("A.3").to_string()).unwrap();
    assert!(set.is_empty());
    assert!(set.skipped().iter().all(|key| matches!(key.reason, KeyError::JwkAlgorithm { .. })));
    assert_eq!(set.skipped().len(), 2);
}

#[test]
fn the_certificate_of_rfc_7517_appendix_b_holds_the_key_beside_it() {
    let jwk = rfc_7517("B");
    let certificate = base64_simd::STANDARD.decode_to_vec(jwk["x5c"][0].as_str().unwrap()).unwrap();
    let from_certificate = VerifyingKey::from_der(Algorithm::Rs256, &certificate).unwrap();
    let jwk = Jwk::from_json(&jwk.to_string()).unwrap();
    assert_eq!(jwk.key_id(), Some("1b94c"));
    assert_eq!(from_certificate.key_id(), Some(jwk.thumbprint().unwrap().as_str()));
    assert_eq!(VerifyingKey::from_jwk(&jwk).unwrap().to_der().unwrap(), from_certificate.to_der().unwrap());
}

#[test]
fn the_signatures_of_rfc_7520_section_4_verify() {
    let examples = Example::read(RFC_7520);
    let algorithms: Vec<&str> = examples.iter().map(|example| example.alg.as_str()).collect();
    assert_eq!(algorithms, ["RS256", "PS384", "ES512", "HS256"]);
    for example in examples {
        example.verifies();
        example.is_reproduced();
    }
}

#[test]
fn the_key_of_rfc_7638_section_3_1_has_the_thumbprint_printed_there() {
    let jwk = &rfc_7517("A.1")["keys"][1];
    let thumbprint = Jwk::from_json(&jwk.to_string()).unwrap().thumbprint().unwrap();
    assert_eq!(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// RFC 8037 A.1; the public key of A.2 is in it.
const RFC_8037: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const RFC_8037_THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const RFC_8037_JWS: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcv\
                            Mg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

#[test]
fn the_keys_and_the_thumbprint_of_rfc_8037_appendix_a_are_read() {
    let signing = SigningKey::from_jwk(&PrivateJwk::from_json(RFC_8037).unwrap()).unwrap();
    assert_eq!(signing.algorithm(), Algorithm::EdDsa);
    let public = Jwk::from_json(RFC_8037).unwrap();
    assert_eq!(public.thumbprint().as_deref(), Ok(RFC_8037_THUMBPRINT));
    assert_eq!(signing.key_id(), Some(RFC_8037_THUMBPRINT));
    assert_eq!(
        serde_json::to_value(&public).unwrap(),
        serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    );
}

#[test]
fn the_signature_of_rfc_8037_a_4_is_reproduced_and_verifies() {
    let signing = SigningKey::from_jwk(&PrivateJwk::from_json(RFC_8037).unwrap()).unwrap();
    let (input, signature) = RFC_8037_JWS.rsplit_once('.').unwrap();
    assert_eq!(base64url::encode(signing.sign_bytes(input.as_bytes()).unwrap()), signature);
    let payload = JwsVerifier::new().verify(RFC_8037_JWS, &keys(&signing), NOW).unwrap();
    assert_eq!(payload, b"Example of Ed25519 signing");
}

#[test]
fn the_keys_and_signatures_of_rfc_9964_appendix_a_1_verify() {
    let examples = Example::read(RFC_9964);
    let algorithms: Vec<&str> = examples.iter().map(|example| example.alg.as_str()).collect();
    assert_eq!(algorithms, ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]);
    for example in examples {
        example.verifies();
        let jwk = Jwk::from_json(&example.jwk.to_string()).unwrap();
        assert_eq!(jwk.thumbprint().as_deref().ok(), jwk.key_id(), "its kid is its thumbprint");
        assert_eq!(example.key().key_id(), jwk.key_id());
        assert_eq!(example.key().verifying_key().to_jwk().unwrap().thumbprint(), jwk.thumbprint());
    }
}

#[test]
fn the_signature_sizes_are_those_of_rfc_9964_table_1() {
    let sizes = [(Algorithm::MlDsa44, 2420), (Algorithm::MlDsa65, 3309), (Algorithm::MlDsa87, 4627)];
    for (algorithm, size) in sizes {
        assert_eq!(crate::support::key(algorithm).sign_bytes(b"message").unwrap().len(), size, "{algorithm}");
    }
}
