//! The backlog: pending deliveries, counted up to a bound, over indexes of only such deliveries.

use deadpool_postgres::GenericClient;
use postrider_model::Timestamp;
use postrider_storage::statistics::{BACKLOG_ACTIONS_MAX, BACKLOG_COUNTED_MAX, Backlog};

use crate::columns;
use crate::deliveries::waiting;
use crate::sql_error::SqlResult;
use crate::statement;

/// Ordered like the index: otherwise PostgreSQL would read the whole table if it has no statistics about it
/// yet, such as a new day's table.
const WAITING: &str = "SELECT count(*), min(state_at) FROM (
         SELECT state_at FROM deliveries WHERE status = 0 AND owner IS NULL
         ORDER BY action_id, state_at, id LIMIT $1
     ) AS waiting";

const OWNED: &str = "SELECT count(*) FROM (
         SELECT 1 FROM deliveries WHERE owner IS NOT NULL ORDER BY owner LIMIT $1
     ) AS owned";

/// Reads the backlog; see [`postrider_storage::StatisticsStore::backlog`].
pub(super) async fn backlog(client: &impl GenericClient, now: Timestamp) -> SqlResult<Backlog> {
    let one_more = columns::number(BACKLOG_COUNTED_MAX + 1);
    let row = statement::query_one(client, WAITING, &[&one_more]).await?;
    let (waiting, mut oldest): (i64, _) = (row.try_get(0)?, columns::time_opt(&row, 1)?);
    if waiting == one_more {
        // The count stopped at the bound, so the oldest delivery may be among the uncounted ones.
        let lanes = waiting::lanes(client, Timestamp::EPOCH, None, BACKLOG_ACTIONS_MAX).await?;
        oldest = lanes.iter().map(|lane| lane.next_due).min();
    }
    let row = statement::query_one(client, OWNED, &[&one_more]).await?;
    let pending = waiting + row.try_get::<_, i64>(0)?;
    let pending = usize::try_from(pending).unwrap_or(usize::MAX);
    Ok(Backlog {
        pending: pending.min(BACKLOG_COUNTED_MAX),
        is_more: pending > BACKLOG_COUNTED_MAX,
        oldest_due: oldest.filter(|due| *due <= now),
    })
}
