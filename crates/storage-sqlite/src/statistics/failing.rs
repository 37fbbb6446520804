//! The actions with the most failed deliveries, found among only the hours with failures: actions that never
//! fail cost nothing.

use std::ops::Range;

use postrider_model::Timestamp;
use postrider_storage::statistics::{ActionKey, FAILING_HOURS_MAX, FailingAction, STEPS_MAX, TimeStep};
use rusqlite::Connection;

use super::action_key;
use crate::columns;
use crate::sql_error::SqlResult;

/// Reads only columns that the index holds.
pub(crate) const MOST: &str = "SELECT account_id, automation_id, action_id, failed
     FROM statistics INDEXED BY statistics_failing
     WHERE failed > 0 AND step = 1 AND action_id <> x'00000000000000000000000000000000' AND at >= ?1 AND at < ?2
     ORDER BY at DESC LIMIT ?3";

/// By the whole key, hour by hour, because the account may have many other actions.
pub(crate) const SUCCEEDED: &str = "SELECT succeeded FROM statistics
     WHERE account_id = ?1 AND step = 1 AND at = ?2 AND automation_id = ?3 AND action_id = ?4";

/// Finds failing actions; see [`postrider_storage::StatisticsStore::failing_actions`].
pub(super) fn most(
    conn: &Connection,
    span: &Range<Timestamp>,
    limit: usize,
) -> SqlResult<Vec<FailingAction>> {
    let sql = format!(
        "SELECT account_id, automation_id, action_id, sum(failed) AS failed FROM ({MOST})
         GROUP BY account_id, automation_id, action_id ORDER BY 4 DESC, 1, 2, 3 LIMIT ?4"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query((
        span.start.unix_ms(),
        span.end.unix_ms(),
        columns::number(FAILING_HOURS_MAX),
        columns::number(limit),
    ))?;
    let mut failing = Vec::new();
    while let Some(row) = rows.next()? {
        failing.push(FailingAction {
            key: action_key(row, 0)?,
            failed: columns::count(row, 3)?,
            succeeded: 0,
        });
    }
    for action in &mut failing {
        action.succeeded = succeeded(conn, &action.key, span)?;
    }
    Ok(failing)
}

/// How many of its deliveries succeeded in the hours of the span, of which it reads at most [`STEPS_MAX`].
fn succeeded(conn: &Connection, key: &ActionKey, span: &Range<Timestamp>) -> SqlResult<u64> {
    let mut statement = conn.prepare_cached(SUCCEEDED)?;
    let mut sum = 0;
    for at in TimeStep::Hour.starts_within(span).take(STEPS_MAX) {
        let mut rows = statement.query((
            key.account.as_bytes(),
            at.unix_ms(),
            key.automation.as_bytes(),
            key.action.as_bytes(),
        ))?;
        if let Some(row) = rows.next()? {
            sum += columns::count(row, 0)?;
        }
    }
    Ok(sum)
}
