-- Which next key a verifier was given last. It counts until that key signs, and is not copied to another database.
CREATE TABLE key_pickups (
    verifier TEXT NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    fetched_at BIGINT NOT NULL
);
