-- What each instance has said of the verifiers that read its feed. It is over when the verifier is, and not copied to another
-- database.
CREATE TABLE verifiers (
    instance_id TEXT NOT NULL,
    name TEXT NOT NULL,
    connections BIGINT NOT NULL,
    connected_since BIGINT,
    seen_at BIGINT NOT NULL,
    told_until BIGINT,
    place TEXT,
    resumed_from TEXT,
    PRIMARY KEY (instance_id, name)
);

-- What an instance says of its keys, and how many read its feed without a name.
ALTER TABLE instances ADD COLUMN signing_key TEXT;
ALTER TABLE instances ADD COLUMN next_key TEXT;
ALTER TABLE instances ADD COLUMN keys_read_at BIGINT;
ALTER TABLE instances ADD COLUMN unnamed_readers BIGINT NOT NULL DEFAULT 0;
