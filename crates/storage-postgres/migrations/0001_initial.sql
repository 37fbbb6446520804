-- The first schema. Times are milliseconds since 1970 (bigint), enums the numbers that the model's `code()`
-- returns. `src/lib.rs` explains the design of the tables. Every key contains the account, so that rows can
-- be distributed by account.

CREATE TABLE accounts (
    id           uuid     PRIMARY KEY,
    uid          text     UNIQUE,
    name         text     NOT NULL,
    metadata     text     NOT NULL,
    retry_delays text,                -- JSON array of seconds
    created_at   bigint   NOT NULL,
    updated_at   bigint   NOT NULL,
    version      bigint   NOT NULL,
    -- Deliveries created earlier may have been canceled while a session owned them. NULL: none was.
    canceled_before bigint
);

CREATE TABLE signing_keys (
    account_id uuid   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id         uuid   NOT NULL,
    secret     bytea  NOT NULL,       -- sealed; see `postrider_storage::sealing`
    created_at bigint NOT NULL,
    expires_at bigint,                -- NULL: the current key
    PRIMARY KEY (account_id, id)
);
-- By the id of the master key that sealed the secret.
CREATE INDEX signing_keys_by_master_key ON signing_keys (substring(secret FROM 2 FOR 8));
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (account_id) WHERE expires_at IS NULL;

