-- The first schema. Times are milliseconds since 1970, ids the 16 bytes of their UUID, enums the numbers that
-- the model's `code()` returns. `src/lib.rs` explains the design of the tables.

CREATE TABLE accounts (
    number       INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    uid          TEXT    UNIQUE,
    name         TEXT    NOT NULL,
    metadata     TEXT    NOT NULL,
    retry_delays TEXT,               -- JSON array of seconds
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    -- Deliveries created earlier may have been canceled while a session owned them. NULL: none was.
    canceled_before INTEGER
) STRICT;

CREATE TABLE signing_keys (
    number     INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE,
    account_id BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    secret     BLOB    NOT NULL,  -- sealed; see `postrider_storage::sealing`
    created_at INTEGER NOT NULL,
    expires_at INTEGER              -- NULL: the current key
) STRICT;
CREATE INDEX signing_keys_by_account ON signing_keys (account_id, created_at);
-- By the id of the master key that sealed the secret.
CREATE INDEX signing_keys_by_master_key ON signing_keys (substr(secret, 2, 8));
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (account_id) WHERE expires_at IS NULL;

CREATE TABLE automations (
    number       INTEGER PRIMARY KEY,
    account_id   BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id           BLOB    NOT NULL,
    uid          TEXT,
    name         TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    metadata     TEXT    NOT NULL,
    enabled      INTEGER NOT NULL,
    trigger      TEXT    NOT NULL,  -- JSON object; see `postrider_storage::encoding`
    actions      TEXT    NOT NULL,  -- JSON array of objects with a `type`; see there
    secrets      BLOB,              -- JSON of the actions' secrets, sealed; NULL: none
    retry_delays TEXT,              -- JSON array of seconds
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    UNIQUE (account_id, id)
) STRICT;
CREATE UNIQUE INDEX automations_by_uid ON automations (account_id, uid) WHERE uid IS NOT NULL;
CREATE INDEX automations_by_master_key ON automations (substr(secrets, 2, 8)) WHERE secrets IS NOT NULL;

-- How an account's actions authenticate at receivers.
CREATE TABLE connections (
    number         INTEGER PRIMARY KEY,
    account_id     BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id             BLOB    NOT NULL,
    name           TEXT    NOT NULL,
    authentication TEXT    NOT NULL,  -- JSON object with a `type`; see `postrider_storage::encoding`
    secret         BLOB    NOT NULL,  -- sealed
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    hosts          TEXT    NOT NULL,  -- JSON array of texts
    UNIQUE (account_id, id)
) STRICT;
CREATE INDEX connections_by_master_key ON connections (substr(secret, 2, 8));

