//! The only writer of 401, 403 and 503: RFC 6750 §3, RFC 9110 §11.6.1, RFC 9457.
//!
//! | what happened | status | `WWW-Authenticate` |
//! |---|---|---|
//! | nothing was presented | 401 | `Bearer` |
//! | what was presented is malformed, expired, forged, .. | 401 | `Bearer error="invalid_token", error_description=".."` |
//! | it is not enough | 403 | `Bearer error="insufficient_scope", scope=".."` |
//! | the login is too weak or too old (RFC 9470) | 401 | `Bearer error="insufficient_user_authentication", acr_values="..", max_age=".."` |
//! | it cannot be known right now | 503 | none; `Retry-After` |
//!
//! RFC 6750 §3.1 has a third error, `invalid_request`, answered 400. It is not used: `invalid_token` is defined for a
//! token that is "expired, revoked, malformed, or invalid for other reasons", and a client that gets 401 for whatever
//! is wrong with its credentials needs one rule: get a new token, or log in.
//!
//! The body is a [`Problem`] with a stable `code`:
//!
//! | code | status | meaning |
//! |---|---|---|
//! | `credentials_missing` | 401 | nothing was presented that the guard reads |
//! | `credentials_repeated` | 401 | more than one `Authorization` header, or tokens in more than one place |
//! | `credentials_malformed` | 401 | not the scheme and one token, by the letter of RFC 6750 §2.1 |
//! | the codes of [`VerifyError`](crate::jwt::VerifyError) | 401 | the token is not good, and why |
//! | `keys_unavailable` | 503 | the keys that decide cannot be had right now |
//! | `token_revoked` | 401 | the token, its session or its user was revoked |
//! | `revocation_unknown` | 503 | what was revoked lately is not known right now |
//! | `credentials_incomplete` | 401 | some of the credentials that `all_of` needs are missing |
//! | `api_key_unknown` | 401 | no API key has this id and this secret |
//! | `token_inactive` | 401 | the issuer says that the token is not active |
//! | `introspection_unavailable`, `introspection_busy` | 503 | the issuer cannot be asked right now |
//! | `identity_unknown` | 401 | the token is good, but `validate` found nobody for it |
//! | `credentials_invalid` | 401 | the user name or the password is wrong |
//! | `passwords_busy` | 503 | more passwords are being verified than there is room for |
//! | the codes of [`CsrfError`](crate::csrf::CsrfError) | 403 | a page that is not ours may have sent the cookie |
//! | `insufficient_scope` | 403 | the credentials are good and do not allow this |
//! | `insufficient_user_authentication` | 401 | the login was too weak, or is too long ago |
//! | `media_type_unsupported`, `body_too_large` | 415, 413 | the login is neither JSON nor a form, or too large |
//! | `body_unreadable`, `body_malformed` | 400 | the login broke off, or does not parse |
//! | `field_missing`, `field_repeated`, `field_not_text` | 400 | the login lacks a field, or has it twice, or not as text |
//! | `internal_error` | 500 | a mistake on the server's side, told in its log |
//!
//! Strategies add their own.
//!
//! Each refusal is one event in the log, written where it is answered (target `countersign::challenge`; `INFO` when the
//! client can do something about it, `ERROR` when the operator must), with the fields `status`, `code`, `strategy` (of
//! several, the one that found credentials), `reason` and `trace` (how it came; see [`decision`]). Tokens,
//! passwords and the values of claims are never in it.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use crate::decision::{self, Decision, Step};
use crate::problem::Problem;
use crate::strategy::{AuthError, Denial, Shortfall};

/// An authentication scheme (RFC 9110 §11.1) as a 401 offers it.
///
/// ```
/// use countersign::challenge::Scheme;
///
/// const API_KEY: Scheme = Scheme::new("ApiKey");
/// let bearer = Scheme::BEARER.realm("orders");
/// # let _ = (API_KEY, bearer);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    name: &'static str,
    realm: Option<Cow<'static, str>>,
    words: Words,
}

/// Whether a challenge can say what was wrong with what was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    None,
    Bearer,
}

impl Scheme {
    /// `Bearer` (RFC 6750).
    pub const BEARER: Self = Self::new("Bearer").with_words_of_bearer();

    /// `Basic` (RFC 7617). Its challenge asks for UTF-8 (§2.1), and cannot say what was wrong (§2 defines no parameter for it
    /// and forbids others).
    pub const BASIC: Self = Self::new("Basic");

