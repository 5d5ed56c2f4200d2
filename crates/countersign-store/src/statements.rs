//! Every statement of the service but the tables' own (those are in `migrations/`).
//!
//! One text serves both engines, which asks for some restraint: `$1` placeholders, columns of `TEXT`, `BIGINT` and
//! `BLOB`/`BYTEA` only, no booleans, `ON CONFLICT` rather than a look before the leap. Listing them in one macro means
//! that none can escape the test that prepares each.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)+) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)+

        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$((stringify!($name), $sql)),+];
    };
}

statements! {
    /// Touches the file or the server, and no row that anybody waits for.
    PING = "SELECT 1 FROM countersign_schema LIMIT 1";

    /// No row is inserted when the address is taken; any other conflict is an error.
    INSERT_USER = "INSERT INTO users (id, email, password_hash, created_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (email) DO NOTHING";
    USER_BY_EMAIL = "SELECT id, email, password_hash, created_at, disabled_at FROM users WHERE email = $1";
    USER_BY_ID = "SELECT id, email, password_hash, created_at, disabled_at FROM users WHERE id = $1";
    USERS_AFTER = "SELECT id, email, password_hash, created_at, disabled_at FROM users \
                   WHERE email > $1 ORDER BY email LIMIT $2";
    /// The first moment stays.
    DISABLE_USER = "UPDATE users SET disabled_at = COALESCE(disabled_at, $2) WHERE id = $1";
    REPLACE_PASSWORD_HASH = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2";

    /// Conflicts with the id, or with the one key that is current already: then the other one has won.
    INSERT_FIRST_SIGNING_KEY = "INSERT INTO signing_keys \
                                (id, algorithm, sealed, public_jwk, created_at, current_since) \
                                VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING";
    CURRENT_SIGNING_KEY = "SELECT id, algorithm, sealed, public_jwk, created_at, current_since, retired_at, \
                           token_lifetime FROM signing_keys WHERE current_since IS NOT NULL AND retired_at IS NULL";
    SIGNING_KEYS = "SELECT id, algorithm, sealed, public_jwk, created_at, current_since, retired_at, \
                    token_lifetime FROM signing_keys ORDER BY created_at, id";
    RETIRE_OTHER_SIGNING_KEYS = "UPDATE signing_keys SET retired_at = $2 \
                                 WHERE id <> $1 AND current_since IS NOT NULL AND retired_at IS NULL";
    /// A key that is stored already becomes current again, sealed anew. No row changes when the id belongs to another key.
    INSTALL_SIGNING_KEY = "INSERT INTO signing_keys \
                           (id, algorithm, sealed, public_jwk, created_at, current_since) \
                           VALUES ($1, $2, $3, $4, $5, $5) \
                           ON CONFLICT (id) DO UPDATE SET \
                           sealed = excluded.sealed, \
                           current_since = CASE WHEN signing_keys.retired_at IS NULL \
                           THEN COALESCE(signing_keys.current_since, excluded.current_since) \
                           ELSE excluded.current_since END, \
                           retired_at = NULL \
                           WHERE signing_keys.algorithm = excluded.algorithm \
                           AND signing_keys.public_jwk = excluded.public_jwk";
    /// It has signed nothing, so nobody misses it.
    WITHDRAW_NEXT_SIGNING_KEY = "DELETE FROM signing_keys \
                                 WHERE id <> $1 AND current_since IS NULL AND retired_at IS NULL";
    /// Conflicts with the id, or with the one key that is next already: then the other one has won.
    INSERT_NEXT_SIGNING_KEY = "INSERT INTO signing_keys (id, algorithm, sealed, public_jwk, created_at) \
                               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    /// Of several at the same moment, one changes a row.
    PROMOTE_SIGNING_KEY = "UPDATE signing_keys SET current_since = $2 \
                           WHERE id = $1 AND current_since IS NULL AND retired_at IS NULL";
    /// Not if it has signed again since it was retired at that moment.
    REMOVE_RETIRED_SIGNING_KEY = "DELETE FROM signing_keys WHERE id = $1 AND retired_at = $2";
    RAISE_TOKEN_LIFETIME = "UPDATE signing_keys SET token_lifetime = $2 \
                            WHERE id = $1 AND (token_lifetime IS NULL OR token_lifetime < $2)";
    RESEAL_SIGNING_KEY = "UPDATE signing_keys SET sealed = $3 WHERE id = $1 AND sealed = $2";

    NOTE_KEY_PICKUP = "INSERT INTO key_pickups (verifier, key_id, fetched_at) VALUES ($1, $2, $3) \
                       ON CONFLICT (verifier) DO UPDATE SET \
                       key_id = excluded.key_id, fetched_at = excluded.fetched_at";
    KEY_PICKUPS = "SELECT verifier, key_id, fetched_at FROM key_pickups ORDER BY verifier";

    REPORT_INSTANCE = "INSERT INTO instances (id, started_at, reported_at, complete_until, revocations, \
                       signing_key, next_key, keys_read_at, unnamed_readers) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET \
                       reported_at = excluded.reported_at, complete_until = excluded.complete_until, \
                       revocations = excluded.revocations, signing_key = excluded.signing_key, \
                       next_key = excluded.next_key, keys_read_at = excluded.keys_read_at, \
                       unnamed_readers = excluded.unnamed_readers";
    FORGET_INSTANCES = "DELETE FROM instances WHERE reported_at < $1";
    INSTANCES = "SELECT id, started_at, reported_at, complete_until, revocations, signing_key, next_key, \
                 keys_read_at, unnamed_readers FROM instances ORDER BY started_at, id";
    REPORT_VERIFIER = "INSERT INTO verifiers (instance_id, name, connections, connected_since, seen_at, \
                       told_until, place, resumed_from) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (instance_id, name) DO UPDATE SET \
                       connections = excluded.connections, connected_since = excluded.connected_since, \
                       seen_at = excluded.seen_at, told_until = excluded.told_until, place = excluded.place, \
                       resumed_from = excluded.resumed_from";
    FORGET_VERIFIERS = "DELETE FROM verifiers WHERE seen_at < $1";
    VERIFIERS = "SELECT instance_id, name, connections, connected_since, seen_at, told_until, place, resumed_from \
                 FROM verifiers ORDER BY name, instance_id";

    /// Conflicts with the id or with the status index.
    INSERT_SESSION = "INSERT INTO sessions (id, user_id, counter, created_at, refreshed_at, expires_at, idle_lifetime, \
                      ends_at, revoked_at, revocation, user_agent, address, status_index) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING";
    SESSION_BY_ID = "SELECT id, user_id, counter, created_at, refreshed_at, expires_at, idle_lifetime, \
                     revoked_at, revocation, user_agent, address, status_index FROM sessions WHERE id = $1";
    /// Of several at the same moment, one changes a row.
    ROTATE_SESSION = "UPDATE sessions SET counter = $3, refreshed_at = $4, ends_at = $5, \
                      address = COALESCE($6, address) \
                      WHERE id = $1 AND counter = $2 AND revoked_at IS NULL";
    /// The first revocation stays.
    REVOKE_SESSION = "UPDATE sessions SET revoked_at = $2, revocation = $3 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_SESSIONS_OF_USER = "UPDATE sessions SET revoked_at = $3, revocation = $4 \
                               WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL RETURNING id";
    LIVE_SESSIONS_OF_USER = "SELECT id, user_id, counter, created_at, refreshed_at, expires_at, idle_lifetime, \
                             revoked_at, revocation, user_agent, address, status_index FROM sessions \
                             WHERE user_id = $1 AND revoked_at IS NULL AND ends_at > $2 \
                             ORDER BY refreshed_at DESC, id LIMIT $3";
    SESSIONS_REVOKED_SINCE = "SELECT id, revoked_at FROM sessions WHERE revoked_at > $1";
    STATUS_INDEXES_REVOKED_SINCE = "SELECT status_index FROM sessions \
                                    WHERE revoked_at > $1 AND status_index IS NOT NULL";
    HIGHEST_STATUS_INDEX = "SELECT status_index FROM sessions WHERE status_index IS NOT NULL \
                            ORDER BY status_index DESC LIMIT 1";
    PURGE_SESSIONS = "DELETE FROM sessions WHERE id IN \
                      (SELECT id FROM sessions WHERE ends_at <= $1 OR revoked_at <= $1 LIMIT $2)";

    /// Of several moments the last counts, whoever comes when. Nothing is made to count for a shorter time.
    REVOKE_TARGET = "INSERT INTO revocations (id, revoked_at, counts_until) VALUES ($1, $2, $3) \
                     ON CONFLICT (id) DO UPDATE SET revoked_at = excluded.revoked_at, \
                     counts_until = CASE WHEN excluded.counts_until > revocations.counts_until \
                     THEN excluded.counts_until ELSE revocations.counts_until END \
                     WHERE excluded.revoked_at > revocations.revoked_at";
    REVOKED_SINCE = "SELECT id, revoked_at, counts_until FROM revocations \
                     WHERE revoked_at > $1 AND counts_until > $2";
    PURGE_REVOCATIONS = "DELETE FROM revocations WHERE id IN \
                         (SELECT id FROM revocations WHERE counts_until <= $1 LIMIT $2)";
}

#[cfg(test)]
mod tests {
    use sqlx::{Executor, SqlSafeStr};

    use super::*;
    use crate::Store;

    #[tokio::test]
    async fn every_statement_is_accepted_by_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_file(&folder.path().join("test.db")).await.unwrap();
        for (name, sql) in ALL {
            let refusal = store.writes().prepare(sql.into_sql_str()).await.err();
            assert!(refusal.is_none(), "{name}: {refusal:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_is_accepted_by_postgres() {
        let store = Store::open(&throwaway_postgres::shared().database()).await.unwrap();
        for (name, sql) in ALL {
            let refusal = store.writes().prepare(sql.into_sql_str()).await.err();
            assert!(refusal.is_none(), "{name}: {refusal:?}");
        }
    }

    #[test]
    fn no_statement_uses_what_only_one_engine_understands() {
        for (name, sql) in ALL {
            for word in
                ["?", "BOOLEAN", "TRUE", "FALSE", "INSERT OR", "AUTOINCREMENT", "::", "NOW()", "ILIKE"]
            {
                assert!(!sql.contains(word), "{name} contains {word}");
            }
        }
    }
}