-- The health of actions whose deliveries have failed for good. Results change it, in their own commit.
CREATE TABLE action_health (
    account_id    BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    action_id     BLOB    NOT NULL,
    automation_id BLOB    NOT NULL,
    failing_since INTEGER,            -- NULL: not failing
    is_announced  INTEGER NOT NULL,   -- whether the last announcement says that it is failing
    announced_at  INTEGER,            -- when the last announcement said so; NULL: never
    disabled_at   INTEGER,            -- when Postrider switched it off; NULL: it did not
    PRIMARY KEY (account_id, action_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX action_health_unhealthy ON action_health (coalesce(disabled_at, failing_since) DESC)
    WHERE coalesce(disabled_at, failing_since) IS NOT NULL;

-- Rows of deleted types stay, marked as deleted, because a list's cursor may point at one of them.
CREATE TABLE event_types (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL UNIQUE,
    description TEXT    NOT NULL,
    example     TEXT,
    schema      TEXT,
    visible     INTEGER NOT NULL,  -- to customers
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    deleted     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX event_types_by_age ON event_types (created_at DESC, name);

-- Deleting an account also deletes its keys.
CREATE TABLE api_keys (
    id            BLOB    PRIMARY KEY,
    name          TEXT    NOT NULL,
    prefix        TEXT    NOT NULL,  -- the key's first characters; empty: not shown
    sha256        BLOB    NOT NULL,
    is_configured INTEGER NOT NULL,
    permissions   INTEGER NOT NULL,  -- a bit for each
    account_id    BLOB    REFERENCES accounts (id) ON DELETE CASCADE,  -- NULL: all accounts
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER,           -- NULL: never
    last_used_at  INTEGER            -- NULL: never
) STRICT;
CREATE INDEX api_keys_by_account ON api_keys (account_id) WHERE account_id IS NOT NULL;
-- An operator configures at most one key.
CREATE UNIQUE INDEX api_keys_configured ON api_keys (is_configured) WHERE is_configured;

-- One sealed row, written at the first start: it ties the database to its master key.
CREATE TABLE master_key (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    probe  BLOB    NOT NULL
) STRICT;

-- Live sessions only: a dead session is a number without a row. AUTOINCREMENT never reuses a number.
CREATE TABLE sessions (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    lease_ms    INTEGER NOT NULL,
    alive_until INTEGER NOT NULL
) STRICT;

-- Append only, except for `missed_count` and `flags`; `data` is the last column, so that the other columns
-- are read without its overflow pages.
CREATE TABLE events (
    seq               INTEGER PRIMARY KEY,
    account_id        BLOB    NOT NULL,
    id                BLOB    NOT NULL,
    type              TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    occurred_at       INTEGER,
    flags             INTEGER NOT NULL,  -- see `postrider_storage::encoding`
    warning_code      TEXT,
    warning_pointer   TEXT,
    idempotency_key   TEXT,
    first_delivery_id BLOB,              -- NULL: no deliveries
    delivery_count    INTEGER NOT NULL,  -- at its acceptance
    missed_count      INTEGER,           -- deliveries added since, whose ids follow; NULL: none
    deliver_at        INTEGER,           -- NULL: at once
    headers           BLOB,              -- NULL: none; see `postrider_storage::encoding`
    data              BLOB    NOT NULL
) STRICT;
CREATE INDEX events_by_id ON events (id);
CREATE INDEX events_by_account ON events (account_id, created_at);
CREATE UNIQUE INDEX events_by_idempotency_key ON events (account_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;

-- Waiting: status 0, owner NULL. Owned: status 0, owner set. Settled: any other status, owner NULL.
CREATE TABLE deliveries (
    id               BLOB    PRIMARY KEY,
    event_seq        INTEGER NOT NULL,
    account_id       BLOB    NOT NULL,
    automation_id    BLOB    NOT NULL,
    action_id        BLOB    NOT NULL,
    body             INTEGER NOT NULL,   -- under 256: a built-in form; others: 256 + templates.number
    status           INTEGER NOT NULL,
    attempts         INTEGER NOT NULL,
    resends          INTEGER NOT NULL,
    resend_of        INTEGER,
    owner            INTEGER,            -- number of a session
    state_at         INTEGER NOT NULL,   -- waiting: due time; owned: former due time; settled: since when
    last_status_code INTEGER,
    last_outcome     INTEGER,
    last_attempt     INTEGER             -- attempts.seq of the newest attempt
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_waiting ON deliveries (action_id, state_at) WHERE status = 0 AND owner IS NULL;
CREATE INDEX deliveries_not_succeeded ON deliveries (owner, status, account_id) WHERE status <> 1;
-- Failed and canceled deliveries of all accounts, newest first.
CREATE INDEX deliveries_unhappy ON deliveries (id) WHERE status > 1;

-- The deliveries of each template. Bodies under 256 are built in.
CREATE INDEX deliveries_of_template ON deliveries (body) WHERE body >= 256;

-- Templates that deliveries refer to: `body` is 256 plus the number. AUTOINCREMENT never reuses a number.
CREATE TABLE templates (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   BLOB    NOT NULL,
    hash         BLOB    NOT NULL,  -- SHA-256 of kind, content type and source
    kind         TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    source       BLOB    NOT NULL,
    used_at      INTEGER NOT NULL,  -- when an action was last known to use it
    UNIQUE (account_id, hash)
) STRICT;
CREATE INDEX templates_by_use ON templates (used_at);

-- Append only; a delivery's attempts form a chain from `deliveries.last_attempt` through `previous`.
CREATE TABLE attempts (
    seq                INTEGER PRIMARY KEY,
    previous           INTEGER,           -- seq of the previous attempt
    number             INTEGER NOT NULL,  -- within its delivery, from 1
    started_at         INTEGER NOT NULL,
    duration_ns        INTEGER NOT NULL,
    outcome            INTEGER NOT NULL,
    fenced             INTEGER NOT NULL,  -- reported by a session that no longer owned the delivery
    exchange           INTEGER NOT NULL,  -- its kind; see `postrider_storage::encoding`
    status_code        INTEGER,           -- NULL: no response
    error              TEXT,
    url                TEXT    NOT NULL,
    request_headers    BLOB    NOT NULL,
    response_headers   BLOB    NOT NULL,
    response_truncated INTEGER NOT NULL,
    response_body      BLOB    NOT NULL
) STRICT;

-- Accounts whose remaining rows `prune` still has to remove.
CREATE TABLE deleted_accounts (
    number     INTEGER PRIMARY KEY,
    account_id BLOB    NOT NULL UNIQUE
) STRICT;

-- The time by which events age, in one row; see `postrider_storage::rules::confirmed_time`.
CREATE TABLE confirmed_time (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    at     INTEGER NOT NULL
) STRICT;

-- One row that `/readyz` updates, to check that writing works.
CREATE TABLE write_checks (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    made   INTEGER NOT NULL
) STRICT;
INSERT INTO write_checks (number, made) VALUES (1, 0);

-- Portal links and sessions of the console, by the hash of their token. Deleting an account or an API key
-- also deletes its grants, and deleting a link the sessions that it began.
CREATE TABLE grants (
    id          BLOB    NOT NULL UNIQUE,
    sha256      BLOB    PRIMARY KEY,
    kind        INTEGER NOT NULL,
    account_id  BLOB    REFERENCES accounts (id) ON DELETE CASCADE,  -- NULL: the staff's
    permissions INTEGER NOT NULL,                                    -- a bit for each
    theme       INTEGER,                                             -- NULL: the visitor's own
    api_key_id  BLOB    REFERENCES api_keys (id) ON DELETE CASCADE,  -- NULL: not created by a key
    link_id     BLOB    REFERENCES grants (id) ON DELETE CASCADE,    -- NULL: no portal link began it
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    -- All four are NULL unless the person signed in through an identity provider.
    person_issuer  TEXT,
    person_subject TEXT,
    person_name    TEXT,
    person_email   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_end ON grants (expires_at);
CREATE INDEX grants_by_account ON grants (account_id, kind, id);
CREATE INDEX grants_by_link ON grants (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX grants_by_api_key ON grants (api_key_id) WHERE api_key_id IS NOT NULL;
CREATE INDEX grants_by_person ON grants (person_subject, person_issuer) WHERE person_subject IS NOT NULL;

-- Requests with an `Idempotency-Key`, by SHA-256 of their sender and that key. Deleting an API key also
-- deletes its requests.
CREATE TABLE requests (
    sha256      BLOB    PRIMARY KEY,
    api_key_id  BLOB    NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    fingerprint BLOB    NOT NULL,  -- SHA-256 of the request itself
    claim       BLOB    NOT NULL,  -- different for each time that a node begins to handle it
    claimed_at  INTEGER  NOT NULL,
    response    BLOB               -- sealed; NULL: it is being handled, or its node died meanwhile
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_age ON requests (claimed_at);
CREATE INDEX requests_by_api_key ON requests (api_key_id, claimed_at);

-- Sums by time. The rows of an account for some hours are one range of the key. If a sum is not of an action,
-- action_id is 16 zero bytes; if it is not of an automation either, automation_id is too; if it is of the
-- whole installation, account_id is too.
CREATE TABLE statistics (
    account_id      BLOB    NOT NULL,
    step            INTEGER NOT NULL,  -- 0: a minute, 1: an hour
    at              INTEGER NOT NULL,  -- when the step began
    automation_id   BLOB    NOT NULL,
    action_id       BLOB    NOT NULL,
    events          INTEGER NOT NULL,
    succeeded       INTEGER NOT NULL,  -- this and the next two: deliveries
    failed          INTEGER NOT NULL,
    canceled        INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    attempts_failed INTEGER NOT NULL,
    stored_bytes    INTEGER NOT NULL,
    held_back       INTEGER NOT NULL,  -- events; only of an automation and of the installation
    PRIMARY KEY (account_id, step, at, automation_id, action_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX statistics_by_age ON statistics (step, at);
-- The hours in which an action had failed deliveries.
CREATE INDEX statistics_failing ON statistics (at, account_id, automation_id, action_id, failed)
    WHERE failed > 0 AND step = 1 AND action_id <> x'00000000000000000000000000000000';

-- Latencies of the installation's deliveries.
CREATE TABLE latencies (
    step   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    bucket INTEGER NOT NULL,  -- see `postrider_storage::statistics::latency`
    count  INTEGER NOT NULL,
    PRIMARY KEY (step, at, bucket)
) STRICT, WITHOUT ROWID;

-- The audit trail. No foreign keys, so that entries outlive what they are about. An id begins with the time.
CREATE TABLE audit (
    number         INTEGER PRIMARY KEY,
    id             BLOB    NOT NULL UNIQUE,
    account_id     BLOB,              -- NULL: the installation
    action         TEXT    NOT NULL,
    actor_kind     TEXT    NOT NULL,
    actor_id       TEXT,
    actor_name     TEXT,
    actor_is_staff INTEGER NOT NULL,
    target_id      TEXT,
    target_name    TEXT,
    details        TEXT,              -- JSON object
    client         TEXT,              -- IP address
    request_id     TEXT
) STRICT;
CREATE INDEX audit_by_account ON audit (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX audit_by_target ON audit (target_id, id) WHERE target_id IS NOT NULL;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit trail cannot be changed');
END;
