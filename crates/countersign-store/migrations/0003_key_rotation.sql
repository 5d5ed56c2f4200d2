-- The longest lifetime in milliseconds of a token that the key has signed: for so long it has to be kept when it signs no more.
ALTER TABLE signing_keys ADD COLUMN token_lifetime BIGINT;

-- Of several that prepare the next key at the same moment, one does.
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys ((retired_at IS NULL))
    WHERE current_since IS NULL AND retired_at IS NULL;