    /// `Password`, for a login that reads a user name and a password from the body.
    ///
    /// No RFC names a scheme for that, and RFC 9110 §15.5.2 wants one in every 401. Browsers do nothing about a scheme
    /// they do not know, which is what a login page needs.
    pub const PASSWORD: Self = Self::new("Password");

    /// A scheme by its name. Name schemes in a `const`: a wrong name is then found by the compiler.
    ///
    /// # Panics
    /// When `name` is not a token (RFC 9110 §5.6.2).
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(
            is_token(name.as_bytes()),
            "the name of a scheme is one or more letters, digits or !#$%&'*+-.^_`|~"
        );
        Self { name, realm: None, words: Words::None }
    }

    /// Lets its challenge say what was wrong with what was presented, as that of `Bearer` does (RFC 6750 §3): for schemes that
    /// are your own.
    #[must_use]
    pub const fn with_words_of_bearer(mut self) -> Self {
        self.words = Words::Bearer;
        self
    }

    /// Names the realm (RFC 9110 §11.5). Characters that a quoted attribute cannot hold are sent as `?`.
    #[must_use]
    pub fn realm(self, realm: impl Into<Cow<'static, str>>) -> Self {
        Self { realm: Some(realm.into()), ..self }
    }

    /// Another scheme of the same realm; `name` is one of another `Scheme`.
    pub(crate) fn renamed(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The name, for instance `Bearer`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The challenge, saying what was wrong with what was presented if the scheme has words for that.
    fn challenge(&self, denial: Option<&Denial>) -> HeaderValue {
        let mut challenge = Attributes { text: self.name.to_owned(), any: false };
        if let Some(realm) = &self.realm {
            challenge.add("realm", realm);
        }
        if self.name == Self::BASIC.name {
            challenge.add("charset", "UTF-8");
        }
        if let Some(denial) = denial.filter(|_| self.words == Words::Bearer) {
            match &denial.shortfall {
                Shortfall::Proof => challenge.add("error", "invalid_token"),
                Shortfall::Scope(_) => challenge.add("error", "insufficient_scope"),
                Shortfall::UserAuthentication { .. } => {
                    challenge.add("error", "insufficient_user_authentication");
                }
            }
            challenge.add("error_description", &denial.detail);
            challenge.add_wanted(&denial.shortfall);
        }
        // What is written is visible ASCII, which every header value takes; the name alone is the harmless other case.
        HeaderValue::try_from(challenge.text).unwrap_or_else(|_| HeaderValue::from_static(self.name))
    }
}

/// Writes the response to a request whose identity `error` kept from being known, and one line into the log.
///
/// `schemes` are those that a 401 offers, one `WWW-Authenticate` each; what was wrong with the credentials is said in
/// the one for `Bearer`. `strategy` is named in the log.
///
/// [`Guard`](crate::Guard) does this, and says it on the scheme that was presented; call it yourself where you authenticate
/// without one.
pub fn refuse<B: From<Bytes>>(error: &AuthError, schemes: &[Scheme], strategy: &'static str) -> Response<B> {
    let steps = error.steps().to_vec();
    let refusal = Refused { error, schemes, presented: schemes, strategy, steps, candour: Candour::Discreet };
    refusal.answer().map(B::from)
}

/// How much a client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Candour {
    /// The stable code and what kind of thing is wrong.
    Discreet,
    /// All that the operator is told, and more.
    Development,
}

/// A refusal that is to be answered.
pub(crate) struct Refused<'r> {
    pub(crate) error: &'r AuthError,
    /// What a 401 offers.
    pub(crate) schemes: &'r [Scheme],
    /// Those of whichever strategy refused.
    pub(crate) presented: &'r [Scheme],
    pub(crate) strategy: &'static str,
    pub(crate) steps: Vec<Step>,
    pub(crate) candour: Candour,
}

