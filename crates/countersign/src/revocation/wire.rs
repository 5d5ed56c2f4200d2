//! What a feed and a snapshot say, to the letter: written and read here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use countersign_jwt::{KeySource, NumericDate, SignError, Signer, SigningKey, Verifier, VerifyError};
use serde::{Deserialize, Serialize};

use super::{Entry, Target};
use crate::jwt::Claims;
use crate::session::SessionId;

/// The `typ` of a signed [`Snapshot`].
pub const SNAPSHOT_TYPE: &str = "revocations+jwt";
/// The `aud` of a signed [`Snapshot`].
const SNAPSHOT_AUDIENCE: &str = "revocations";
/// How long a signed snapshot may be on its way.
const SNAPSHOT_LIFETIME: Duration = Duration::from_secs(60);

/// A place in a feed: what was told up to here. As text, `epoch.sequence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which feed: it has another one after each start of its process.
    pub epoch: Box<str>,
    /// How many entries it has told since.
    pub sequence: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.sequence)
    }
}

/// The text is not the place in a feed, or an event is not one of a feed's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of a feed of revocations")]
pub struct Malformed;

impl FromStr for Cursor {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (epoch, sequence) = text.rsplit_once('.').ok_or(Malformed)?;
        let canonical = |number: &u64| number.to_string() == sequence;
        let sequence = sequence.parse().ok().filter(canonical).ok_or(Malformed)?;
        Ok(Self { epoch: epoch.into(), sequence })
    }
}

/// One event of a feed. Its [`Display`](fmt::Display) is a server-sent event (`text/event-stream`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The place in the feed behind it.
    pub cursor: Cursor,
    /// What it says.
    pub message: Message,
}

/// What an [`Event`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// This was revoked.
    Revoked(Entry),
    /// All that was revoked up to this moment has been told, up to the cursor of the event: the heartbeat.
    Confirmed(NumericDate),
    /// What came between the reader's place and this one is not known here any more: fetch the snapshot.
    Lost,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawTarget {
    Session(SessionId),
    User(Box<str>),
    Token(Box<str>),
}

#[derive(Serialize, Deserialize)]
struct RawRevoked {
    #[serde(flatten)]
    target: RawTarget,
    at_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct RawConfirmed {
    as_of_ms: i64,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, data) = match &self.message {
            Message::Revoked(entry) => ("revoked", json(&RawRevoked::from(entry.clone()))?),
            Message::Confirmed(as_of) => ("confirmed", json(&RawConfirmed { as_of_ms: as_of.as_millis() })?),
            Message::Lost => ("lost", "{}".to_owned()),
        };
        write!(f, "id: {}\nevent: {name}\ndata: {data}\n\n", self.cursor)
    }
}

fn json(value: &impl Serialize) -> Result<String, fmt::Error> {
    serde_json::to_string(value).map_err(|_| fmt::Error)
}

impl Event {
    /// The event with these fields; `None` for one of a kind that this release does not know.
    pub(super) fn read(id: &str, name: &str, data: &str) -> Result<Option<Self>, Malformed> {
        let message = match name {
            "revoked" => {
                let raw: RawRevoked = serde_json::from_str(data).map_err(|_| Malformed)?;
                Message::Revoked(raw.into())
            }
            "confirmed" => {
                let RawConfirmed { as_of_ms } = serde_json::from_str(data).map_err(|_| Malformed)?;
                Message::Confirmed(NumericDate::from_millis(as_of_ms))
            }
            "lost" => Message::Lost,
            _ => return Ok(None),
        };
        Ok(Some(Self { cursor: id.parse()?, message }))
    }
}

impl From<Entry> for RawRevoked {
    fn from(entry: Entry) -> Self {
        let target = match entry.target {
            Target::Session(id) => RawTarget::Session(id),
            Target::User(id) => RawTarget::User(id),
            Target::Token(id) => RawTarget::Token(id),
        };
        Self { target, at_ms: entry.at.as_millis() }
    }
}

