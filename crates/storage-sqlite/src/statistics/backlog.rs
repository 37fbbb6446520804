//! The backlog: pending deliveries, counted up to a bound, over indexes of only such deliveries.

use postrider_model::Timestamp;
use postrider_storage::statistics::{BACKLOG_ACTIONS_MAX, BACKLOG_COUNTED_MAX, Backlog};
use rusqlite::Connection;

use crate::columns;
use crate::deliveries::waiting;
use crate::sql_error::SqlResult;

/// Does not use the index of waiting deliveries: that index lacks the owner, so SQLite would have to look up
/// each row.
pub(crate) const WAITING_COUNT: &str = "SELECT 1 FROM deliveries INDEXED BY deliveries_not_succeeded
     WHERE status <> 1 AND owner IS NULL AND status = 0 LIMIT ?1";

pub(crate) const OWNED_COUNT: &str = "SELECT 1 FROM deliveries INDEXED BY deliveries_not_succeeded
     WHERE status <> 1 AND owner > -9223372036854775808 LIMIT ?1";

/// Reads the backlog; see [`postrider_storage::StatisticsStore::backlog`].
pub(super) fn backlog(conn: &Connection, now: Timestamp) -> SqlResult<Backlog> {
    let mut pending = 0;
    for of_kind in [WAITING_COUNT, OWNED_COUNT] {
        let mut statement = conn.prepare_cached(&format!("SELECT count(*) FROM ({of_kind})"))?;
        pending += statement.query_row((columns::number(BACKLOG_COUNTED_MAX + 1),), |row| {
            row.get::<_, i64>(0)
        })?;
    }
    let pending = usize::try_from(pending).unwrap_or(usize::MAX);
    let lanes = waiting::lanes(conn, Timestamp::EPOCH, None, BACKLOG_ACTIONS_MAX)?;
    let oldest = lanes.iter().map(|lane| lane.next_due).min();
    Ok(Backlog {
        pending: pending.min(BACKLOG_COUNTED_MAX),
        is_more: pending > BACKLOG_COUNTED_MAX,
        oldest_due: oldest.filter(|due| *due <= now),
    })
}
