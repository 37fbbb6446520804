//! How the newest deliveries of actions ended: each action's hours are read from the newest back to its last
//! success, whatever other actions the account has.

use std::ops::Range;

use postrider_model::{AccountId, ActionId, Timestamp};
use postrider_storage::statistics::{NewestResults, result_hours_each};
use rusqlite::Connection;

use crate::columns;
use crate::sql_error::SqlResult;

/// The index is named, because the key has the account's hours in the same order.
pub(crate) const NEWEST: &str = "SELECT at, succeeded, failed FROM statistics INDEXED BY statistics_by_action
     WHERE action_id = ?1 AND at >= ?2 AND at < ?3 AND account_id = ?4
         AND step = 1 AND action_id <> x'00000000000000000000000000000000'
     ORDER BY at DESC LIMIT ?5";

/// See [`postrider_storage::StatisticsStore::newest_results`].
pub(super) fn newest(
    conn: &Connection,
    account: AccountId,
    actions: &[ActionId],
    span: &Range<Timestamp>,
) -> SqlResult<Vec<NewestResults>> {
    let hours = columns::number(result_hours_each(actions.len()));
    let mut statement = conn.prepare_cached(NEWEST)?;
    let mut all = Vec::with_capacity(actions.len());
    for action in actions {
        let mut results = NewestResults {
            action: *action,
            last_success: None,
            failures_since: None,
        };
        let mut rows = statement.query((
            action.as_bytes(),
            span.start.unix_ms(),
            span.end.unix_ms(),
            account.as_bytes(),
            hours,
        ))?;
        while let Some(row) = rows.next()? {
            let at = columns::time(row, 0)?;
            if columns::count(row, 1)? > 0 {
                results.last_success = Some(at);
                break;
            }
            if columns::count(row, 2)? > 0 {
                let last = results.failures_since.map_or(at, |(_, last)| last);
                results.failures_since = Some((at, last));
            }
        }
        all.push(results);
    }
    Ok(all)
}