impl From<RawRevoked> for Entry {
    fn from(raw: RawRevoked) -> Self {
        let target = match raw.target {
            RawTarget::Session(id) => Target::Session(id),
            RawTarget::User(id) => Target::User(id),
            RawTarget::Token(id) => Target::Token(id),
        };
        Self { target, at: NumericDate::from_millis(raw.at_ms) }
    }
}

/// All that a view holds, and its place in the feed: for those who know nothing yet, or may have missed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where the feed goes on.
    pub cursor: Cursor,
    /// The moment up to which it is complete; `None` while its source does not know itself.
    pub as_of: Option<NumericDate>,
    /// For how long what was revoked is to be remembered.
    pub remembered: Duration,
    /// What was revoked.
    pub entries: Vec<Entry>,
}

/// The claims of a signed snapshot. An entry is a pair of an id and milliseconds: it is most of the size.
#[derive(Default, Serialize, Deserialize)]
struct RawSnapshot {
    cursor: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    as_of_ms: Option<i64>,
    remembered_ms: u64,
    sessions: Vec<(SessionId, i64)>,
    users: Vec<(Box<str>, i64)>,
    tokens: Vec<(Box<str>, i64)>,
}

impl Snapshot {
    /// What signs snapshots of this issuer, whose signature is then checked with the keys of its tokens.
    #[must_use]
    pub fn signer(key: SigningKey, issuer: &str) -> Signer {
        Signer::new(key, issuer, SNAPSHOT_AUDIENCE, SNAPSHOT_LIFETIME).token_type(SNAPSHOT_TYPE)
    }

    /// The snapshot as a signed JWT.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(self, signer: &Signer, now: NumericDate) -> Result<String, SignError> {
        let mut raw = RawSnapshot {
            cursor: self.cursor.to_string(),
            as_of_ms: self.as_of.map(NumericDate::as_millis),
            remembered_ms: u64::try_from(self.remembered.as_millis()).unwrap_or(u64::MAX),
            ..RawSnapshot::default()
        };
        for Entry { target, at } in self.entries {
            let at = at.as_millis();
            match target {
                Target::Session(id) => raw.sessions.push((id, at)),
                Target::User(id) => raw.users.push((id, at)),
                Target::Token(id) => raw.tokens.push((id, at)),
            }
        }
        signer.sign(&Claims::new(raw), now)
    }

    /// What accepts the snapshots of this issuer that have at most this many bytes, and nothing else.
    pub(super) fn verifier(issuer: &str, max_size: usize) -> Verifier {
        Verifier::new(issuer, SNAPSHOT_AUDIENCE).token_type(SNAPSHOT_TYPE).max_length(max_size)
    }

    /// The snapshot that a signed JWT says.
    pub(super) fn verify(
        token: &str,
        verifier: &Verifier,
        keys: &impl KeySource,
        now: NumericDate,
    ) -> Result<Self, VerifyError> {
        let keys = keys.snapshot(now).map_err(|_| VerifyError::KeysUnavailable)?;
        let raw = verifier.verify::<RawSnapshot>(token, &*keys, now)?.into_claims();
        let malformed = |_| VerifyError::Malformed { reason: "it names no place in a feed" };
        let at = NumericDate::from_millis;
        let sessions = raw.sessions.into_iter().map(|(id, millis)| Entry::session(id, at(millis)));
        let users = raw.users.into_iter().map(|(id, millis)| Entry::user(id, at(millis)));
        let tokens = raw.tokens.into_iter().map(|(id, millis)| Entry::token(id, at(millis)));
        Ok(Self {
            cursor: raw.cursor.parse().map_err(malformed)?,
            as_of: raw.as_of_ms.map(at),
            remembered: Duration::from_millis(raw.remembered_ms),
            entries: sessions.chain(users).chain(tokens).collect(),
        })
    }
}
