//! Claims as one type, for crates that leave the registered ones to the application.

use serde::{Deserialize, Serialize};

use crate::{LIFETIME, Seen, Task, epoch_seconds};

/// How far clocks may be apart, in seconds: our default.
pub const LEEWAY: u64 = 60;

/// All claims, to be signed.
#[derive(Serialize)]
pub struct ClaimsToSign<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
    iat: u64,
    jti: &'a str,
    email: &'a str,
}

impl<'a> ClaimsToSign<'a> {
    /// The task's claims, issued now.
    #[must_use]
    pub fn at_present(task: &'a Task) -> Self {
        let (claims, iat) = (&task.claims, epoch_seconds());
        let (iss, sub, aud) = (&*claims.issuer, &*claims.subject, &*claims.audience);
        let (jti, email) = (&*claims.token_id, &*claims.email);
        Self { iss, sub, aud, exp: iat + LIFETIME, iat, jti, email }
    }
}

/// All claims in one type, read.
#[derive(Clone, Deserialize)]
pub struct ClaimsRead {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    nbf: Option<u64>,
    iat: u64,
    jti: String,
    email: String,
}

impl ClaimsRead {
    /// The checks that a crate leaves to the application.
    ///
    /// # Errors
    /// What is wrong with the claims.
    pub fn validate(&self, issuer: &str, audience: &str) -> Result<(), &'static str> {
        let now = epoch_seconds();
        if self.iss != issuer {
            return Err("another issuer");
        }
        if self.aud != audience {
            return Err("another audience");
        }
        if now >= self.exp + LEEWAY {
            return Err("expired");
        }
        if self.nbf.is_some_and(|nbf| nbf > now + LEEWAY) {
            return Err("not yet valid");
        }
        Ok(())
    }

    /// Whose token it is.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.sub
    }

    /// What was found.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen {
            issuer: self.iss.clone(),
            subject: self.sub.clone(),
            audience: self.aud.clone(),
            token_id: self.jti.clone(),
            email: self.email.clone(),
            expires_at: self.exp,
            issued_at: self.iat,
        }
    }
}
