//! Actions with waiting deliveries: one index lookup per action, however many deliveries it has.

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, ActionId};
use postrider_storage::WaitingLane;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::sql_error::SqlResult;
use crate::statement;

/// Each recursion finds the first delivery of the next action; PostgreSQL does not skip through an index by
/// itself.
const LANES: &str = "
    WITH RECURSIVE lanes AS (
        (
            SELECT action_id, account_id, state_at, 1::bigint AS nth FROM deliveries
            WHERE status = 0 AND owner IS NULL AND action_id > $1
            ORDER BY action_id, state_at, id LIMIT 1
        )
        UNION ALL
        SELECT next.action_id, next.account_id, next.state_at, lanes.nth + 1
        FROM lanes CROSS JOIN LATERAL (
            SELECT action_id, account_id, state_at FROM deliveries
            WHERE status = 0 AND owner IS NULL AND action_id > lanes.action_id
            ORDER BY action_id, state_at, id LIMIT 1
        ) AS next
        WHERE lanes.nth < $2
    )
    SELECT action_id, account_id, state_at FROM lanes ORDER BY nth";

/// Lanes; see [`postrider_storage::DeliveryStore::waiting_lanes`].
pub(crate) async fn lanes(
    client: &impl GenericClient,
    after: Option<ActionId>,
    limit: usize,
) -> SqlResult<Vec<WaitingLane>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    // The nil id is smaller than any action's.
    let after = after.map_or(Uuid::nil(), |action| uuid(action.as_bytes()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement::query(client, LANES, &[&after, &limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(WaitingLane {
                account: columns::id(row, 1, AccountId::from_bytes)?,
                action: columns::id(row, 0, ActionId::from_bytes)?,
                next_due: columns::time(row, 2)?,
            })
        })
        .collect()
}
