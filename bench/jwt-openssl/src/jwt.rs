//! jwt with OpenSSL's keys, for the algorithms that have pairs.

use bench_harness::{ClaimsRead, ClaimsToSign, Contender, Contenders, Keys, Task};
use jwt::header::HeaderType;
use jwt::{AlgorithmType, Header, PKeyWithDigest, SignWithKey, Token, VerifyWithKey};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;

const LIBRARY: &str = "jwt";

pub(super) fn contenders(task: &Task) -> Contenders {
    let Keys::Pair { private_pem, public_pem, .. } = &task.keys else { return Ok(Vec::new()) };
    let (algorithm, digest) = match task.algorithm.as_str() {
        "RS256" => (AlgorithmType::Rs256, MessageDigest::sha256()),
        "RS384" => (AlgorithmType::Rs384, MessageDigest::sha384()),
        "RS512" => (AlgorithmType::Rs512, MessageDigest::sha512()),
        "ES256" => (AlgorithmType::Es256, MessageDigest::sha256()),
        "ES384" => (AlgorithmType::Es384, MessageDigest::sha384()),
        // Its P-521 signatures lack leading zeros, so every second one or so is not valid: it does not take part.
        _ => return Ok(Vec::new()),
    };
    let key = PKeyWithDigest { digest, key: PKey::private_key_from_pem(private_pem.as_bytes())? };
    let for_signing = task.clone();
    let sign = Contender::sign(LIBRARY, move || {
        let key_id = for_signing.key_id.clone();
        let header = Header { algorithm, key_id, type_: Some(HeaderType::JsonWebToken), ..Header::default() };
        let token = Token::new(header, ClaimsToSign::at_present(&for_signing)).sign_with_key(&key)?;
        Ok::<String, jwt::Error>(token.into())
    })?;
    let key = PKeyWithDigest { digest, key: PKey::public_key_from_pem(public_pem.as_bytes())? };
    let (issuer, audience) = (task.claims.issuer.clone(), task.claims.audience.clone());
    let verify = move |token: &str| {
        let claims: ClaimsRead = token.verify_with_key(&key).map_err(|error| error.to_string())?;
        claims.validate(&issuer, &audience)?;
        Ok::<_, String>(claims)
    };
    Ok(vec![sign, Contender::verify(LIBRARY, task, verify, ClaimsRead::seen)?])
}
