//! jsonwebtoken, with both of its backends.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use bench_harness::{ClaimsRead, ClaimsToSign, Contender, Contenders, Failure, Keys, LEEWAY, Task};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils, aws_lc, rust_crypto};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};

/// The crate takes one backend a process. This one hands each call to the backend whose turn it is, for the price of
/// reading a flag.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

static AWS_LC: AtomicBool = AtomicBool::new(false);

fn backend() -> &'static CryptoProvider {
    if AWS_LC.load(Ordering::Relaxed) { &aws_lc::DEFAULT_PROVIDER } else { &rust_crypto::DEFAULT_PROVIDER }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> jsonwebtoken::errors::Result<Box<dyn JwtSigner>> {
    (backend().signer_factory)(algorithm, key)
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> jsonwebtoken::errors::Result<Box<dyn JwtVerifier>> {
    (backend().verifier_factory)(algorithm, key)
}

pub(super) fn contenders(task: &Task) -> Contenders {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Nobody else in this process installs one.
        let _ = PROVIDER.install_default();
    });
    let Ok(algorithm) = task.algorithm.parse::<Algorithm>() else { return Ok(Vec::new()) };
    let backends = [("jsonwebtoken (aws_lc_rs)", true), ("jsonwebtoken (rust_crypto)", false)];
    let mut contenders = Vec::new();
    for (library, aws_lc) in backends {
        contenders.push(sign(library, aws_lc, algorithm, task)?);
        contenders.push(verify(library, aws_lc, algorithm, task)?);
    }
    Ok(contenders)
}

fn keys(algorithm: Algorithm, keys: &Keys) -> Result<(EncodingKey, DecodingKey), Failure> {
    let (private, public) = match keys {
        Keys::Secret(secret) => {
            return Ok((EncodingKey::from_secret(secret), DecodingKey::from_secret(secret)));
        }
        Keys::Pair { private_pem, public_pem, .. } => (private_pem.as_bytes(), public_pem.as_bytes()),
    };
    Ok(match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => {
            (EncodingKey::from_ec_pem(private)?, DecodingKey::from_ec_pem(public)?)
        }
        Algorithm::EdDSA => (EncodingKey::from_ed_pem(private)?, DecodingKey::from_ed_pem(public)?),
        _ => (EncodingKey::from_rsa_pem(private)?, DecodingKey::from_rsa_pem(public)?),
    })
}

fn sign(library: &str, aws_lc: bool, algorithm: Algorithm, task: &Task) -> Result<Contender, Failure> {
    let (key, _) = keys(algorithm, &task.keys)?;
    let header = Header { kid: task.key_id.clone(), ..Header::new(algorithm) };
    let task = task.clone();
    Contender::sign(library, move || {
        AWS_LC.store(aws_lc, Ordering::Relaxed);
        encode(&header, &ClaimsToSign::at_present(&task), &key)
    })
}

fn verify(library: &str, aws_lc: bool, algorithm: Algorithm, task: &Task) -> Result<Contender, Failure> {
    let (_, key) = keys(algorithm, &task.keys)?;
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_issuer(&[&task.claims.issuer]);
    validation.set_audience(&[&task.claims.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    let verify = move |token: &str| {
        AWS_LC.store(aws_lc, Ordering::Relaxed);
        decode::<ClaimsRead>(token, &key, &validation)
    };
    Contender::verify(library, task, verify, |read| read.claims.seen())
}
