-- What each running service has said of itself last. It is over when the service is, and not copied to another database.
CREATE TABLE instances (
    id TEXT NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    complete_until BIGINT,
    revocations BIGINT NOT NULL
);
