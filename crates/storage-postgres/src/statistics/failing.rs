//! The actions with the most failed deliveries, found among only the hours with failures: actions that never
//! fail cost nothing.

use std::ops::Range;

use deadpool_postgres::GenericClient;
use postrider_model::Timestamp;
use postrider_storage::statistics::{FAILING_HOURS_MAX, FailingAction, STEPS_MAX, TimeStep};

use super::action_key;
use crate::columns;
use crate::sql_error::SqlResult;
use crate::statement;

/// Reads the succeeded deliveries by the whole key, hour by hour, because the account may have many other
/// actions. OFFSET 0 forces that plan.
const MOST: &str = "
    WITH failing AS MATERIALIZED (
        SELECT account_id, automation_id, action_id, sum(failed)::bigint AS failed
        FROM (
            SELECT account_id, automation_id, action_id, failed FROM statistics
            WHERE failed > 0 AND step = 1 AND action_id <> '00000000-0000-0000-0000-000000000000'
                AND at >= $1 AND at < $2
            ORDER BY at DESC LIMIT $3
        ) AS newest
        GROUP BY account_id, automation_id, action_id
        ORDER BY failed DESC, account_id, automation_id, action_id LIMIT $4
    )
    SELECT f.account_id, f.automation_id, f.action_id, f.failed, coalesce(s.succeeded, 0)
    FROM failing AS f CROSS JOIN LATERAL (
        SELECT sum(s.succeeded)::bigint AS succeeded
        FROM generate_series($5::bigint, $6::bigint, $7::bigint) AS hours (at)
        CROSS JOIN LATERAL (
            SELECT succeeded FROM statistics
            WHERE account_id = f.account_id AND step = 1 AND at = hours.at
                AND automation_id = f.automation_id AND action_id = f.action_id OFFSET 0
        ) AS s
    ) AS s
    ORDER BY f.failed DESC, f.account_id, f.automation_id, f.action_id";

/// Finds failing actions; see [`postrider_storage::StatisticsStore::failing_actions`].
pub(super) async fn most(
    client: &impl GenericClient,
    span: &Range<Timestamp>,
    limit: usize,
) -> SqlResult<Vec<FailingAction>> {
    let (start_ms, end_ms) = (span.start.unix_ms(), span.end.unix_ms());
    let length_ms = TimeStep::Hour.length_ms();
    let first_ms = start_ms + (-start_ms).rem_euclid(length_ms);
    let last_ms = (end_ms - 1).min(first_ms + columns::number(STEPS_MAX - 1) * length_ms);
    let rows = statement::query(
        client,
        MOST,
        &[
            &start_ms,
            &end_ms,
            &columns::number(FAILING_HOURS_MAX),
            &columns::number(limit),
            &first_ms,
            &last_ms,
            &length_ms,
        ],
    )
    .await?;
    rows.iter()
        .map(|row| {
            Ok(FailingAction {
                key: action_key(row, 0)?,
                failed: columns::sum(row, 3)?,
                succeeded: columns::sum(row, 4)?,
            })
        })
        .collect()
}
