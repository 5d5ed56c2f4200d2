//! Keys and claims that the tests share.

use std::sync::OnceLock;
use std::time::Duration;

use countersign_interop::Key;
use countersign_jwt::{
    Algorithm, Claims, Clock, KeySet, NumericDate, PrivateJwk, Signer, SigningKey, SystemClock, Verified,
    Verifier, VerifyError, VerifyingKey,
};
use serde_json::{Map, Value, json};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "orders";
pub(crate) const LIFETIME: Duration = Duration::from_secs(900);

/// Peers ask the machine for the time, so our side has to go by it as well.
pub(crate) fn now() -> NumericDate {
    SystemClock.now()
}

/// A key of ours. Of RSA one serves all algorithms: making one takes long.
pub(crate) fn our_key(algorithm: Algorithm) -> SigningKey {
    static RSA: OnceLock<String> = OnceLock::new();
    if algorithm.key_type() != "RSA" {
        return SigningKey::generate(algorithm).unwrap();
    }
    let pem =
        RSA.get_or_init(|| SigningKey::generate(Algorithm::Rs256).unwrap().to_pem().unwrap().to_string());
    SigningKey::from_pem(algorithm, pem).unwrap()
}

/// Our private key as a JWK, and in PEM unless it is a secret.
pub(crate) fn private_forms(key: &SigningKey) -> Vec<Key> {
    let jwk = Key::Jwk(serde_json::from_str(&key.to_jwk().unwrap().to_json()).unwrap());
    let pem = key.to_pem().ok().map(|pem| Key::Pem(pem.to_string()));
    [Some(jwk), pem].into_iter().flatten().collect()
}

/// What a peer needs to verify what `key` signs: a public JWK and PEM, or the secret as a JWK.
pub(crate) fn verifying_forms(key: &SigningKey) -> Vec<Key> {
    let public = key.verifying_key();
    match public.to_jwk() {
        None => private_forms(key),
        Some(jwk) => {
            vec![Key::Jwk(serde_json::to_value(jwk).unwrap()), Key::Pem(public.to_pem().unwrap())]
        }
    }
}

/// A peer's key in one of the forms it gave it in.
pub(crate) fn their(key: &Map<String, Value>, form: &str) -> Key {
    match &key[form] {
        Value::String(pem) => Key::Pem(pem.clone()),
        jwk => Key::Jwk(jwk.clone()),
    }
}

/// A peer's key, read by us from one of its private forms.
pub(crate) fn read_private(algorithm: Algorithm, key: &Key) -> SigningKey {
    match key {
        Key::Jwk(jwk) => {
            let jwk = PrivateJwk::from_json(&jwk.to_string()).unwrap();
            SigningKey::from_jwk_as(algorithm, &jwk).unwrap()
        }
        Key::Pem(pem) => SigningKey::from_pem(algorithm, pem).unwrap(),
        Key::Jwks(_) => unreachable!("no set holds private keys"),
    }
}

/// A peer's key, read by us from one of its public forms. It has no `kid`, as their tokens name none.
pub(crate) fn read_public(algorithm: Algorithm, key: &Key) -> VerifyingKey {
    let key = match key {
        Key::Jwk(jwk) => {
            let jwk = serde_json::from_value(jwk.clone()).unwrap();
            VerifyingKey::from_jwk_as(algorithm, &jwk).unwrap()
        }
        Key::Pem(pem) => VerifyingKey::from_pem(algorithm, pem).unwrap(),
        Key::Jwks(_) => unreachable!("read as a set"),
    };
    key.without_key_id()
}

/// The application's own claims of every token: all kinds of values, and text of every width.
pub(crate) fn private_claims() -> Value {
    json!({
        "email": "ada@example.com",
        "name": "Åda \"the first\" \\ 雪 😀\n",
        "roles": ["admin", "auditor"],
        "limits": { "orders": 10, "debt": -3, "ratio": 0.25, "none": null, "closed": false },
    })
}

/// A token of ours with [`private_claims`].
pub(crate) fn our_token(key: &SigningKey) -> String {
    let signer = Signer::new(key.clone(), ISSUER, AUDIENCE, LIFETIME);
    signer.sign(&Claims::new(private_claims()).subject("user-1").token_id("t-1"), now()).unwrap()
}

/// Every claim of a peer's token, those in `changes` set (or with `null` left out) and the rest as we expect them.
pub(crate) fn their_claims(changes: &Value) -> Value {
    let issued_at = now().as_secs();
    let mut claims = private_claims();
    let registered = json!({
        "iss": ISSUER, "sub": "user-1", "aud": AUDIENCE, "exp": issued_at + 900, "iat": issued_at, "jti": "t-1",
    });
    for changed in [&registered, changes] {
        for (name, value) in changed.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
    }
    claims
}

/// Our verdict on a token.
pub(crate) fn verify(token: &str, key: VerifyingKey) -> Result<Verified<Value>, VerifyError> {
    Verifier::new(ISSUER, AUDIENCE).verify(token, &KeySet::from(key), now())
}

/// That a token of a peer's says what it was asked to say.
pub(crate) fn assert_says_it_all(verified: &Verified<Value>) {
    assert_eq!(verified.issuer(), Some(ISSUER));
    assert_eq!(verified.subject(), Some("user-1"));
    assert_eq!(verified.audience().collect::<Vec<_>>(), [AUDIENCE]);
    assert_eq!(verified.token_id(), Some("t-1"));
    assert_eq!(verified.claims(), &private_claims());
}
