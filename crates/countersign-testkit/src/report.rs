//! What came of an attack.

use std::fmt;

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::hostile::Hostile;

/// How a service answered a [`Battery`](crate::Battery).
#[derive(Clone, Debug)]
pub struct Report {
    answers: Vec<Answer>,
    findings: Vec<Finding>,
}

/// What a service answered to one row.
#[derive(Clone, Debug)]
pub struct Answer {
    name: String,
    expected_codes: &'static [&'static str],
    response: Response<Bytes>,
}

/// One row that did not end as it should.
#[derive(Clone, Debug)]
pub struct Finding {
    name: String,
    problem: Problem,
}

/// What is wrong with how a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The genuine token is refused, so that nothing is proven by refusing the others.
    GenuineRefused(StatusCode),
    /// It was not refused.
    LetThrough(StatusCode),
    /// It made the service fail.
    ServerError(StatusCode),
    /// It was refused with 401, but without the `WWW-Authenticate` that belongs to it (RFC 9110 §15.5.2).
    NoChallenge,
    /// The refusal repeats what was presented.
    RepeatsToken,
    /// The service gave no answer.
    Silent(String),
}

impl Report {
    /// A report that knows so far how the genuine token was answered.
    pub(crate) fn new(genuine: Result<Response<Bytes>, String>) -> Self {
        let problem = match genuine {
            Err(error) => Some(Problem::Silent(error)),
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(Problem::GenuineRefused(response.status())),
        };
        let finding = problem.map(|problem| Finding { name: "the genuine token".to_owned(), problem });
        Self { answers: Vec::new(), findings: finding.into_iter().collect() }
    }

    pub(crate) fn add(&mut self, hostile: &Hostile, response: Result<Response<Bytes>, String>) {
        let name = hostile.name().to_owned();
        let problem = match response {
            Err(error) => Some(Problem::Silent(error)),
            Ok(response) => {
                let problem = problem(hostile, &response);
                let expected_codes = hostile.codes();
                self.answers.push(Answer { name: name.clone(), expected_codes, response });
                problem
            }
        };
        self.findings.extend(problem.map(|problem| Finding { name, problem }));
    }

    /// What is wrong: nothing, if the genuine token was accepted and every row properly refused.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The answer to every row, also to those with nothing wrong.
    #[must_use]
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// Ends the test if there are findings, and names them all.
    ///
    /// # Panics
    /// When there are findings.
    #[track_caller]
    pub fn assert_all_refused(&self) {
        assert!(self.findings.is_empty(), "{self}");
    }

    /// The answers without one of the codes that Countersign gives.
    pub fn wrong_codes(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(|answer| !answer.has_expected_code())
    }

    /// Ends the test if a refusal does not carry one of the codes that Countersign gives, and names them all: for
    /// services that answer with its problems.
    ///
    /// # Panics
    /// When a code is missing or another one.
    #[track_caller]
    pub fn assert_codes(&self) {
        let lines: Vec<String> = self.wrong_codes().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "refused for another reason than expected:\n{}", lines.join("\n"));
    }
}

/// What is wrong with this answer to this row, if anything.
fn problem(hostile: &Hostile, response: &Response<Bytes>) -> Option<Problem> {
    let badly_presented = hostile.token().is_none();
    match response.status() {
        StatusCode::UNAUTHORIZED if response.headers().contains_key(WWW_AUTHENTICATE) => {}
        StatusCode::UNAUTHORIZED => return Some(Problem::NoChallenge),
        // `invalid_request` of RFC 6750 §3.1.
        StatusCode::BAD_REQUEST if badly_presented => {}
        // Too long for the server to hand it to anybody.
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {}
        status if status.is_server_error() => return Some(Problem::ServerError(status)),
        status => return Some(Problem::LetThrough(status)),
    }
    repeats(response, hostile).then_some(Problem::RepeatsToken)
}

/// Whether anything in the response repeats the longest word that was presented.
fn repeats(response: &Response<Bytes>, hostile: &Hostile) -> bool {
    let presented = hostile.authorization();
    let words = presented.iter().flat_map(|value| value.split(|byte| *byte == b' '));
    // A short one ("Bearer", "x") may well stand there by chance.
    let Some(word) = words.max_by_key(|word| word.len()).filter(|word| word.len() > 16) else { return false };
    let holds = |text: &[u8]| text.windows(word.len()).any(|window| window == word);
    holds(response.body()) || response.headers().values().any(|value| holds(value.as_bytes()))
}

impl Answer {
    /// The name of the row; see [`Hostile::name`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The response, its body collected if it is not a success.
    #[must_use]
    pub fn response(&self) -> &Response<Bytes> {
        &self.response
    }

    /// The member `code` of the body, where that is a problem (RFC 9457) as Countersign writes it; what stands before the
    /// colon of `grpc-message` where it answers in gRPC.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        if let Some(message) = self.response.headers().get("grpc-message") {
            return message.to_str().ok()?.split_once(": ").map(|(code, _)| code.to_owned());
        }
        let problem: Value = serde_json::from_slice(self.response.body()).ok()?;
        problem.get("code")?.as_str().map(str::to_owned)
    }

    /// The codes of which that should be one; see [`Hostile::codes`].
    #[must_use]
    pub fn expected_codes(&self) -> &'static [&'static str] {
        self.expected_codes
    }

    fn has_expected_code(&self) -> bool {
        self.code().is_some_and(|code| self.expected_codes.contains(&code.as_str()))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, status) = (self.code(), self.response.status());
        let code = code.as_deref().unwrap_or("no code");
        write!(f, "{}: {status} {code}, expected {}", self.name, self.expected_codes.join(" or "))
    }
}

impl Finding {
    /// The name of the row; see [`Hostile::name`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GenuineRefused(status) => {
                write!(f, "answered {status}, which leaves the others without meaning")
            }
            Self::LetThrough(status) => write!(f, "not refused: answered {status}"),
            Self::ServerError(status) => write!(f, "made the service fail: answered {status}"),
            Self::NoChallenge => f.write_str("refused without a WWW-Authenticate header"),
            Self::RepeatsToken => f.write_str("refused with a response that repeats what was presented"),
            Self::Silent(error) => write!(f, "not answered: {error}"),
        }
    }
}

impl fmt::Display for Report {
    /// A line for each finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} hostile requests were not refused as they should be",
            self.findings.len(),
            self.answers.len()
        )?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))
    }
}