impl Refused<'_> {
    pub(crate) fn answer(self) -> Response<Bytes> {
        let Self { error, strategy, steps, .. } = &self;
        let problem = problem(error);
        let status = problem.status();
        log(error, status, strategy, steps);

        let problem = match self.candour {
            Candour::Discreet => problem,
            Candour::Development => problem.explained(error.reason().to_owned(), steps.clone()),
        };
        let mut response: Response<Bytes> = problem.into_response();
        let headers = response.headers_mut();
        for challenge in self.challenges(status) {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
        if let Some(delay) = retry_after(error) {
            headers.insert(RETRY_AFTER, whole_seconds(delay));
        }
        response.extensions_mut().insert(Decision::refused(self.error, status, self.strategy, self.steps));
        response
    }

    fn challenges(&self, status: StatusCode) -> Vec<HeaderValue> {
        let denial = match self.error {
            AuthError::NoCredentials => None,
            AuthError::Denied(denial) => Some(denial),
            _ => return Vec::new(),
        };
        let challenges = self.schemes.iter().filter_map(|scheme| {
            let denial = denial.filter(|_| self.presented.contains(scheme));
            // A 403 is not a call for other credentials: only who can say what is missing is heard.
            let is_heard =
                status == StatusCode::UNAUTHORIZED || (denial.is_some() && scheme.words == Words::Bearer);
            is_heard.then(|| scheme.challenge(denial))
        });
        challenges.collect()
    }
}

fn problem(error: &AuthError) -> Problem {
    let (status, detail) = match error {
        AuthError::NoCredentials => {
            (StatusCode::UNAUTHORIZED, Cow::Borrowed("This needs credentials, and none were presented."))
        }
        AuthError::Denied(denial) => {
            let status = match denial.shortfall {
                Shortfall::Proof | Shortfall::UserAuthentication { .. } => StatusCode::UNAUTHORIZED,
                Shortfall::Scope(_) => StatusCode::FORBIDDEN,
            };
            (status, denial.detail.clone())
        }
        AuthError::Unavailable(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, Cow::Borrowed("The credentials cannot be checked right now."))
        }
        AuthError::Rejected(rejection) => (rejection.status, rejection.detail.clone()),
        AuthError::Bug(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Cow::Borrowed("The server made a mistake while it checked the credentials."),
        ),
    };
    Problem::new(status, error.code(), detail)
}

fn log(error: &AuthError, status: StatusCode, strategy: &'static str, steps: &[Step]) {
    let (status, code, reason) = (status.as_u16(), error.code(), error.reason());
    if status < 500 {
        tracing::info!(status, code, strategy, reason, trace = decision::line(steps), "refused");
    } else {
        tracing::error!(status, code, strategy, reason, trace = decision::line(steps), "refused");
    }
}

fn retry_after(error: &AuthError) -> Option<Duration> {
    match error {
        AuthError::Unavailable(outage) => Some(outage.retry_after),
        AuthError::Rejected(rejection) => rejection.retry_after,
        _ => None,
    }
}

/// Seconds, rounded up, at least one: a client told to come back after zero seconds comes back at once.
fn whole_seconds(delay: Duration) -> HeaderValue {
    let rounded_up = delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0));
    HeaderValue::from(rounded_up.max(1))
}

/// The attributes of a challenge: `name="value"`, parted by commas.
struct Attributes {
    text: String,
    any: bool,
}

impl Attributes {
    /// Adds what would do instead.
    fn add_wanted(&mut self, shortfall: &Shortfall) {
        match shortfall {
            Shortfall::Proof => {}
            Shortfall::Scope(scope) => {
                scope.iter().for_each(|scope| self.add("scope", scope));
            }
            Shortfall::UserAuthentication { acr_values, max_age } => {
                acr_values.iter().for_each(|values| self.add("acr_values", values));
                max_age.iter().for_each(|age| self.add("max_age", &age.as_secs().to_string()));
            }
        }
    }

    /// Adds one. What RFC 6750 §3 keeps out of a value (quotes, backslashes, what is not visible ASCII) is written `?`,
    /// so no value can end its quotes, begin another attribute or another header.
    fn add(&mut self, name: &str, value: &str) {
        let separator = if std::mem::replace(&mut self.any, true) { ", " } else { " " };
        let value = value.replace(|c: char| !matches!(c, ' '..='~') || matches!(c, '"' | '\\'), "?");
        // Writing into a String does not fail.
        let _ = write!(self.text, "{separator}{name}=\"{value}\"");
    }
}

/// Whether this is a token (RFC 9110 §5.6.2).
pub(crate) const fn is_token(text: &[u8]) -> bool {
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        if !is_token_byte(*byte) {
            return false;
        }
        rest = tail;
    }
    !text.is_empty()
}

/// Whether a token may hold this byte: `tchar` (RFC 9110 §5.6.2).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
