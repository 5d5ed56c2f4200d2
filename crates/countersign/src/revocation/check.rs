//! What a strategy asks of a view.

use std::time::Duration;

use countersign_jwt::{AccessTokenClaims, NumericDate, Verified};

use super::{Revocations, Staleness, Target, TokenNames};
use crate::decision::Step;
use crate::session::SessionId;
use crate::strategy::{AuthError, Denial, Details, Outage};

/// By whom the steps of a decision are.
const NAME: &str = "revocation";

/// When to ask again, where the view is too old.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Claims that may name the session of their token, so that it is refused once the session is revoked.
///
/// ```
/// use countersign::jwt::AccessTokenClaims;
/// use countersign::revocation::SessionClaim;
/// use countersign::session::SessionId;
///
/// struct Claims {
///     access: AccessTokenClaims,
///     plan: String,
/// }
///
/// impl SessionClaim for Claims {
///     fn session_id(&self) -> Option<SessionId> {
///         self.access.session_id()
///     }
/// }
/// ```
pub trait SessionClaim {
    /// The session, if there is one. What is not the id of a session of ours is none.
    fn session_id(&self) -> Option<SessionId>;
}

impl SessionClaim for AccessTokenClaims {
    fn session_id(&self) -> Option<SessionId> {
        self.sid.as_deref()?.parse().ok()
    }
}

/// By the member `sid`.
impl SessionClaim for serde_json::Value {
    fn session_id(&self) -> Option<SessionId> {
        self.get("sid")?.as_str()?.parse().ok()
    }
}

/// For tokens without claims of their own: they are of no session.
impl SessionClaim for () {
    fn session_id(&self) -> Option<SessionId> {
        None
    }
}

/// A view, how old it may be, and how a token names its session.
pub(crate) struct Check<C> {
    view: Revocations,
    staleness: Staleness,
    session_id: fn(&C) -> Option<SessionId>,
}

impl<C: SessionClaim> Check<C> {
    pub(crate) fn new(view: &Revocations, staleness: Staleness) -> Self {
        Self { view: view.clone(), staleness, session_id: C::session_id }
    }
}

impl<C> Check<C> {
    /// Lets a token pass that was not revoked, and notes by what it could be.
    pub(crate) fn pass(
        &self,
        token: &Verified<C>,
        details: &mut Details,
        now: NumericDate,
    ) -> Result<(), AuthError> {
        let names = TokenNames {
            session_id: (self.session_id)(token.claims()),
            user_id: token.subject(),
            token_id: token.token_id(),
            issued_at: token.issued_at(),
        };
        // Known to be revoked is known, however old the view is.
        if let Some(target) = self.view.find(names) {
            let found = format!("found {} in the view, which {}", named(&target), self.view.age(now));
            return Err(revoked(&target).after([Step::recognised(details), Step::new(NAME, found)]));
        }
        if !self.view.is_fresh(self.staleness, now) {
            let looked = format!("the view {}, and {}", self.view.age(now), self.staleness);
            return Err(unknown().after([Step::recognised(details), Step::new(NAME, looked)]));
        }
        details.session_id = names.session_id;
        details.user_id = names.user_id.map(Box::from);
        Ok(())
    }
}

/// By what a token was found, for the log: not which session, user or token that is.
fn named(target: &Target) -> &'static str {
    match target {
        Target::Session(_) => "its session",
        Target::User(_) => "its user",
        Target::Token(_) => "the token itself",
    }
}

fn unknown() -> AuthError {
    let reason = "the view of what was revoked is too old to tell";
    Outage::new("revocation_unknown", reason).retry_after(RETRY_AFTER).into()
}

fn revoked(target: &Target) -> AuthError {
    let reason = match target {
        Target::Session(_) => "the session of the token was revoked",
        Target::User(_) => "the tokens of its user were revoked after it was issued",
        Target::Token(_) => "the token was revoked",
    };
    Denial::new("token_revoked", reason).detail("The token was revoked.").into()
}
