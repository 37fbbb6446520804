//! What a chart needs besides the steps of one scope: all sums of an account by hour, and latencies by step.

use std::ops::Range;

use postrider_model::{AccountId, AutomationId, Timestamp};
use postrider_storage::statistics::latency::{Bucket, Histogram};
use postrider_storage::statistics::{Counts, STEPS_MAX, Scope, TimeStep};
use rusqlite::{Connection, Row};

use super::{NONE, action_key, counts, ids_of};
use crate::columns;
use crate::sql_error::{SqlError, SqlResult};

/// Follows every id that is stored.
const LAST: [u8; 16] = [0xff; 16];

/// In the order of the key.
pub(crate) const OF_ACCOUNT: &str = "SELECT events, succeeded, failed, canceled, attempts, attempts_failed,
         stored_bytes, held_back, account_id, automation_id, action_id, at
     FROM statistics
     WHERE account_id = ?1 AND step = 1 AND (at, automation_id, action_id) > (?2, ?3, ?4) AND at < ?5
     ORDER BY at, automation_id, action_id LIMIT ?6";

/// See [`postrider_storage::StatisticsStore::account_statistics`].
pub(super) fn of_account(
    conn: &Connection,
    account: AccountId,
    span: &Range<Timestamp>,
    after: Option<(Timestamp, Scope)>,
    limit: usize,
) -> SqlResult<Vec<(Timestamp, Scope, Counts)>> {
    let (at_ms, [_, automation, action]) = match after {
        Some((at, scope)) => (at.unix_ms(), ids_of(&scope)),
        None => (span.start.unix_ms().saturating_sub(1), [LAST; 3]),
    };
    let mut statement = conn.prepare_cached(OF_ACCOUNT)?;
    let mut rows = statement.query((
        account.as_bytes(),
        at_ms,
        automation,
        action,
        span.end.unix_ms(),
        columns::number(limit),
    ))?;
    let mut sums = Vec::new();
    while let Some(row) = rows.next()? {
        sums.push((columns::time(row, 11)?, scope(row, account)?, counts(row)?));
    }
    Ok(sums)
}

fn scope(row: &Row<'_>, account: AccountId) -> SqlResult<Scope> {
    if row.get::<_, [u8; 16]>(9)? == NONE {
        return Ok(Scope::Account(account));
    }
    if row.get::<_, [u8; 16]>(10)? == NONE {
        let automation = columns::id(row, 9, AutomationId::from_bytes)?;
        return Ok(Scope::Automation(account, automation));
    }
    action_key(row, 8).map(Scope::Action)
}

/// In the order of the key.
pub(crate) const LATENCY_STEPS: &str =
    "SELECT at, bucket, count FROM latencies WHERE step = ?1 AND at >= ?2 AND at < ?3 ORDER BY at";

/// See [`postrider_storage::StatisticsStore::latency_steps`].
pub(super) fn latencies(
    conn: &Connection,
    step: TimeStep,
    span: &Range<Timestamp>,
) -> SqlResult<Vec<(Timestamp, Histogram)>> {
    let mut statement = conn.prepare_cached(LATENCY_STEPS)?;
    let mut rows = statement.query((step.code(), span.start.unix_ms(), span.end.unix_ms()))?;
    let mut steps: Vec<(Timestamp, Histogram)> = Vec::new();
    while let Some(row) = rows.next()? {
        let at = columns::time(row, 0)?;
        if steps.last().is_none_or(|(last, _)| *last != at) {
            if steps.len() == STEPS_MAX {
                break;
            }
            steps.push((at, Histogram::new()));
        }
        let bucket = Bucket::from_code(row.get(1)?).ok_or(SqlError::Damaged("a latency"))?;
        if let Some((_, histogram)) = steps.last_mut() {
            histogram.add(bucket, columns::count(row, 2)?);
        }
    }
    Ok(steps)
}
