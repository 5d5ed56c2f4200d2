//! Countersign's own token core.

use std::hint::black_box;
use std::time::Duration;

use bench_harness::{Contender, Contenders, Failure, Keys, LIFETIME, Operation, Seen, Task, check};
use countersign_jwt::{
    Algorithm, Claims, Clock, Jwk, KeySet, PayloadBuffer, Signer, SigningKey, SystemClock, Verified,
    Verifier, VerifyingKey, json,
};
use serde::Deserialize;

use crate::task::Profile;
use crate::{BORROWED, OWNED, RANDOM_ID};

#[derive(Deserialize)]
struct OwnedProfile {
    email: String,
}

#[derive(Deserialize)]
struct BorrowedProfile<'t> {
    email: &'t str,
}

pub(crate) fn contenders(task: &Task) -> Contenders {
    Ok(vec![sign(task)?, sign_with_random_id(task)?, verify_owned(task)?, verify_borrowed(task)?])
}

fn signer(task: &Task) -> Result<Signer, Failure> {
    let algorithm: Algorithm = task.algorithm.parse()?;
    let key = match &task.keys {
        Keys::Secret(secret) => SigningKey::from_secret(algorithm, secret)?,
        Keys::Pair { private_der, .. } => SigningKey::from_der(algorithm, private_der)?,
    };
    let (issuer, audience) = (task.claims.issuer.as_str(), task.claims.audience.as_str());
    Ok(Signer::new(key, issuer, audience, Duration::from_secs(LIFETIME)))
}

fn sign(task: &Task) -> Result<Contender, Failure> {
    let (signer, claims) = (signer(task)?, task.claims.clone());
    Contender::sign(OWNED, move || {
        let profile = Profile { email: &claims.email };
        let claims = Claims::new(profile).subject(&claims.subject).token_id(&claims.token_id);
        signer.sign(black_box(&claims), SystemClock.now())
    })
}

fn sign_with_random_id(task: &Task) -> Result<Contender, Failure> {
    let (signer, claims) = (signer(task)?, task.claims.clone());
    Contender::sign(RANDOM_ID, move || {
        let claims = Claims::new(Profile { email: &claims.email }).subject(&claims.subject);
        signer.sign(black_box(&claims), SystemClock.now())
    })
}

/// The keys and the verifier of a task.
///
/// # Errors
/// If the keys cannot be read.
pub fn verifier(task: &Task) -> Result<(KeySet, Verifier), Failure> {
    let algorithm: Algorithm = task.algorithm.parse()?;
    let key = match &task.keys {
        Keys::Secret(secret) => VerifyingKey::from_secret(algorithm, secret)?,
        Keys::Pair { public_jwk, .. } => VerifyingKey::from_jwk(&json::from_str::<Jwk>(public_jwk)?)?,
    };
    let verifier = Verifier::new(task.claims.issuer.as_str(), task.claims.audience.as_str());
    Ok((KeySet::from(key), verifier))
}

fn verify_owned(task: &Task) -> Result<Contender, Failure> {
    let (keys, verifier) = verifier(task)?;
    let verify = move |token: &str| verifier.verify::<OwnedProfile>(token, &keys, SystemClock.now());
    Contender::verify(OWNED, task, verify, |verified| seen(verified, &verified.email))
}

fn verify_borrowed(task: &Task) -> Result<Contender, Failure> {
    let (keys, verifier) = verifier(task)?;
    let mut buffer = PayloadBuffer::new();
    check(BORROWED, task, |token| {
        let verified =
            verifier.verify_in::<BorrowedProfile<'_>>(token, &keys, SystemClock.now(), &mut buffer)?;
        Ok::<_, countersign_jwt::VerifyError>(seen(&verified, verified.email))
    })?;
    let token = task.token.clone();
    Ok(Contender::repeat(BORROWED, Operation::Verify, move || {
        let token = black_box(token.as_str());
        black_box(&verifier.verify_in::<BorrowedProfile<'_>>(token, &keys, SystemClock.now(), &mut buffer))
            .is_ok()
    }))
}

fn seen<C, B: AsRef<str>>(verified: &Verified<C, B>, email: &str) -> Seen {
    let text = |claim: Option<&str>| claim.unwrap_or_default().to_owned();
    let date = |secs: i64| u64::try_from(secs).unwrap_or_default();
    Seen {
        issuer: text(verified.issuer()),
        subject: text(verified.subject()),
        audience: verified.audience().collect(),
        token_id: text(verified.token_id()),
        email: email.to_owned(),
        expires_at: date(verified.expires_at().as_secs()),
        issued_at: verified.issued_at().map_or(0, |issued_at| date(issued_at.as_secs())),
    }
}