CREATE TABLE automations (
    account_id   uuid    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id           uuid    NOT NULL,
    uid          text,
    name         text    NOT NULL,
    description  text    NOT NULL,
    metadata     text    NOT NULL,
    enabled      boolean NOT NULL,
    trigger      text    NOT NULL,    -- JSON object; see `postrider_storage::encoding`
    actions      text    NOT NULL,    -- JSON array of objects with a `type`; see there
    secrets      bytea,               -- JSON of the actions' secrets, sealed; NULL: none
    retry_delays text,                -- JSON array of seconds
    created_at   bigint  NOT NULL,
    updated_at   bigint  NOT NULL,
    version      bigint  NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX automations_by_uid ON automations (account_id, uid) WHERE uid IS NOT NULL;
CREATE INDEX automations_by_master_key ON automations (substring(secrets FROM 2 FOR 8)) WHERE secrets IS NOT NULL;

-- How an account's actions authenticate at receivers.
CREATE TABLE connections (
    account_id     uuid   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id             uuid   NOT NULL,
    name           text   NOT NULL,
    authentication text   NOT NULL,   -- JSON object with a `type`; see `postrider_storage::encoding`
    secret         bytea  NOT NULL,   -- sealed
    created_at     bigint NOT NULL,
    updated_at     bigint NOT NULL,
    version        bigint NOT NULL,
    hosts          text   NOT NULL,   -- JSON array of texts
    PRIMARY KEY (account_id, id)
);
CREATE INDEX connections_by_master_key ON connections (substring(secret FROM 2 FOR 8));

-- The health of actions whose deliveries have failed for good. Results change it, in their own commit.
CREATE TABLE action_health (
    account_id    uuid    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    action_id     uuid    NOT NULL,
    automation_id uuid    NOT NULL,
    failing_since bigint,             -- NULL: not failing
    is_announced  boolean NOT NULL,   -- whether the last announcement says that it is failing
    announced_at  bigint,             -- when the last announcement said so; NULL: never
    disabled_at   bigint,             -- when Postrider switched it off; NULL: it did not
    PRIMARY KEY (account_id, action_id)
);
CREATE INDEX action_health_unhealthy ON action_health (coalesce(disabled_at, failing_since) DESC)
    WHERE coalesce(disabled_at, failing_since) IS NOT NULL;

-- Rows of deleted types stay, marked as deleted, because a list's cursor may point at one of them.
CREATE TABLE event_types (
    number      bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text    COLLATE "C" NOT NULL UNIQUE,
    description bytea   NOT NULL,     -- UTF-8 that may contain U+0000, which `text` cannot
    example     text,
    schema      text,
    visible     boolean NOT NULL,     -- to customers
    created_at  bigint  NOT NULL,
    updated_at  bigint  NOT NULL,
    deleted     boolean NOT NULL DEFAULT false
);
CREATE INDEX event_types_by_age ON event_types (created_at DESC, name);

-- Deleting an account also deletes its keys.
CREATE TABLE api_keys (
    id            uuid     PRIMARY KEY,
    name          text     NOT NULL,
    prefix        text     NOT NULL,  -- the key's first characters; empty: not shown
    sha256        bytea    NOT NULL,
    is_configured boolean  NOT NULL,
    permissions   smallint NOT NULL,  -- a bit for each
    account_id    uuid     REFERENCES accounts (id) ON DELETE CASCADE,  -- NULL: all accounts
    created_at    bigint   NOT NULL,
    expires_at    bigint,             -- NULL: never
    last_used_at  bigint              -- NULL: never
);
CREATE INDEX api_keys_by_account ON api_keys (account_id) WHERE account_id IS NOT NULL;
-- An operator configures at most one key.
CREATE UNIQUE INDEX api_keys_configured ON api_keys (is_configured) WHERE is_configured;

-- One sealed row, written at the first start: it ties the database to its master key.
CREATE TABLE master_key (
    number integer PRIMARY KEY CHECK (number = 1),
    probe  bytea   NOT NULL
);

-- A dead session keeps its row for a while: its deliveries are found by its number.
CREATE TABLE sessions (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lease_ms    bigint      NOT NULL,
    alive_until timestamptz NOT NULL,  -- by this database's clock
    dead        boolean     NOT NULL DEFAULT false
);

-- What other nodes have to reload. `xid` tells a reader which rows its last snapshot cannot have contained.
CREATE TABLE changes (
    number     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid        xid8        NOT NULL DEFAULT pg_current_xact_id(),
    kind       text        NOT NULL,   -- account, event_types, api_keys, sessions
    account_id uuid,                   -- for kind account: its id
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX changes_by_xid ON changes (xid);
CREATE INDEX changes_by_age ON changes (at);

-- Triggers record the changes, so that no statement can forget it. `NOTIFY` only wakes the readers.
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
-- Sealing a secret again under another master key changes nothing that a node has to reload.
CREATE TRIGGER signing_keys_changed AFTER INSERT OR UPDATE OF created_at, expires_at OR DELETE ON signing_keys
    FOR EACH ROW EXECUTE FUNCTION note_change_in_account();
CREATE TRIGGER automations_changed
    AFTER INSERT OR UPDATE OF uid, name, description, metadata, enabled, trigger, actions, retry_delays, updated_at,
        version OR DELETE ON automations
    FOR EACH ROW EXECUTE FUNCTION note_change_in_account();
CREATE TRIGGER connections_changed
    AFTER INSERT OR UPDATE OF name, authentication, hosts, updated_at, version OR DELETE ON connections
    FOR EACH ROW EXECUTE FUNCTION note_change_in_account();

-- A new row says nothing yet; an update follows in the same transaction.
CREATE TRIGGER action_health_changed AFTER UPDATE ON action_health
    FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION note_change_in_account();

-- For each row, because a statement that changes nothing (an event type that is already known) is no change.
CREATE FUNCTION note_change_of_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changes (kind) VALUES (TG_TABLE_NAME);
    PERFORM pg_notify('postrider_changes', '');
    RETURN NULL;
END $$;
CREATE TRIGGER event_types_changed AFTER INSERT OR UPDATE OR DELETE ON event_types
    FOR EACH ROW EXECUTE FUNCTION note_change_of_table();
-- The time of the last use is not such a change.
CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OF sha256, permissions, account_id, expires_at OR DELETE
    ON api_keys FOR EACH ROW EXECUTE FUNCTION note_change_of_table();

CREATE TRIGGER session_died AFTER UPDATE OF dead ON sessions
    FOR EACH ROW WHEN (NEW.dead AND NOT OLD.dead) EXECUTE FUNCTION note_change_of_table();

-- Numbers of events, which nodes draw in blocks.
CREATE SEQUENCE event_seqs INCREMENT BY 65536;

-- Append only, except for `missed_count` and `flags`. Each partition holds a day; the default partition holds
-- rows of days without a partition.
CREATE TABLE events (
    account_id        uuid     NOT NULL,
    created_at        bigint   NOT NULL,
    seq               bigint   NOT NULL,
    id                uuid     NOT NULL,
    first_delivery_id uuid,                -- NULL: no deliveries
    occurred_at       bigint,
    deliver_at        bigint,              -- NULL: at once
    delivery_count    integer  NOT NULL,   -- at its acceptance
    missed_count      integer,             -- deliveries added since, whose ids follow; NULL: none
    flags             smallint NOT NULL,   -- see `postrider_storage::encoding`
    type              text     NOT NULL,
    warning_code      text,
    warning_pointer   bytea,               -- UTF-8 that may contain U+0000, which `text` cannot
    headers           bytea,               -- NULL: none; see `postrider_storage::encoding`
    data              bytea    NOT NULL,
    PRIMARY KEY (account_id, created_at, seq)
) PARTITION BY RANGE (created_at);
CREATE INDEX events_by_id ON events (account_id, id);
CREATE TABLE events_default PARTITION OF events DEFAULT;
-- Whole days are dropped, but rows in the default partition must be found by age and removed one by one.
CREATE INDEX events_default_by_age ON events_default (created_at, account_id, seq);

-- Values that a producer may use only once within an account: ids of its own choice, idempotency keys. Only
-- events that have one pay for it; a unique index cannot span partitions.
CREATE TABLE event_keys (
    account_id uuid     NOT NULL,
    kind       smallint NOT NULL,          -- 1: id, 2: idempotency key
    key        bytea    NOT NULL,          -- the id's 16 bytes, or the bytes of the idempotency key
    created_at bigint   NOT NULL,          -- of the event
    seq        bigint   NOT NULL,
    PRIMARY KEY (account_id, kind, key)
);
CREATE INDEX event_keys_by_age ON event_keys (created_at);

-- Waiting: status 0, owner NULL. Owned: status 0, owner set. Settled: any other status, owner NULL. An id
-- begins with the time, so a range of ids is a day.
CREATE TABLE deliveries (
    account_id       uuid     NOT NULL,
    id               uuid     NOT NULL,
    event_created_at bigint   NOT NULL,
    event_seq        bigint   NOT NULL,
    automation_id    uuid     NOT NULL,
    action_id        uuid     NOT NULL,
    state_at         bigint   NOT NULL,    -- waiting: due time; owned: former due time; settled: since when
    owner            bigint,               -- number of a session
    data_bytes       integer  NOT NULL,    -- of the event's data and headers; see `Event::bytes`
    attempts         integer  NOT NULL,
    resends          integer  NOT NULL,
    recorded         integer  NOT NULL,    -- the highest number of a recorded attempt; 0: none
    body             integer  NOT NULL,    -- under 256: a built-in form; others: 256 + templates.number
    status           smallint NOT NULL,
    resend_of        smallint,
    last_status_code smallint,
    last_outcome     smallint,
    PRIMARY KEY (account_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX deliveries_waiting ON deliveries (action_id, state_at, id) WHERE status = 0 AND owner IS NULL;
CREATE INDEX deliveries_owned ON deliveries (owner) WHERE owner IS NOT NULL;
CREATE INDEX deliveries_unhappy ON deliveries (account_id, status, id) WHERE status > 1;
CREATE INDEX deliveries_unhappy_of_all ON deliveries (id) WHERE status > 1;
-- For lists over all accounts. It costs a delivery nothing but the summary of its pages.
CREATE INDEX deliveries_of_all ON deliveries USING brin (id) WITH (pages_per_range = 32, autosummarize = on);
-- Deliveries that were settled an hour after their event or later: few. A day is dropped only once the last
-- of them is old enough; all others were settled within an hour of their day.
CREATE INDEX deliveries_late ON deliveries (state_at) WHERE status > 0 AND state_at - event_created_at >= 3600000;
-- The deliveries of each template. Bodies under 256 are built in.
CREATE INDEX deliveries_of_template ON deliveries (body) WHERE body >= 256;
CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT;

-- Templates that deliveries refer to: `body` is 256 plus the number.
CREATE TABLE templates (
    number       integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    account_id   uuid    NOT NULL,
    hash         bytea   NOT NULL,  -- SHA-256 of kind, content type and source
    kind         text    NOT NULL,
    content_type text    NOT NULL,
    source       bytea   NOT NULL,  -- UTF-8 that may contain U+0000, which `text` cannot
    used_at      bigint  NOT NULL,  -- when an action was last known to use it
    UNIQUE (account_id, hash)
);
CREATE INDEX templates_by_use ON templates (used_at);

-- Append only.
CREATE TABLE attempts (
    account_id         uuid     NOT NULL,
    delivery_id        uuid     NOT NULL,
    started_at         bigint   NOT NULL,
    duration_ns        bigint   NOT NULL,
    number             integer  NOT NULL,  -- within its delivery, from 1
    outcome            smallint NOT NULL,
    exchange           smallint NOT NULL,  -- its kind; see `postrider_storage::encoding`
    status_code        smallint,           -- NULL: no response
    response_truncated boolean  NOT NULL,
    fenced             boolean  NOT NULL,  -- reported by a session that no longer owned the delivery
    error              bytea,              -- UTF-8 that may contain U+0000, as in `url`
    url                bytea    NOT NULL,
    request_headers    bytea    NOT NULL,
    response_headers   bytea    NOT NULL,
    response_body      bytea    NOT NULL,
    PRIMARY KEY (account_id, delivery_id, number)
) PARTITION BY RANGE (delivery_id);
CREATE TABLE attempts_default PARTITION OF attempts DEFAULT;

-- A statement that is sent together with its `COMMIT` calls this if it would not change all the rows that it
-- should. The error undoes the transaction, and the node repeats the work with one statement after the other.
CREATE FUNCTION fail_as_not_all() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not all rows are as expected' USING ERRCODE = 'PR001';
END $$;

-- Accounts whose remaining rows `prune` still has to remove.
CREATE TABLE deleted_accounts (
    account_id uuid        PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The time by which events age, in one row; see `postrider_storage::rules::confirmed_time`.
CREATE TABLE confirmed_time (
    number integer PRIMARY KEY CHECK (number = 1),
    at     bigint  NOT NULL
);

-- One row that `/readyz` updates, to check that writing works.
CREATE TABLE write_checks (
    number integer PRIMARY KEY CHECK (number = 1),
    made   bigint  NOT NULL
);
INSERT INTO write_checks (number, made) VALUES (1, 0);

-- Copies from another store into this database. While one is unfinished, no node works on it.
CREATE TABLE copies (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,  -- its name for people
    fingerprint text        NOT NULL,  -- identifies the source and its state
    stage       smallint    NOT NULL,  -- with `after`: how far it has come; see `postrider_storage::transfer`
    after       bigint      NOT NULL,
    events      bigint      NOT NULL,  -- how many have been copied
    begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE UNIQUE INDEX copies_unfinished ON copies ((true)) WHERE finished_at IS NULL;

-- Portal links and sessions of the console, by the hash of their token. Deleting an account or an API key
-- also deletes its grants, and deleting a link the sessions that it began.
CREATE TABLE grants (
    id          uuid     NOT NULL UNIQUE,
    sha256      bytea    PRIMARY KEY,
    kind        smallint NOT NULL,
    account_id  uuid     REFERENCES accounts (id) ON DELETE CASCADE,  -- NULL: the staff's
    permissions smallint NOT NULL,                                    -- a bit for each
    theme       smallint,                                             -- NULL: the visitor's own
    api_key_id  uuid     REFERENCES api_keys (id) ON DELETE CASCADE,  -- NULL: not created by a key
    link_id     uuid     REFERENCES grants (id) ON DELETE CASCADE,    -- NULL: no portal link began it
    created_at  bigint   NOT NULL,
    expires_at  bigint   NOT NULL,
    -- All four are NULL unless the person signed in through an identity provider.
    person_issuer  text,
    person_subject text,
    person_name    text,
    person_email   text
);
CREATE INDEX grants_by_end ON grants (expires_at);
CREATE INDEX grants_by_account ON grants (account_id, kind, id);
CREATE INDEX grants_by_link ON grants (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX grants_by_api_key ON grants (api_key_id) WHERE api_key_id IS NOT NULL;
CREATE INDEX grants_by_person ON grants (person_subject, person_issuer) WHERE person_subject IS NOT NULL;

-- Requests with an `Idempotency-Key`, by SHA-256 of their sender and that key. Deleting an API key also
-- deletes its requests.
CREATE TABLE requests (
    sha256      bytea   PRIMARY KEY,
    api_key_id  uuid    NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    fingerprint bytea   NOT NULL,  -- SHA-256 of the request itself
    claim       uuid    NOT NULL,  -- different for each time that a node begins to handle it
    claimed_at  bigint   NOT NULL,
    response    bytea              -- sealed; NULL: it is being handled, or its node died meanwhile
);
CREATE INDEX requests_by_age ON requests (claimed_at);
CREATE INDEX requests_by_api_key ON requests (api_key_id, claimed_at);

-- Sums by time. The rows of an account for some hours are one range of the key. If a sum is not of an action,
-- action_id is the nil id; if it is not of an automation either, automation_id is too; if it is of the whole
-- installation, account_id is too. Each node updates the current rows every few seconds: `fillfactor` leaves
-- room for that on their pages.
CREATE TABLE statistics (
    account_id      uuid     NOT NULL,
    step            smallint NOT NULL,  -- 0: a minute, 1: an hour
    at              bigint   NOT NULL,  -- when the step began
    automation_id   uuid     NOT NULL,
    action_id       uuid     NOT NULL,
    events          bigint   NOT NULL,
    succeeded       bigint   NOT NULL,  -- this and the next two: deliveries
    failed          bigint   NOT NULL,
    canceled        bigint   NOT NULL,
    attempts        bigint   NOT NULL,
    attempts_failed bigint   NOT NULL,
    stored_bytes    bigint   NOT NULL,
    held_back       bigint   NOT NULL,  -- events; only of an automation and of the installation
    PRIMARY KEY (account_id, step, at, automation_id, action_id)
) WITH (fillfactor = 70);
CREATE INDEX statistics_by_age ON statistics (step, at);
-- The hours in which an action had failed deliveries.
CREATE INDEX statistics_failing ON statistics (at) INCLUDE (account_id, automation_id, action_id, failed)
    WHERE failed > 0 AND step = 1 AND action_id <> '00000000-0000-0000-0000-000000000000';

-- Latencies of the installation's deliveries.
CREATE TABLE latencies (
    step   smallint NOT NULL,
    at     bigint   NOT NULL,
    bucket smallint NOT NULL,  -- see `postrider_storage::statistics::latency`
    count  bigint   NOT NULL,
    PRIMARY KEY (step, at, bucket)
) WITH (fillfactor = 70);

-- The first free slot of each rate limit that nodes share, in nanoseconds since the epoch; see
-- `postrider_storage::rules::rate_limits`. Each node updates the rows of its busy limits every second. Losing
-- the table exceeds each limit once, so it needs no log.
CREATE UNLOGGED TABLE rate_limits (
    action_id uuid   PRIMARY KEY,
    free_ns   bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- The audit trail. No foreign keys, so that entries outlive what they are about. An id begins with the time.
CREATE TABLE audit (
    id             uuid    PRIMARY KEY,
    account_id     uuid,              -- NULL: the installation
    action         text    NOT NULL,
    actor_kind     text    NOT NULL,
    actor_id       text,
    actor_name     text,
    actor_is_staff boolean NOT NULL,
    target_id      text,
    target_name    text,
    details        text,              -- JSON object
    client         text,              -- IP address
    request_id     text
);
CREATE INDEX audit_by_account ON audit (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX audit_by_target ON audit (target_id, id) WHERE target_id IS NOT NULL;
CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit trail cannot be changed';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();
