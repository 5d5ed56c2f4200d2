//! Why a request was let pass or refused, step by step.
//!
//! A refusal says it three times, to three readers:
//!
//! - the log, always: the steps are the field `trace` of the one event of each refusal (see [`challenge`](crate::challenge)),
//!   without any secret and any value of a claim;
//! - a layer in front of the guard: the [`Decision`] is among the extensions of the answer;
//! - the client, with what was seen and only if a guard was told so:
//!   [`Guard::danger_explain_to_clients`](crate::Guard::danger_explain_to_clients).
//!
//! `Routes::explain` replays all of it for a request that nobody has sent.

use std::fmt;

use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use crate::strategy::{AuthError, Details, Text};

/// What one of those who decide did, and made of what it saw.
///
/// ```
/// use countersign::decision::Step;
///
/// let step = Step::new("crm", "asked for the customer's contract").seen("contract 7, until 2030");
/// assert_eq!(step.to_string(), "crm: asked for the customer's contract");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    by: &'static str,
    step: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Text>,
}

impl Step {
    /// What the strategy, or whoever it was, of this name did. It is logged: no secrets, no values of claims.
    pub fn new(by: &'static str, step: impl Into<Text>) -> Self {
        Self { by, step: step.into(), seen: None, expected: None }
    }

    /// What was seen, which is not logged: for [`Routes::explain`](crate::routes::Routes::explain) and for development. No
    /// secrets.
    #[must_use]
    pub fn seen(self, seen: impl Into<Text>) -> Self {
        Self { seen: Some(seen.into()), ..self }
    }

    /// What should have been seen: told to the same people, and no secret either.
    ///
    /// ```
    /// # use countersign::decision::Step;
    /// let step = Step::new("crm", "refused the contract").seen("contract 7").expected("contract 8 or 9");
    /// # let _ = step;
    /// ```
    #[must_use]
    pub fn expected(self, expected: impl Into<Text>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    pub(crate) fn recognised(details: &Details) -> Self {
        let step = match &details.key_id {
            None => Text::Borrowed("recognised"),
            Some(key_id) => format!("recognised, by key {}", quoted(key_id)).into(),
        };
        let step = Self::new(details.strategy, step);
        match details.expires_at {
            None => step,
            Some(expires_at) => step.seen(format!("until {}", expires_at.rfc3339())),
        }
    }
}

impl fmt::Display for Step {
    /// Who, and what they did; not what they saw.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.by, self.step)
    }
}

/// Text that a client has chosen, short and without control characters, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 64;
    let shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    let rest = if text.chars().nth(LONGEST).is_some() { ".." } else { "" };
    format!("`{shown}{rest}`")
}

/// What was decided about a request, and how that came.
///
/// The answer to each refused request has it among its extensions, for a layer in front of the guard that wants to know.
#[derive(Debug, Clone)]
pub struct Decision {
    strategy: Option<&'static str>,
    refused: Option<Refused>,
    steps: Vec<Step>,
}

/// How a request was refused, for the operator.
#[derive(Debug, Clone)]
struct Refused {
    status: StatusCode,
    code: &'static str,
    reason: String,
}

impl Decision {
    #[cfg(feature = "axum")]
    pub(crate) fn admitted(strategy: Option<&'static str>, steps: Vec<Step>) -> Self {
        Self { strategy, refused: None, steps }
    }

    pub(crate) fn refused(
        error: &AuthError,
        status: StatusCode,
        strategy: &'static str,
        steps: Vec<Step>,
    ) -> Self {
        let refused = Refused { status, code: error.code(), reason: error.reason().to_owned() };
        Self { strategy: Some(strategy), refused: Some(refused), steps }
    }

    /// Whether the request was let pass.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.refused.is_none()
    }

    /// The strategy that decided: of several, the one that found credentials. None where the request was let pass without.
    #[must_use]
    pub fn strategy(&self) -> Option<&'static str> {
        self.strategy
    }

    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.refused.as_ref().map(|refused| refused.code)
    }

    /// The reason of the refusal, as the log has it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.refused.as_ref().map(|refused| refused.reason.as_str())
    }

    /// How it came, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Display for Decision {
    /// A line for each step, with what was seen, and one for the outcome.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let seen = step.seen.as_ref().map(|seen| format!(": {seen}")).unwrap_or_default();
            let expected = step.expected.as_ref().map(|expected| format!("; expected {expected}"));
            let line = format!("{step}{seen}{}", expected.unwrap_or_default());
            // Control characters of a token must not reach a terminal.
            writeln!(f, "{}", line.replace(char::is_control, "\u{fffd}"))?;
        }
        match (&self.refused, self.strategy) {
            (None, None) => writeln!(f, "admitted without an identity"),
            (None, Some(strategy)) => writeln!(f, "admitted, recognised by {strategy}"),
            (Some(Refused { status, code, reason }), _) => {
                writeln!(f, "refused: {} {code}: {reason}", status.as_u16())
            }
        }
    }
}

/// Kept in a request whose decision somebody wants to know in full: the steps so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Explaining {
    pub(crate) steps: Vec<Step>,
}

/// Whether somebody wants to know what is [`seen`](Step::seen) in a request, and it is worth the time to say it.
///
/// ```
/// use countersign::decision::{Step, is_explained};
/// use countersign::{AuthError, Denial};
/// use http::request::Parts;
///
/// fn unknown(head: &Parts, customer: &str) -> AuthError {
///     let mut step = Step::new("crm", "asked for the customer");
///     if is_explained(head) {
///         step = step.seen(customer.to_owned());
///     }
///     AuthError::from(Denial::new("customer_unknown", "no such customer")).after([step])
/// }
/// ```
#[must_use]
pub fn is_explained(head: &Parts) -> bool {
    head.extensions.get::<Explaining>().is_some()
}

/// The steps as one line of the log.
pub(crate) fn line(steps: &[Step]) -> Option<String> {
    let steps: Vec<_> = steps.iter().map(Step::to_string).collect();
    (!steps.is_empty()).then(|| steps.join("; "))
}
