//! An identity, and how it was recognised.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::sole::Sole;
use crate::jwt::NumericDate;
use crate::revocation::TokenNames;
use crate::session::SessionId;

/// An identity, and how it was recognised.
///
/// ```
/// use countersign::Authentication;
///
/// let authentication = Authentication::new("api-key", "ada").key_id("key-7");
/// assert_eq!(authentication.details().key_id(), Some("key-7"));
/// ```
#[derive(Debug, Clone)]
pub struct Authentication<I> {
    // Made where the guard will leave it, so that it is not moved on the way there.
    recognised: Sole<Recognised<I>>,
}

impl<I> Authentication<I> {
    /// `identity`, recognised by the strategy of this name.
    pub fn new(strategy: &'static str, identity: I) -> Self {
        Self::with_details(identity, Details::new(strategy))
    }

    /// Notes the token's own identifier, the `jti` of a JWT.
    #[must_use]
    pub fn token_id(mut self, token_id: impl Into<Box<str>>) -> Self {
        self.details_mut().token_id = Some(token_id.into());
        self
    }

    /// Notes the key that decided, the `kid` of a JWT.
    #[must_use]
    pub fn key_id(mut self, key_id: impl Into<Box<str>>) -> Self {
        self.details_mut().key_id = Some(key_id.into());
        self
    }

    /// Notes when the credentials were issued.
    #[must_use]
    pub fn issued_at(mut self, issued_at: NumericDate) -> Self {
        self.details_mut().issued_at = Some(issued_at);
        self
    }

    /// Notes when the credentials expire.
    #[must_use]
    pub fn expires_at(mut self, expires_at: NumericDate) -> Self {
        self.details_mut().expires_at = Some(expires_at);
        self
    }

    /// Who was recognised.
    pub fn identity(&self) -> &I {
        self.recognised.identity()
    }

    /// Who was recognised, by value.
    pub fn into_identity(self) -> I {
        self.recognised.into_inner().identity
    }

    /// How they were recognised.
    pub fn details(&self) -> &Details {
        self.recognised.details()
    }

    pub(crate) fn map<J>(self, map: impl FnOnce(I) -> J) -> Authentication<J> {
        let (identity, details) = self.recognised.into_inner().into_parts();
        Authentication::with_details(map(identity), details)
    }

    pub(crate) fn with_details(identity: I, details: Details) -> Self {
        Self { recognised: Sole::new(Recognised { identity, noted: Noted::Down(Box::new(details)) }) }
    }

    /// With details that the identity tells itself, if somebody wants to know them.
    pub(crate) fn telling(identity: I, tell: fn(&I) -> Details) -> Self {
        let noted = Noted::InIdentity { tell, told: OnceLock::new() };
        Self { recognised: Sole::new(Recognised { identity, noted }) }
    }

    /// What a guard leaves for the handler.
    pub(crate) fn share(self) -> Arc<Recognised<I>> {
        self.recognised.share()
    }

    fn details_mut(&mut self) -> &mut Details {
        let Recognised { identity, noted } = self.recognised.get_mut();
        noted.down(identity)
    }
}

/// What an [`Authentication`] holds, as a guard leaves it for the handler.
#[derive(Clone)]
pub(crate) struct Recognised<I> {
    identity: I,
    noted: Noted<I>,
}

/// Where the details are.
#[derive(Clone)]
enum Noted<I> {
    Down(Box<Details>),
    /// To be read from the identity: most requests are served without.
    InIdentity {
        tell: fn(&I) -> Details,
        told: OnceLock<Box<Details>>,
    },
}

impl<I> Recognised<I> {
    pub(crate) fn identity(&self) -> &I {
        &self.identity
    }

    pub(crate) fn details(&self) -> &Details {
        match &self.noted {
            Noted::Down(details) => details,
            Noted::InIdentity { tell, told } => told.get_or_init(|| Box::new(tell(&self.identity))),
        }
    }

    fn into_parts(self) -> (I, Details) {
        let Self { identity, noted } = self;
        let details = match noted {
            Noted::Down(details) => *details,
            Noted::InIdentity { tell, .. } => tell(&identity),
        };
        (identity, details)
    }
}

impl<I> Noted<I> {
    /// The details, noted down from here on.
    fn down(&mut self, identity: &I) -> &mut Details {
        loop {
            match self {
                Self::Down(details) => return details,
                Self::InIdentity { tell, .. } => *self = Self::Down(Box::new(tell(identity))),
            }
        }
    }
}

impl<I: fmt::Debug> fmt::Debug for Recognised<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recognised")
            .field("identity", &self.identity)
            .field("details", self.details())
            .finish()
    }
}

/// How an identity was recognised: by which strategy, from which credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    pub(crate) strategy: &'static str,
    pub(crate) token_id: Option<Box<str>>,
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) issued_at: Option<NumericDate>,
    pub(crate) expires_at: Option<NumericDate>,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) user_id: Option<Box<str>>,
}

impl Details {
    pub(crate) const fn new(strategy: &'static str) -> Self {
        Self {
            strategy,
            token_id: None,
            key_id: None,
            issued_at: None,
            expires_at: None,
            session_id: None,
            user_id: None,
        }
    }

    /// The name of the strategy, for instance `jwt`.
    #[must_use]
    pub fn strategy(&self) -> &'static str {
        self.strategy
    }

    /// The identifier of the token, the `jti` of a JWT.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// The identifier of the key that decided, the `kid` of a JWT.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// When the credentials were issued, as they say themselves.
    #[must_use]
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.issued_at
    }

    /// When the credentials expire.
    #[must_use]
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.expires_at
    }

    /// By what the credentials can be revoked. The session and the user are known where the strategy asks about revocation
    /// ([`JwtStrategy::revocation`](crate::JwtStrategy::revocation)).
    #[must_use]
    pub fn token_names(&self) -> TokenNames<'_> {
        TokenNames {
            session_id: self.session_id,
            user_id: self.user_id.as_deref(),
            token_id: self.token_id(),
            issued_at: self.issued_at,
        }
    }
}

/// Somebody [`Recognised`] whose type only the handler knows.
pub(crate) trait Admission: Any + Send + Sync {
    /// The name of the identity's type, for whoever asked for another.
    fn identity_type(&self) -> &'static str;

    /// How the identity was recognised.
    fn details(&self) -> &Details;
}

impl<I: Send + Sync + 'static> Admission for Recognised<I> {
    fn identity_type(&self) -> &'static str {
        type_name::<I>()
    }

    fn details(&self) -> &Details {
        self.details()
    }
}
