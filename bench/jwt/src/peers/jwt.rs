//! jwt, whose HMAC keys are prepared. What it does with OpenSSL is measured in a process of its own.

use bench_harness::{ClaimsRead, ClaimsToSign, Contender, Contenders, Keys, Task};
use hmac_012::Hmac;
use hmac_012::digest::KeyInit;
use jwt::header::HeaderType;
use jwt::{AlgorithmType, Header, SignWithKey, SigningAlgorithm, Token, VerifyWithKey, VerifyingAlgorithm};
use sha2_010::{Sha256, Sha384, Sha512};

const LIBRARY: &str = "jwt";

pub(super) fn contenders(task: &Task) -> Contenders {
    let Keys::Secret(secret) = &task.keys else { return Ok(Vec::new()) };
    match task.algorithm.as_str() {
        "HS256" => pair::<Hmac<Sha256>>(AlgorithmType::Hs256, secret, task),
        "HS384" => pair::<Hmac<Sha384>>(AlgorithmType::Hs384, secret, task),
        _ => pair::<Hmac<Sha512>>(AlgorithmType::Hs512, secret, task),
    }
}

fn pair<K: KeyInit + SigningAlgorithm + VerifyingAlgorithm + 'static>(
    algorithm: AlgorithmType,
    secret: &[u8],
    task: &Task,
) -> Contenders {
    let key: K = KeyInit::new_from_slice(secret)?;
    let for_signing = task.clone();
    let sign = Contender::sign(LIBRARY, move || {
        let header = Header { algorithm, type_: Some(HeaderType::JsonWebToken), ..Header::default() };
        let token = Token::new(header, ClaimsToSign::at_present(&for_signing)).sign_with_key(&key)?;
        Ok::<String, jwt::Error>(token.into())
    })?;
    let key: K = KeyInit::new_from_slice(secret)?;
    let (issuer, audience) = (task.claims.issuer.clone(), task.claims.audience.clone());
    let verify = move |token: &str| {
        let claims: ClaimsRead = token.verify_with_key(&key).map_err(|error| error.to_string())?;
        claims.validate(&issuer, &audience)?;
        Ok::<_, String>(claims)
    };
    Ok(vec![sign, Contender::verify(LIBRARY, task, verify, ClaimsRead::seen)?])
}
