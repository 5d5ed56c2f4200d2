-- Users and single tokens that are revoked; a session says so of itself. The id begins with what it is the id of, and each is forgotten
-- when no token that it concerns can be good any more.
CREATE TABLE revocations (
    id TEXT NOT NULL PRIMARY KEY,
    revoked_at BIGINT NOT NULL,
    counts_until BIGINT NOT NULL
);

-- To ask and to clear away by.
CREATE INDEX revocations_by_moment ON revocations (revoked_at);
CREATE INDEX revocations_by_end ON revocations (counts_until);
