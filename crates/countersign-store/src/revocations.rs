//! What was revoked lately, and being told of it at once.

use countersign::session::SessionId;
use countersign_jwt::NumericDate;
use sqlx::postgres::PgListener;

use crate::engine::{REVOCATIONS_CHANNEL, SIGNING_KEYS_CHANNEL};
use crate::sessions::session_id;
use crate::store::moment;
use crate::{Store, StoreError, statements};

/// How many sessions one message names: PostgreSQL carries 8,000 bytes, and an id has 22 letters.
const PER_MESSAGE: usize = 300;

/// Hears of what other processes do in the moment in which it is acknowledged: see [`Store::listen`].
///
/// Messages get lost with the connection, so whoever must not miss any also asks
/// [`sessions_revoked_since`](Store::sessions_revoked_since) and [`signing_keys`](Store::signing_keys).
#[derive(Debug)]
pub struct Listener {
    listener: PgListener,
}

/// What a [`Listener`] hears.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// These sessions were revoked, and when.
    Revoked(Vec<(SessionId, NumericDate)>),
    /// The signing keys are others than before.
    SigningKeys,
}

impl Store {
    /// The sessions that say that they were revoked after this moment, and when: those that were acknowledged before the call.
    ///
    /// The moments are by the clocks of those who revoked. Who asks again and again goes back by more than clocks differ and
    /// a commit takes.
    ///
    /// # Errors
    /// [`StoreError`] when the database gave no answer.
    pub async fn sessions_revoked_since(
        &self,
        moment_before: NumericDate,
    ) -> Result<Vec<(SessionId, NumericDate)>, StoreError> {
        let asked = sqlx::query(statements::SESSIONS_REVOKED_SINCE).bind(moment_before.as_millis());
        let rows = self.answer(asked.fetch_all(self.reads())).await?;
        let revoked = |row| Ok((session_id(row)?, moment(row, "revoked_at")?));
        Ok(rows.iter().map(revoked).collect::<Result<_, sqlx::Error>>()?)
    }

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

    /// Tells those who listen. That somebody is not told is made good by their asking, so it is no error.
    pub(crate) async fn announce(&self, ids: &[SessionId], at: NumericDate) {
        let Some(statement) = self.announcement() else { return };
        for ids in ids.chunks(PER_MESSAGE) {
            let asked = sqlx::query(statement).bind(message(ids, at));
            if let Err(error) = self.answer(asked.execute(self.writes())).await {
                tracing::debug!(%error, "other instances were not told of a revocation, and will ask");
                return;
            }
        }
    }
}

impl Store {
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
fn message(ids: &[SessionId], at: NumericDate) -> String {
    let mut message = at.as_millis().to_string();
    for id in ids {
        message.push(' ');
        message.push_str(&id.to_string());
    }
    message
}

/// `None` for what nobody of ours has written: then there may be something that is not understood.
fn read(message: &str) -> Option<Vec<(SessionId, NumericDate)>> {
    let mut words = message.split(' ');
    let at = NumericDate::from_millis(words.next()?.parse().ok()?);
    words.map(|id| Some((id.parse().ok()?, at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written_and_fits_the_channel() {
        let at = NumericDate::from_millis(1_700_000_000_123);
        let ids: Vec<_> = (0..PER_MESSAGE).map(|number| SessionId::from_bytes([number as u8; 16])).collect();
        let text = message(&ids, at);
        assert!(text.len() < 8_000, "{}", text.len());
        assert_eq!(read(&text), Some(ids.into_iter().map(|id| (id, at)).collect()));
    }

    #[test]
    fn what_others_write_into_the_channel_is_not_understood() {
        for text in ["", "hello", "1 short", "1 AAAAAAAAAAAAAAAAAAAAAA  ", "x AAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
