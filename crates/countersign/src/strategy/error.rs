//! Why a strategy did not give an identity.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::decision::Step;

/// Words for a person: mostly literals, sometimes built for the occasion.
pub(crate) type Text = Cow<'static, str>;

/// Why a request has no identity: one case for each answer that a client can get.
///
/// Whatever is refused carries a stable *code* and a *reason*. The code goes to the client and into the log; the
/// reason goes into the log and nowhere else. Neither may hold a token, a password or a key.
///
/// ```
/// use countersign::{AuthError, Denial};
///
/// fn active(user: &str) -> Result<&str, AuthError> {
///     match user {
///         "ada" => Ok(user),
///         _ => Err(Denial::new("account_disabled", "disabled by an operator")
///             .detail("This account is disabled.")
///             .into()),
///     }
/// }
/// assert_eq!(active("eve").unwrap_err().code(), "account_disabled");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AuthError {
    /// Nothing was presented that this strategy reads: 401 with a bare challenge (RFC 6750 §3).
    NoCredentials,
    /// What was presented is not good, or not good enough: 401 `invalid_token` or 403 `insufficient_scope`.
    Denied(Denial),
    /// It cannot be known right now: 503 with `Retry-After`, never 401, which would log people out.
    Unavailable(Outage),
    /// The request itself cannot be taken, whoever sent it: 400, 403, 413, 415 or 429.
    Rejected(Rejection),
    /// The strategy made a mistake, which is described for the operator: 500.
    Bug(Bug),
}

impl AuthError {
    /// The credentials are not good; see [`Denial::new`].
    pub fn denied(code: &'static str, reason: impl Into<Text>) -> Self {
        Denial::new(code, reason).into()
    }

    /// It cannot be known right now; see [`Outage::new`].
    pub fn unavailable(code: &'static str, reason: impl Into<Text>) -> Self {
        Outage::new(code, reason).into()
    }

    /// The strategy made a mistake, which `reason` describes for the operator.
    pub fn bug(reason: impl Into<Text>) -> Self {
        Self::Bug(Bug { reason: reason.into(), circumstances: None })
    }

    /// The stable code: `credentials_missing`, `internal_error`, or what the strategy chose.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials => "credentials_missing",
            Self::Denied(denial) => denial.code,
            Self::Unavailable(outage) => outage.code,
            Self::Rejected(rejection) => rejection.code,
            Self::Bug(_) => "internal_error",
        }
    }

    /// What the operator is told, and nobody else.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::NoCredentials => "no credentials that the guard reads were presented",
            Self::Denied(denial) => &denial.reason,
            Self::Unavailable(outage) => &outage.reason,
            Self::Rejected(rejection) => &rejection.reason,
            Self::Bug(bug) => &bug.reason,
        }
    }
}

impl AuthError {
    /// Says what was done before it came to this: for the log, and for whoever asks why.
    ///
    /// ```
    /// use countersign::decision::Step;
    /// use countersign::AuthError;
    ///
    /// let error = AuthError::denied("customer_unknown", "no such customer")
    ///     .after([Step::new("crm", "asked for the customer")]);
    /// assert_eq!(error.steps().len(), 1);
    /// ```
    #[must_use]
    pub fn after(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        if let Some(circumstances) = self.circumstances_mut() {
            circumstances.steps.splice(..0, steps);
        }
        self
    }

