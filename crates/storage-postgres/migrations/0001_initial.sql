-- The first schema. Times are milliseconds since 1970 (bigint), enums the numbers that the model's `code()`
-- gives. Why the tables look like this is told in `src/lib.rs`. The account stands in every key, so that rows
-- can be spread by it.

CREATE TABLE accounts (
    id           uuid     PRIMARY KEY,
    uid          text     UNIQUE,
    name         text     NOT NULL,
    metadata     text     NOT NULL,
    retry_delays text,                -- JSON array of seconds
    created_at   bigint   NOT NULL,
    updated_at   bigint   NOT NULL,
    version      bigint   NOT NULL
);

CREATE TABLE signing_keys (
    account_id uuid   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id         uuid   NOT NULL,
    secret     text   NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,                -- NULL: the current key
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (account_id) WHERE expires_at IS NULL;

CREATE TABLE automations (
    account_id   uuid    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id           uuid    NOT NULL,
    name         text    NOT NULL,
    enabled      boolean NOT NULL,
    trigger      text    NOT NULL,    -- JSON object; this and the next: see `postrider_storage::encoding`
    actions      text    NOT NULL,    -- JSON array of objects with a `type`
    retry_delays text,                -- JSON array of seconds
    created_at   bigint  NOT NULL,
    updated_at   bigint  NOT NULL,
    version      bigint  NOT NULL,
    PRIMARY KEY (account_id, id)
);

-- Rows of deleted types stay, marked, so that a list that stands at one of them knows where to go on.
CREATE TABLE event_types (
    number      bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text    COLLATE "C" NOT NULL UNIQUE,
    description bytea   NOT NULL,     -- UTF-8 that may hold U+0000, which `text` cannot
    example     text,
    schema      text,
    created_at  bigint  NOT NULL,
    updated_at  bigint  NOT NULL,
    deleted     boolean NOT NULL DEFAULT false
);
CREATE INDEX event_types_by_age ON event_types (created_at DESC, name);

CREATE TABLE api_keys (
    id         uuid   PRIMARY KEY,
    name       text   NOT NULL,
    sha256     bytea  NOT NULL,
    created_at bigint NOT NULL
);

-- A dead session keeps its row for a while: its deliveries are found by its number.
CREATE TABLE sessions (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lease_ms    bigint      NOT NULL,
    alive_until timestamptz NOT NULL,  -- by this database's clock
    dead        boolean     NOT NULL DEFAULT false
);

-- What other nodes have to read again. `xid` tells a reader which rows its last snapshot cannot have shown.
CREATE TABLE changes (
    number     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid        xid8        NOT NULL DEFAULT pg_current_xact_id(),
    kind       text        NOT NULL,   -- account, event_types, api_keys, sessions
    account_id uuid,                   -- of kind account: which
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX changes_by_xid ON changes (xid);
CREATE INDEX changes_by_age ON changes (at);

-- The database itself notes what changes, so that no statement can forget to. `NOTIFY` only wakes the readers
-- up.
CREATE FUNCTION note_change_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changes (kind, account_id) VALUES ('account', OLD.id);
    PERFORM pg_notify('postrider_changes', '');
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_changed AFTER UPDATE OR DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION note_change_of_account();

CREATE FUNCTION note_change_in_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changes (kind, account_id)
    VALUES ('account', CASE TG_OP WHEN 'DELETE' THEN OLD.account_id ELSE NEW.account_id END);
    PERFORM pg_notify('postrider_changes', '');
    RETURN NULL;
END $$;
CREATE TRIGGER signing_keys_changed AFTER INSERT OR UPDATE OR DELETE ON signing_keys
    FOR EACH ROW EXECUTE FUNCTION note_change_in_account();
CREATE TRIGGER automations_changed AFTER INSERT OR UPDATE OR DELETE ON automations
    FOR EACH ROW EXECUTE FUNCTION note_change_in_account();

-- For each row, as a statement that finds nothing to do (an event type that is known already) is no change.
CREATE FUNCTION note_change_of_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changes (kind) VALUES (TG_TABLE_NAME);
    PERFORM pg_notify('postrider_changes', '');
    RETURN NULL;
END $$;
CREATE TRIGGER event_types_changed AFTER INSERT OR UPDATE OR DELETE ON event_types
    FOR EACH ROW EXECUTE FUNCTION note_change_of_table();
CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION note_change_of_table();

CREATE TRIGGER session_died AFTER UPDATE OF dead ON sessions
    FOR EACH ROW WHEN (NEW.dead AND NOT OLD.dead) EXECUTE FUNCTION note_change_of_table();

-- Numbers of events, handed out to nodes in blocks.
CREATE SEQUENCE event_seqs INCREMENT BY 65536;

-- Append only. Each partition holds a day; the default one what no day was made for.
CREATE TABLE events (
    account_id        uuid     NOT NULL,
    created_at        bigint   NOT NULL,
    seq               bigint   NOT NULL,
    id                uuid     NOT NULL,
    first_delivery_id uuid,                -- NULL: no deliveries
    occurred_at       bigint,
    delivery_count    integer  NOT NULL,
    flags             smallint NOT NULL,   -- see `postrider_storage::encoding`
    type              text     NOT NULL,
    warning_code      text,
    warning_pointer   bytea,               -- UTF-8 that may hold U+0000, which `text` cannot
    data              bytea    NOT NULL,
    PRIMARY KEY (account_id, created_at, seq)
) PARTITION BY RANGE (created_at);
CREATE INDEX events_by_id ON events (account_id, id);
CREATE TABLE events_default PARTITION OF events DEFAULT;
-- Whole days are dropped; what lies here has to be found by its age, to be removed row by row.
CREATE INDEX events_default_by_age ON events_default (created_at, account_id, seq);

-- What producers may use only once within an account: ids of their own choice, idempotency keys. Only events
-- that have such a thing pay for it; no unique index over partitions could hold it.
CREATE TABLE event_keys (
    account_id uuid     NOT NULL,
    kind       smallint NOT NULL,          -- 1: id, 2: idempotency key
    key        bytea    NOT NULL,          -- the id's 16 bytes, or the idempotency key's
    created_at bigint   NOT NULL,          -- of the event
    seq        bigint   NOT NULL,
    PRIMARY KEY (account_id, kind, key)
);
CREATE INDEX event_keys_by_age ON event_keys (created_at);

-- waiting: status 0, owner NULL. Owned: status 0, owner set. Settled: any other status, owner NULL.
-- An id begins with the time, so that a range of ids is a day.
CREATE TABLE deliveries (
    account_id       uuid     NOT NULL,
    id               uuid     NOT NULL,
    event_created_at bigint   NOT NULL,
    event_seq        bigint   NOT NULL,
    automation_id    uuid     NOT NULL,
    action_id        uuid     NOT NULL,
    state_at         bigint   NOT NULL,    -- waiting: when it is due; owned: when it was due; settled: since when
    owner            bigint,               -- number of a session
    data_bytes       integer  NOT NULL,    -- length of the event's data
    attempts         integer  NOT NULL,
    resends          integer  NOT NULL,
    recorded         integer  NOT NULL,    -- the highest number of an attempt on record; 0: there is none
    body             integer  NOT NULL,    -- under 256: a built-in form; from there on left to rows of templates
    status           smallint NOT NULL,
    resend_of        smallint,
    last_status_code smallint,
    last_outcome     smallint,
    PRIMARY KEY (account_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX deliveries_waiting ON deliveries (action_id, state_at, id) WHERE status = 0 AND owner IS NULL;
CREATE INDEX deliveries_owned ON deliveries (owner) WHERE owner IS NOT NULL;
CREATE INDEX deliveries_unhappy ON deliveries (account_id, status, id) WHERE status > 1;
CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT;

-- Append only.
CREATE TABLE attempts (
    account_id         uuid     NOT NULL,
    delivery_id        uuid     NOT NULL,
    started_at         bigint   NOT NULL,
    duration_ns        bigint   NOT NULL,
    number             integer  NOT NULL,  -- within its delivery, from 1
    outcome            smallint NOT NULL,
    exchange           smallint NOT NULL,  -- its kind; what the following hold is told in `postrider_storage::encoding`
    status_code        smallint,           -- NULL: there was no response
    response_truncated boolean  NOT NULL,
    error              bytea,              -- this and the next: UTF-8 that may hold U+0000
    url                bytea    NOT NULL,
    request_headers    bytea    NOT NULL,
    response_headers   bytea    NOT NULL,
    response_body      bytea    NOT NULL,
    PRIMARY KEY (account_id, delivery_id, number)
) PARTITION BY RANGE (delivery_id);
CREATE TABLE attempts_default PARTITION OF attempts DEFAULT;

-- For a statement that is sent together with its `COMMIT`: it calls this where it would not change all the
-- rows that it should. That undoes the transaction, and the node does the work again, one look at a time.
CREATE FUNCTION fail_as_not_all() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not all rows are as expected' USING ERRCODE = 'PR001';
END $$;

-- What `prune` still has to remove.
CREATE TABLE deleted_accounts (
    account_id uuid        PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row that `/readyz` writes to, to know that writing works.
CREATE TABLE write_checks (
    number integer PRIMARY KEY CHECK (number = 1),
    made   bigint  NOT NULL
);
INSERT INTO write_checks (number, made) VALUES (1, 0);

-- What was copied into this database from another store. While one is unfinished, no node works here.
CREATE TABLE copies (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,  -- as people call it
    fingerprint text        NOT NULL,  -- tells it, and the state it is in, from others
    stage       smallint    NOT NULL,  -- this and the next: how far it came; see `postrider_storage::transfer`
    after       bigint      NOT NULL,
    events      bigint      NOT NULL,  -- how many are here
    begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE UNIQUE INDEX copies_unfinished ON copies ((true)) WHERE finished_at IS NULL;

-- Links and sessions of the console, by the hash of their token. They go with their account and with their
-- API key.
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

-- Sums of what happened, by time. A range of the key is what an account did in some hours; the nil id stands
-- where a sum is not of an action (automation_id, action_id), and where it is not of an account either. The
-- rows of now are updated every few seconds by each node: room is left for that on their pages.
CREATE TABLE statistics (
    account_id      uuid     NOT NULL,
    step            smallint NOT NULL,  -- 0: a minute, 1: an hour
    at              bigint   NOT NULL,  -- when it began
    automation_id   uuid     NOT NULL,
    action_id       uuid     NOT NULL,
    events          bigint   NOT NULL,
    succeeded       bigint   NOT NULL,  -- this and the next two: deliveries
    failed          bigint   NOT NULL,
    canceled        bigint   NOT NULL,
    attempts        bigint   NOT NULL,
    attempts_failed bigint   NOT NULL,
    PRIMARY KEY (account_id, step, at, automation_id, action_id)
) WITH (fillfactor = 70);
CREATE INDEX statistics_by_age ON statistics (step, at);
-- The hours in which an action failed.
CREATE INDEX statistics_failing ON statistics (at) INCLUDE (account_id, automation_id, action_id, failed)
    WHERE failed > 0 AND step = 1 AND action_id <> '00000000-0000-0000-0000-000000000000';

-- How long the installation's deliveries took.
CREATE TABLE latencies (
    step   smallint NOT NULL,
    at     bigint   NOT NULL,
    bucket smallint NOT NULL,  -- see `postrider_storage::statistics::latency`
    count  bigint   NOT NULL,
    PRIMARY KEY (step, at, bucket)
) WITH (fillfactor = 70);
