-- Links and sessions of the console, by the hash of their token. They go with their account and with their API key.
CREATE TABLE grants (
    sha256     BLOB    PRIMARY KEY,
    kind       INTEGER NOT NULL,
    account_id BLOB    REFERENCES accounts (id) ON DELETE CASCADE,  -- NULL: an operator's
    read_only  INTEGER NOT NULL,
    theme      INTEGER,                                             -- NULL: the visitor's own
    api_key_id BLOB    REFERENCES api_keys (id) ON DELETE CASCADE,  -- NULL: no key began it
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_end ON grants (expires_at);
CREATE INDEX grants_by_account ON grants (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX grants_by_api_key ON grants (api_key_id) WHERE api_key_id IS NOT NULL;
