//! What an account stored.

use std::ops::Range;

use postrider_model::{AccountId, Timestamp};
use postrider_storage::statistics::{STORED_HOURS_MAX, TimeStep};
use rusqlite::Connection;

use super::NONE;
use crate::columns;
use crate::sql_error::SqlResult;

/// By the whole key, hour by hour, because the account may have many actions.
pub(crate) const STORED: &str = "SELECT stored_bytes FROM statistics
     WHERE account_id = ?1 AND step = 1 AND at = ?2 AND automation_id = ?3 AND action_id = ?3";

/// See [`postrider_storage::StatisticsStore::stored_bytes`].
pub(super) fn bytes(conn: &Connection, account: AccountId, span: &Range<Timestamp>) -> SqlResult<u64> {
    let mut statement = conn.prepare_cached(STORED)?;
    let mut sum = 0;
    for at in TimeStep::Hour.starts_within(span).take(STORED_HOURS_MAX) {
        let mut rows = statement.query((account.as_bytes(), at.unix_ms(), NONE))?;
        if let Some(row) = rows.next()? {
            sum += columns::count(row, 0)?;
        }
    }
    Ok(sum)
}
