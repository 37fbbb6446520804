//! What a chart needs besides the steps of one scope: all sums of an account by hour, and latencies by step.

use std::ops::Range;

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, AutomationId, Timestamp};
use postrider_storage::statistics::latency::{Bucket, Histogram};
use postrider_storage::statistics::{Counts, STEPS_MAX, Scope, TimeStep};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{action_key, code, counts, ids_of};
use crate::columns::{self, uuid};
use crate::sql_error::SqlResult;
use crate::statement;

/// In the order of the key.
const OF_ACCOUNT: &str = "
    SELECT events, succeeded, failed, canceled, attempts, attempts_failed, stored_bytes, held_back,
        account_id, automation_id, action_id, at
    FROM statistics
    WHERE account_id = $1 AND step = 1 AND (at, automation_id, action_id) > ($2, $3, $4) AND at < $5
    ORDER BY at, automation_id, action_id LIMIT $6";

/// See [`postrider_storage::StatisticsStore::account_statistics`].
pub(super) async fn of_account(
    client: &impl GenericClient,
    account: AccountId,
    span: &Range<Timestamp>,
    after: Option<(Timestamp, Scope)>,
    limit: usize,
) -> SqlResult<Vec<(Timestamp, Scope, Counts)>> {
    let (at_ms, [_, automation, action]) = match after {
        Some((at, scope)) => (at.unix_ms(), ids_of(&scope)),
        // Follows every id that is stored.
        None => (span.start.unix_ms().saturating_sub(1), [Uuid::max(); 3]),
    };
    let params: &statement::Params<'_> = &[
        &uuid(account.as_bytes()),
        &at_ms,
        &automation,
        &action,
        &span.end.unix_ms(),
        &columns::number(limit),
    ];
    let rows = statement::query(client, OF_ACCOUNT, params).await?;
    rows.iter()
        .map(|row| Ok((columns::time(row, 11)?, scope(row, account)?, counts(row)?)))
        .collect()
}

fn scope(row: &Row, account: AccountId) -> SqlResult<Scope> {
    if row.try_get::<_, Uuid>(9)?.is_nil() {
        return Ok(Scope::Account(account));
    }
    if row.try_get::<_, Uuid>(10)?.is_nil() {
        let automation = columns::id(row, 9, AutomationId::from_bytes)?;
        return Ok(Scope::Automation(account, automation));
    }
    action_key(row, 8).map(Scope::Action)
}

/// In the order of the key.
const LATENCY_STEPS: &str =
    "SELECT at, bucket, count FROM latencies WHERE step = $1 AND at >= $2 AND at < $3 ORDER BY at";

/// See [`postrider_storage::StatisticsStore::latency_steps`].
pub(super) async fn latencies(
    client: &impl GenericClient,
    step: TimeStep,
    span: &Range<Timestamp>,
) -> SqlResult<Vec<(Timestamp, Histogram)>> {
    let params: &statement::Params<'_> = &[&code(step), &span.start.unix_ms(), &span.end.unix_ms()];
    let mut steps: Vec<(Timestamp, Histogram)> = Vec::new();
    for row in statement::query(client, LATENCY_STEPS, params).await? {
        let at = columns::time(&row, 0)?;
        if steps.last().is_none_or(|(last, _)| *last != at) {
            if steps.len() == STEPS_MAX {
                break;
            }
            steps.push((at, Histogram::new()));
        }
        if let Some((_, histogram)) = steps.last_mut() {
            histogram.add(columns::code(&row, 1, Bucket::from_code)?, columns::sum(&row, 2)?);
        }
    }
    Ok(steps)
}
