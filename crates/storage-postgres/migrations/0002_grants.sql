-- Links and sessions of the console, by the hash of their token. They go with their account and with their API key.
CREATE TABLE grants (
    sha256     bytea    PRIMARY KEY,
    kind       smallint NOT NULL,
    account_id uuid     REFERENCES accounts (id) ON DELETE CASCADE,  -- NULL: an operator's
    read_only  boolean  NOT NULL,
    theme      smallint,                                             -- NULL: the visitor's own
    api_key_id uuid     REFERENCES api_keys (id) ON DELETE CASCADE,  -- NULL: no key began it
    created_at bigint   NOT NULL,
    expires_at bigint   NOT NULL
);
CREATE INDEX grants_by_end ON grants (expires_at);
CREATE INDEX grants_by_account ON grants (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX grants_by_api_key ON grants (api_key_id) WHERE api_key_id IS NOT NULL;
