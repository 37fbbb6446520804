-- Sums of what happened, by time. A range of the key is what an account did in some hours; the nil id stands where a sum
-- is not of an action (automation_id, action_id), and where it is not of an account either.
-- The rows of now are updated every few seconds by each node: room is left for that on their pages.
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
