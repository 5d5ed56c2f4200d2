//! Being told at once of what other processes do, where the database tells.

use countersign::revocation::{Entry, Target};
use countersign::session::SessionId;
use countersign_jwt::{NumericDate, base64url};
use sqlx::postgres::PgListener;

use crate::engine::{REVOCATIONS_CHANNEL, SIGNING_KEYS_CHANNEL};
use crate::{Revoked, Store, StoreError};

/// How many sessions one message names: PostgreSQL carries 8,000 bytes, and an id has 22 letters.
const PER_MESSAGE: usize = 300;

/// Hears of what other processes do in the moment in which it is acknowledged: see [`Store::listen`].
///
/// Messages get lost with the connection, so whoever must not miss any also asks
/// [`sessions_revoked_since`](Store::sessions_revoked_since), [`revoked_since`](Store::revoked_since) and
/// [`signing_keys`](Store::signing_keys).
#[derive(Debug)]
pub struct Listener {
    listener: PgListener,
}

/// What a [`Listener`] hears.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// These were revoked.
    Revoked(Announced),
    /// The signing keys are others than before.
    SigningKeys,
}

/// What one message tells to be revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Sessions, and when they were revoked.
    pub sessions: Vec<(SessionId, NumericDate)>,
    /// Users and single tokens.
    pub others: Vec<Revoked>,
}

impl Store {
    /// Listens, over one connection of its own, to what other processes revoke and to changes of the signing keys; `None` on
    /// SQLite, which tells nobody.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        let Some(url) = self.postgres_url() else { return Ok(None) };
        let listening = async {
            let mut listener = PgListener::connect(url.as_str()).await?;
            listener.listen_all([REVOCATIONS_CHANNEL, SIGNING_KEYS_CHANNEL]).await?;
            Ok(listener)
        };
        Ok(Some(Listener { listener: self.answer(listening).await? }))
    }

    /// Tells those who listen of sessions.
    pub(crate) async fn announce_sessions(&self, ids: &[SessionId], at: NumericDate) {
        for ids in ids.chunks(PER_MESSAGE) {
            if self.announce(of_sessions(ids, at)).await.is_err() {
                return;
            }
        }
    }

    /// Tells those who listen of a user or a token.
    pub(crate) async fn announce_target(&self, revoked: &Revoked) {
        // Whoever is not told asks.
        drop(self.announce(of_target(revoked)).await);
    }

    /// That somebody is not told is made good by their asking, so it is no error to anybody else.
    async fn announce(&self, message: String) -> Result<(), StoreError> {
        let Some(statement) = self.announcement() else { return Ok(()) };
        let told = self.answer(sqlx::query(statement).bind(message).execute(self.writes())).await;
        told.map(drop).inspect_err(
            |error| tracing::debug!(%error, "other instances were not told of a revocation, and will ask"),
        )
    }

    /// Tells those who listen that the signing keys have changed. Who is not told looks now and then.
    pub(crate) async fn announce_signing_keys(&self) {
        let Some(statement) = self.signing_keys_announcement() else { return };
        if let Err(error) = self.answer(sqlx::query(statement).execute(self.writes())).await {
            tracing::debug!(%error, "other instances were not told of a change of keys, and will look");
        }
    }
}

impl Listener {
    /// What has happened, when something has; `None` if messages may have been lost: ask, and listen anew.
    ///
    /// # Errors
    /// [`StoreError`] when the connection is gone. Nothing is lost by not waiting to the last.
    pub async fn next(&mut self) -> Result<Option<News>, StoreError> {
        let Some(notification) = self.listener.try_recv().await? else { return Ok(None) };
        match notification.channel() {
            SIGNING_KEYS_CHANNEL => Ok(Some(News::SigningKeys)),
            _ => Ok(read(notification.payload()).map(News::Revoked)),
        }
    }
}

/// The moment in milliseconds and the ids, with a space between each.
fn of_sessions(ids: &[SessionId], at: NumericDate) -> String {
    let mut message = at.as_millis().to_string();
    for id in ids {
        message.push(' ');
        message.push_str(&id.to_string());
    }
    message
}

/// The moment, and what is revoked: its kind, its id in base64url, and until when it counts, with a dot between each. No id of
/// a session has one.
fn of_target(Revoked { entry, counts_until }: &Revoked) -> String {
    let at = entry.at.as_millis();
    let (kind, id) = match &entry.target {
        Target::Session(id) => return of_sessions(&[*id], entry.at),
        Target::User(id) => ("user", id),
        Target::Token(id) => ("token", id),
    };
    format!("{at} {kind}.{}.{}", base64url::encode(id.as_bytes()), counts_until.as_millis())
}

/// `None` for what nobody of ours has written, or a release after this one: then there may be something that is not understood.
fn read(message: &str) -> Option<Announced> {
    let mut words = message.split(' ');
    let at = NumericDate::from_millis(words.next()?.parse().ok()?);
    let mut announced = Announced::default();
    for word in words {
        match word.contains('.') {
            true => announced.others.push(target(word, at)?),
            false => announced.sessions.push((word.parse().ok()?, at)),
        }
    }
    Some(announced)
}

fn target(word: &str, at: NumericDate) -> Option<Revoked> {
    let mut parts = word.split('.');
    let (kind, id, until) = (parts.next()?, parts.next()?, parts.next()?);
    let id = String::from_utf8(base64url::decode(id).ok()?).ok()?;
    let entry = match (kind, parts.next()) {
        ("user", None) => Entry::user(id, at),
        ("token", None) => Entry::token(id, at),
        _ => return None,
    };
    Some(Revoked { entry, counts_until: NumericDate::from_millis(until.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: NumericDate = NumericDate::from_millis(1_700_000_000_123);

    #[test]
    fn a_message_is_read_as_it_was_written_and_fits_the_channel() {
        let ids: Vec<_> = (0..PER_MESSAGE).map(|number| SessionId::from_bytes([number as u8; 16])).collect();
        let text = of_sessions(&ids, AT);
        assert!(text.len() < 8_000, "{}", text.len());
        let sessions = ids.into_iter().map(|id| (id, AT)).collect();
        assert_eq!(read(&text), Some(Announced { sessions, others: Vec::new() }));

        let until = NumericDate::from_millis(-7);
        for entry in [Entry::user("a b.ü\n", AT), Entry::user("", AT), Entry::token("x".repeat(1_000), AT)] {
            let revoked = Revoked { entry, counts_until: until };
            let text = of_target(&revoked);
            assert_eq!(
                read(&text),
                Some(Announced { sessions: Vec::new(), others: vec![revoked] }),
                "{text}"
            );
        }
    }

    #[test]
    fn what_others_write_into_the_channel_is_not_understood() {
        for text in [
            "",
            "hello",
            "1 short",
            "1 AAAAAAAAAAAAAAAAAAAAAA  ",
            "x AAAAAAAAAAAAAAAAAAAAAA",
            "1 group.dXNlcg.2",
            "1 user.dXNlcg",
            "1 user.dXNlcg.2.3",
            "1 user.dXNlcg.x",
            "1 user.d.2",
            "1 token._w.2",
            "1 AAAAAAAAAAAAAAAAAAAAAA session.AAAA.2",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
