//! What is still to be done: counted up to a bound, over indexes that hold nothing else.

use postrider_model::Timestamp;
use postrider_storage::statistics::{BACKLOG_ACTIONS_MAX, BACKLOG_COUNTED_MAX, Backlog};
use rusqlite::Connection;

use crate::columns;
use crate::deliveries::waiting;
use crate::sql_error::SqlResult;

const WAITING_COUNT: &str = "SELECT state_at FROM deliveries INDEXED BY deliveries_waiting
     WHERE status = 0 AND owner IS NULL LIMIT ?1";

pub(crate) const OWNED_COUNT: &str = "SELECT 1 FROM deliveries INDEXED BY deliveries_not_succeeded
     WHERE status <> 1 AND owner > ?2 LIMIT ?1";

/// See [`postrider_storage::StatisticsStore::backlog`].
pub(super) fn backlog(conn: &Connection, now: Timestamp) -> SqlResult<Backlog> {
    let one_more = columns::number(BACKLOG_COUNTED_MAX + 1);
    let (waiting, mut oldest): (i64, Option<i64>) = conn
        .prepare_cached(&format!("SELECT count(*), min(state_at) FROM ({WAITING_COUNT})"))?
        .query_row((one_more,), |row| Ok((row.get(0)?, row.get(1)?)))?;
    if waiting == one_more {
        // They were counted action by action, and the last ones not at all: the oldest may be anywhere.
        let lanes = waiting::lanes(conn, None, BACKLOG_ACTIONS_MAX)?;
        oldest = lanes.iter().map(|lane| lane.next_due.unix_ms()).min();
    }
    let owned: i64 = conn
        .prepare_cached(&format!("SELECT count(*) FROM ({OWNED_COUNT})"))?
        .query_row((one_more, i64::MIN), |row| row.get(0))?;
    let pending = usize::try_from(waiting + owned).unwrap_or(usize::MAX);
    Ok(Backlog {
        pending: pending.min(BACKLOG_COUNTED_MAX),
        is_more: pending > BACKLOG_COUNTED_MAX,
        oldest_due: oldest.map(Timestamp::from_unix_ms).filter(|due| *due <= now),
    })
}