    /// What was done before it came to this. (Of what was not there, [`NoCredentials`](Self::NoCredentials), the guard says
    /// where it was looked for.)
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        self.circumstances().map_or(&[], |circumstances| &circumstances.steps)
    }

    /// Notes the strategy that said it, unless one of its own strategies was noted before.
    pub(crate) fn by(mut self, strategy: &'static str) -> Self {
        if let Some(circumstances) = self.circumstances_mut() {
            circumstances.strategy.get_or_insert(strategy);
        }
        self
    }

    /// The strategy that said it, where there are several.
    pub(crate) fn strategy(&self) -> Option<&'static str> {
        self.circumstances()?.strategy
    }

    fn circumstances(&self) -> Option<&Circumstances> {
        match self {
            Self::NoCredentials => None,
            Self::Denied(Denial { circumstances, .. })
            | Self::Unavailable(Outage { circumstances, .. })
            | Self::Rejected(Rejection { circumstances, .. })
            | Self::Bug(Bug { circumstances, .. }) => circumstances.as_deref(),
        }
    }

    fn circumstances_mut(&mut self) -> Option<&mut Circumstances> {
        match self {
            Self::NoCredentials => None,
            Self::Denied(Denial { circumstances, .. })
            | Self::Unavailable(Outage { circumstances, .. })
            | Self::Rejected(Rejection { circumstances, .. })
            | Self::Bug(Bug { circumstances, .. }) => Some(circumstances.get_or_insert_default()),
        }
    }
}

/// How it came to an error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Circumstances {
    strategy: Option<&'static str>,
    steps: Vec<Step>,
}

impl fmt::Display for AuthError {
    /// For the operator: the code and the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.reason())
    }
}

impl std::error::Error for AuthError {}

impl From<Denial> for AuthError {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<Outage> for AuthError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(outage)
    }
}

impl From<Rejection> for AuthError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Credentials that are not good (401), or whose bearer may not do this (403).
#[derive(Debug, Clone)]
pub struct Denial {
    pub(crate) code: &'static str,
    pub(crate) detail: Text,
    pub(crate) reason: Text,
    pub(crate) shortfall: Shortfall,
    circumstances: Option<Box<Circumstances>>,
}

/// What the credentials lack, in the words of RFC 6750 §3.1.
#[derive(Debug, Clone)]
pub(crate) enum Shortfall {
    /// `invalid_token`: they prove nothing.
    Proof,
    /// `insufficient_scope`: they prove who it is, and that is not enough. The scopes that would do, if told.
    Scope(Option<Text>),
    /// `insufficient_user_authentication` (RFC 9470 §3): the proof is too weak or too old. What would do, if told.
    UserAuthentication { acr_values: Option<Text>, max_age: Option<Duration> },
}

impl Denial {
    /// The credentials prove nothing: 401 with the challenge `invalid_token` (RFC 6750 §3.1).
    ///
    /// `code` is stable and told to the client; `reason` is for the operator's log.
    pub fn new(code: &'static str, reason: impl Into<Text>) -> Self {
        Self {
            code,
            detail: Cow::Borrowed("The credentials were not accepted."),
            reason: reason.into(),
            shortfall: Shortfall::Proof,
            circumstances: None,
        }
    }

    /// A wrong user name or a wrong password, and nothing that tells which: 401 `credentials_invalid`.
    #[must_use]
    pub fn wrong_credentials() -> Self {
        Self::new("credentials_invalid", "nobody has this user name and this password")
            .detail("The user name or the password is wrong.")
    }

    /// It is known who it is, and they may not do this: 403 `insufficient_scope` (RFC 6750 §3.1).
    ///
    /// Say with [`scope`](Self::scope) which scopes would do, if that may be told.
    pub fn insufficient_scope(reason: impl Into<Text>) -> Self {
        Self {
            code: "insufficient_scope",
            detail: Cow::Borrowed("These credentials do not allow this."),
            reason: reason.into(),
            shortfall: Shortfall::Scope(None),
            circumstances: None,
        }
    }

