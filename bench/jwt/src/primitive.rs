//! The cryptography alone, with prepared keys, over the bytes of the task's token: the floor under every JWT crate.

use std::hint::black_box;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self as aws, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, ParsedPublicKey, PqdsaKeyPair,
    PqdsaSigningAlgorithm, RsaEncoding, RsaKeyPair, VerificationAlgorithm,
};
use base64_simd::URL_SAFE_NO_PAD;
use bench_harness::{Contender, Contenders, Failure, Keys, Operation, Task};
use hmac_013::{Hmac, KeyInit, Mac};
use sha2_011::{Sha256, Sha384, Sha512};

use crate::{PAD_STATES, PRIMITIVE};

/// What is signed, and the signature.
struct Signed {
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn read(task: &Task) -> Result<Self, Failure> {
        let (message, signature) = task.token.rsplit_once('.').ok_or("not a token")?;
        let signature = URL_SAFE_NO_PAD.decode_to_vec(signature)?;
        Ok(Self { message: message.as_bytes().to_vec(), signature })
    }
}

/// Verifies the signature of one token over its signed bytes, with aws-lc-rs and a prepared key, and does nothing else.
pub struct Verification {
    key: Key,
    signed: Signed,
}

enum Key {
    Secret(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl Verification {
    /// The verification of the task's token, HS256 or ES256.
    ///
    /// # Errors
    /// If it is of another algorithm, or not good.
    pub fn of(task: &Task) -> Result<Self, Failure> {
        let key = match (task.algorithm.as_str(), &task.keys) {
            ("HS256", Keys::Secret(secret)) => {
                Key::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
            }
            ("ES256", Keys::Pair { private_der, .. }) => {
                let pair = EcdsaKeyPair::from_pkcs8(&aws::ECDSA_P256_SHA256_FIXED_SIGNING, private_der)?;
                Key::Public(ParsedPublicKey::new(&aws::ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())?)
            }
            (other, _) => return Err(format!("the verification of {other} does not stand alone").into()),
        };
        let verification = Self { key, signed: Signed::read(task)? };
        if verification.is_good() { Ok(verification) } else { Err(WRONG.into()) }
    }

    /// Verifies, once more.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let Signed { message, signature } = black_box(&self.signed);
        match &self.key {
            Key::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Key::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

/// The primitive, and another where there is one.
///
/// # Errors
/// If it does not verify the task's token.
pub fn contenders(task: &Task) -> Contenders {
    let signed = Signed::read(task)?;
    match &task.keys {
        Keys::Secret(secret) => hmac_pair(&task.algorithm, secret, &signed),
        Keys::Pair { private_der, .. } => key_pair(&task.algorithm, private_der, &signed),
    }
}

fn hmac_pair(algorithm: &str, secret: &[u8], signed: &Signed) -> Contenders {
    match algorithm {
        "HS256" => both_hmac::<Hmac<Sha256>>(hmac::HMAC_SHA256, secret, signed),
        "HS384" => both_hmac::<Hmac<Sha384>>(hmac::HMAC_SHA384, secret, signed),
        "HS512" => both_hmac::<Hmac<Sha512>>(hmac::HMAC_SHA512, secret, signed),
        _ => Ok(Vec::new()),
    }
}

fn both_hmac<M: Mac + KeyInit + Clone + 'static>(
    algorithm: hmac::Algorithm,
    secret: &[u8],
    signed: &Signed,
) -> Contenders {
    let key = hmac::Key::new(algorithm, secret);
    let state = <M as KeyInit>::new_from_slice(secret)?;
    hmac::verify(&key, &signed.message, &signed.signature).map_err(|_| WRONG)?;
    state.clone().chain_update(&signed.message).verify_slice(&signed.signature).map_err(|_| WRONG)?;

    let (sign_key, message) = (key.clone(), signed.message.clone());
    let sign = Contender::repeat(PRIMITIVE, Operation::Sign, move || hmac::sign(&sign_key, &message));
    let (message, tag) = (signed.message.clone(), signed.signature.clone());
    let verify = Contender::repeat(PRIMITIVE, Operation::Verify, move || hmac::verify(&key, &message, &tag));

    let (sign_state, message) = (state.clone(), signed.message.clone());
    let sign_pads = Contender::repeat(PAD_STATES, Operation::Sign, move || {
        sign_state.clone().chain_update(&message).finalize().into_bytes()
    });
    let (message, tag) = (signed.message.clone(), signed.signature.clone());
    let verify_pads = Contender::repeat(PAD_STATES, Operation::Verify, move || {
        state.clone().chain_update(&message).verify_slice(&tag)
    });
    Ok(vec![sign, verify, sign_pads, verify_pads])
}

const WRONG: &str = "the primitive does not verify the token";

fn key_pair(algorithm: &str, der: &[u8], signed: &Signed) -> Contenders {
    match algorithm {
        "RS256" => rsa(&aws::RSA_PKCS1_SHA256, &aws::RSA_PKCS1_2048_8192_SHA256, der, signed),
        "RS384" => rsa(&aws::RSA_PKCS1_SHA384, &aws::RSA_PKCS1_2048_8192_SHA384, der, signed),
        "RS512" => rsa(&aws::RSA_PKCS1_SHA512, &aws::RSA_PKCS1_2048_8192_SHA512, der, signed),
        "PS256" => rsa(&aws::RSA_PSS_SHA256, &aws::RSA_PSS_2048_8192_SHA256, der, signed),
        "PS384" => rsa(&aws::RSA_PSS_SHA384, &aws::RSA_PSS_2048_8192_SHA384, der, signed),
        "PS512" => rsa(&aws::RSA_PSS_SHA512, &aws::RSA_PSS_2048_8192_SHA512, der, signed),
        "ES256" => ecdsa(&aws::ECDSA_P256_SHA256_FIXED_SIGNING, &aws::ECDSA_P256_SHA256_FIXED, der, signed),
        "ES384" => ecdsa(&aws::ECDSA_P384_SHA384_FIXED_SIGNING, &aws::ECDSA_P384_SHA384_FIXED, der, signed),
        "ES512" => ecdsa(&aws::ECDSA_P521_SHA512_FIXED_SIGNING, &aws::ECDSA_P521_SHA512_FIXED, der, signed),
        "EdDSA" | "Ed25519" => ed25519(der, signed),
        "ML-DSA-44" => ml_dsa(&aws::ML_DSA_44_SIGNING, &aws::ML_DSA_44, der, signed),
        "ML-DSA-65" => ml_dsa(&aws::ML_DSA_65_SIGNING, &aws::ML_DSA_65, der, signed),
        "ML-DSA-87" => ml_dsa(&aws::ML_DSA_87_SIGNING, &aws::ML_DSA_87, der, signed),
        _ => Ok(Vec::new()),
    }
}

fn rsa(
    encoding: &'static dyn RsaEncoding,
    verification: &'static dyn VerificationAlgorithm,
    der: &[u8],
    signed: &Signed,
) -> Contenders {
    let pair = RsaKeyPair::from_pkcs8(der)?;
    let verify = verify(verification, pair.public_key().as_ref(), signed)?;
    let message = signed.message.clone();
    let sign = Contender::repeat(PRIMITIVE, Operation::Sign, move || {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), &message, &mut signature).map(|()| signature)
    });
    Ok(vec![sign, verify])
}

fn ecdsa(
    signing: &'static EcdsaSigningAlgorithm,
    verification: &'static dyn VerificationAlgorithm,
    der: &[u8],
    signed: &Signed,
) -> Contenders {
    let pair = EcdsaKeyPair::from_pkcs8(signing, der)?;
    let verify = verify(verification, pair.public_key().as_ref(), signed)?;
    let message = signed.message.clone();
    let sign =
        Contender::repeat(PRIMITIVE, Operation::Sign, move || pair.sign(&SystemRandom::new(), &message));
    Ok(vec![sign, verify])
}

fn ed25519(der: &[u8], signed: &Signed) -> Contenders {
    let pair = Ed25519KeyPair::from_pkcs8(der)?;
    let verify = verify(&aws::ED25519, pair.public_key().as_ref(), signed)?;
    let message = signed.message.clone();
    let sign = Contender::repeat(PRIMITIVE, Operation::Sign, move || pair.try_sign(&message));
    Ok(vec![sign, verify])
}

fn ml_dsa(
    signing: &'static PqdsaSigningAlgorithm,
    verification: &'static dyn VerificationAlgorithm,
    der: &[u8],
    signed: &Signed,
) -> Contenders {
    let pair = PqdsaKeyPair::from_pkcs8(signing, der)?;
    let verify = verify(verification, pair.public_key().as_ref(), signed)?;
    let message = signed.message.clone();
    let sign = Contender::repeat(PRIMITIVE, Operation::Sign, move || {
        let mut signature = vec![0; signing.signature_len()];
        pair.sign(&message, &mut signature).map(|_| signature)
    });
    Ok(vec![sign, verify])
}

fn verify(
    verification: &'static dyn VerificationAlgorithm,
    public_key: &[u8],
    signed: &Signed,
) -> Result<Contender, Failure> {
    let key = ParsedPublicKey::new(verification, public_key)?;
    let (message, signature) = (signed.message.clone(), signed.signature.clone());
    key.verify_sig(&message, &signature).map_err(|_| WRONG)?;
    Ok(Contender::repeat(PRIMITIVE, Operation::Verify, move || key.verify_sig(&message, &signature)))
}
