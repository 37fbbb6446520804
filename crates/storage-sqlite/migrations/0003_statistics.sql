-- Sums of what happened, by time. A range of the key is what an account did in some hours; 16 zero bytes stand where a
-- sum is not of an action (automation_id, action_id), and where it is not of an account either.
CREATE TABLE statistics (
    account_id      BLOB    NOT NULL,
    step            INTEGER NOT NULL,  -- 0: a minute, 1: an hour
    at              INTEGER NOT NULL,  -- when it began
    automation_id   BLOB    NOT NULL,
    action_id       BLOB    NOT NULL,
    events          INTEGER NOT NULL,
    succeeded       INTEGER NOT NULL,  -- this and the next two: deliveries
    failed          INTEGER NOT NULL,
    canceled        INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    attempts_failed INTEGER NOT NULL,
    PRIMARY KEY (account_id, step, at, automation_id, action_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX statistics_by_age ON statistics (step, at);
-- The hours in which an action failed.
CREATE INDEX statistics_failing ON statistics (at, account_id, automation_id, action_id, failed)
    WHERE failed > 0 AND step = 1 AND action_id <> x'00000000000000000000000000000000';

-- How long the installation's deliveries took.
CREATE TABLE latencies (
    step   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    bucket INTEGER NOT NULL,  -- see `postrider_storage::statistics::latency`
    count  INTEGER NOT NULL,
    PRIMARY KEY (step, at, bucket)
) STRICT, WITHOUT ROWID;
