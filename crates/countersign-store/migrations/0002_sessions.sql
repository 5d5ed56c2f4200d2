-- One row a session, however often it is refreshed. Nothing in it can be presented.
CREATE TABLE sessions (
    id {BLOB} NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    counter BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    idle_lifetime BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revocation TEXT,
    user_agent TEXT,
    address TEXT
);

CREATE INDEX sessions_of_user ON sessions (user_id);

-- To clear away by.
CREATE INDEX sessions_by_end ON sessions (ends_at);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