    /// Tells the client which scopes are needed, parted by spaces (RFC 6749 §3.3): a 403 `insufficient_scope`.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Text>) -> Self {
        self.shortfall = Shortfall::Scope(Some(scope.into()));
        self
    }

    /// It is known who it is, and they have to prove it more strongly or again: 401 `insufficient_user_authentication`
    /// (RFC 9470 §3).
    ///
    /// Say with [`acr_values`](Self::acr_values) and [`max_age`](Self::max_age) what would do.
    pub fn insufficient_user_authentication(reason: impl Into<Text>) -> Self {
        Self {
            code: "insufficient_user_authentication",
            detail: Cow::Borrowed("This needs a stronger or a more recent login."),
            reason: reason.into(),
            shortfall: Shortfall::UserAuthentication { acr_values: None, max_age: None },
            circumstances: None,
        }
    }

    /// Tells the client which values of `acr` would do, parted by spaces, the preferred first: a 401
    /// `insufficient_user_authentication`.
    #[must_use]
    pub fn acr_values(mut self, values: impl Into<Text>) -> Self {
        let max_age = match self.shortfall {
            Shortfall::UserAuthentication { max_age, .. } => max_age,
            _ => None,
        };
        self.shortfall = Shortfall::UserAuthentication { acr_values: Some(values.into()), max_age };
        self
    }

    /// Tells the client how long ago, in whole seconds, the login may be: a 401 `insufficient_user_authentication`.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        let acr_values = match self.shortfall {
            Shortfall::UserAuthentication { acr_values, .. } => acr_values,
            _ => None,
        };
        self.shortfall = Shortfall::UserAuthentication { acr_values, max_age: Some(max_age) };
        self
    }

    /// Tells the client, in a sentence, what kind of thing is wrong.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Text>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Something the answer depends on cannot be reached: 503 with `Retry-After` (RFC 9110 §15.6.4).
#[derive(Debug, Clone)]
pub struct Outage {
    pub(crate) code: &'static str,
    pub(crate) reason: Text,
    pub(crate) retry_after: Duration,
    circumstances: Option<Box<Circumstances>>,
}

impl Outage {
    /// An outage after which a client may try again in five seconds.
    ///
    /// `code` is stable and told to the client; `reason` is for the operator's log.
    pub fn new(code: &'static str, reason: impl Into<Text>) -> Self {
        Self { code, reason: reason.into(), retry_after: Duration::from_secs(5), circumstances: None }
    }

    /// When to try again; sent in whole seconds, rounded up.
    #[must_use]
    pub fn retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = retry_after;
        self
    }
}

/// A request that cannot be taken, whoever sent it.
///
/// The `detail` is told to the client, and to the operator too unless [`reason`](Self::reason) says more.
#[derive(Debug, Clone)]
pub struct Rejection {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: Text,
    pub(crate) reason: Text,
    pub(crate) retry_after: Option<Duration>,
    circumstances: Option<Box<Circumstances>>,
}

impl Rejection {
    fn new(status: StatusCode, code: &'static str, detail: Text) -> Self {
        Self { status, code, reason: detail.clone(), detail, retry_after: None, circumstances: None }
    }

    /// 400: it does not say what it should.
    pub fn bad_request(code: &'static str, detail: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail.into())
    }

    /// 403: it must not be sent from where it was sent, a page of another site, say.
    pub fn forbidden(code: &'static str, detail: impl Into<Text>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail.into())
    }

    /// 413: its body is larger than what is read here.
    pub fn content_too_large(code: &'static str, detail: impl Into<Text>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail.into())
    }

    /// 415: its body is of a kind that is not read here.
    pub fn unsupported_media_type(code: &'static str, detail: impl Into<Text>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, detail.into())
    }

    /// 429: there were too many of them; the next may come after `retry_after` (RFC 6585 §4).
    pub fn too_many_requests(code: &'static str, detail: impl Into<Text>, retry_after: Duration) -> Self {
        let rejection = Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail.into());
        Self { retry_after: Some(retry_after), ..rejection }
    }

    /// Tells the operator more than the client.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<Text>) -> Self {
        self.reason = reason.into();
        self
    }
}

/// A mistake of a strategy: see [`AuthError::bug`].
#[derive(Debug, Clone)]
pub struct Bug {
    reason: Text,
    circumstances: Option<Box<Circumstances>>,
}
