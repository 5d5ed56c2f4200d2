//! Access tokens: what the service signs, and what its own guarded routes read.

use std::{fmt, sync::Arc, time::Duration};

use countersign::{
    jwt::{
        AnyAudience, Claims, KeySource as _, NumericDate, RenewalFailed, SignError, Signer, Verified,
        Verifier, VerifyError,
    },
    revocation::{SessionClaim, status_list::StatusClaim},
    session::{Session, SessionId},
};
use countersign_store::User;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{key_ring::KeyRing, status_lists::StatusLists};

/// The `client_id` that RFC 9068 §2.2 requires: the client that asked for the token. Whoever logs in with a password
/// does so at the service itself, which is this client.
pub const FIRST_PARTY_CLIENT: &str = "countersign";

/// The claims of an access token beside the registered ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// [`FIRST_PARTY_CLIENT`].
    pub client_id: String,
    /// The user's address, normalised.
    pub email: String,
    /// The session that the token belongs to; `None` for one that an operator has signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// The place of the session in a status list (draft-ietf-oauth-status-list §6), unless that is switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusClaim>,
}

impl AccessClaims {
    /// The claims without which the service's own routes refuse a token that it has signed, of those that a signer does not
    /// fill in by itself.
    pub const NEEDED: [&str; 3] = ["sub", "client_id", "email"];
}

impl SessionClaim for AccessClaims {
    fn session_id(&self) -> Option<SessionId> {
        self.sid
    }
}

/// Issues access tokens in the profile of RFC 9068, and says how they are verified.
#[derive(Debug)]
pub struct AccessTokens {
    keys: Arc<KeyRing>,
    issuer: String,
    audience: String,
    lifetime: Duration,
    status_lists: Option<Arc<StatusLists>>,
}

impl AccessTokens {
    /// Tokens of `issuer` for `audience`, signed by whichever key signs at the time, and good for `lifetime`.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, issuer: &str, audience: &str, lifetime: Duration) -> Self {
        Self { keys, issuer: issuer.to_owned(), audience: audience.to_owned(), lifetime, status_lists: None }
    }

    /// Has each token name the place of its session in one of these lists.
    pub(crate) fn naming(mut self, lists: Option<Arc<StatusLists>>) -> Self {
        self.status_lists = lists;
        self
    }

    /// The lists that tokens name a place in.
    pub(crate) fn status_lists(&self) -> Option<&StatusLists> {
        self.status_lists.as_deref()
    }

    /// A token for a user in a session. `iss`, `aud`, `exp`, `iat` and a random `jti` are filled in; `exp` and `iat` are whole
    /// seconds, since not every verifier reads fractions.
    ///
    /// # Errors
    /// [`SignError`] when the cryptographic library fails.
    pub fn issue(&self, user: &User, session: &Session, now: NumericDate) -> Result<AccessToken, SignError> {
        let place = self.status_lists().zip(session.status_index);
        let claims = AccessClaims {
            client_id: FIRST_PARTY_CLIENT.to_owned(),
            email: user.email.clone(),
            sid: Some(session.id),
            status: place.map(|(lists, index)| lists.claim(index)),
        };
        let key = self.keys.keys().signing.clone();
        let signer = Signer::access_tokens(key, self.issuer.as_str(), self.audience.as_str(), self.lifetime);
        let text = signer.sign(&Claims::new(&claims).subject(user.id.as_str()), whole_second(now))?;
        Ok(AccessToken { text, expires_in: self.lifetime })
    }

    /// A token of this issuer for whatever audience, if it is good at `now` or was within `leeway` of it. For whoever wants
    /// to be rid of it: who is let in is asked of the [`verifier`](Self::verifier).
    ///
    /// # Errors
    /// [`RenewalFailed`]: another instance may have signed it, and nobody can know just now.
    pub async fn recognise(
        &self,
        token: &str,
        leeway: Duration,
        now: NumericDate,
    ) -> Result<Option<Verified<IgnoredAny>>, RenewalFailed> {
        let verifier = Verifier::new(self.issuer.as_str(), AnyAudience).token_type("at+jwt").leeway(leeway);
        let verdict = match verifier.verify(token, &self.keys, now) {
            Err(VerifyError::UnknownKey) => {
                let Some(renewal) = self.keys.renew(now) else { return Ok(None) };
                renewal.await?;
                verifier.verify(token, &self.keys, now)
            }
            verdict => verdict,
        };
        Ok(verdict.ok())
    }

    /// What accepts these tokens and no others.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier::access_tokens(self.issuer.as_str(), self.audience.as_str())
    }
}

/// The second that a moment is in.
#[must_use]
pub fn whole_second(moment: NumericDate) -> NumericDate {
    NumericDate::from_secs(moment.as_secs())
}

/// A signed access token. Its `Debug` does not show it.
#[derive(Clone)]
pub struct AccessToken {
    text: String,
    expires_in: Duration,
}

impl AccessToken {
    /// The token: a bearer credential.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How long it is good from now on.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::config::Secret;

    #[test]
    fn a_token_needs_these_claims_and_no_others() {
        let ring = KeyRing::of_secret(&Secret::new("0123456789abcdef0123456789abcdef".to_owned())).unwrap();
        let (keys, now) = (ring.keys(), NumericDate::from_secs(1_700_000_000));
        let verifier = AccessTokens::new(Arc::new(ring), "issuer", "audience", Duration::ZERO).verifier();
        let signer =
            Signer::access_tokens(keys.signing.clone(), "issuer", "audience", Duration::from_secs(60));
        let is_refused = |without: Option<&str>| {
            let there = |name: &&str| Some(*name) != without;
            let mut claims: Map<String, Value> = AccessClaims::NEEDED
                .into_iter()
                .filter(there)
                .map(|name| (name.to_owned(), name.into()))
                .collect();
            let subject = claims.remove("sub");
            let claims = Claims::new(claims);
            let claims = if subject.is_some() { claims.subject("ada") } else { claims };
            let token = signer.sign(&claims, now).unwrap();
            verifier.verify::<AccessClaims>(&token, &keys.verifying, now).err().map(|error| error.to_string())
        };
        assert_eq!(is_refused(None), None);
        for name in AccessClaims::NEEDED {
            assert_eq!(is_refused(Some(name)), Some(format!("the claim `{name}` is missing")));
        }
    }
}
