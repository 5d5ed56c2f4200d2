CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    sealed {BLOB} NOT NULL,
    public_jwk TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    current_since BIGINT,
    retired_at BIGINT
);

-- Two keys can never both be the one that signs, whoever writes and whenever.
CREATE UNIQUE INDEX signing_keys_one_current ON signing_keys ((retired_at IS NULL))
    WHERE current_since IS NOT NULL AND retired_at IS NULL;
