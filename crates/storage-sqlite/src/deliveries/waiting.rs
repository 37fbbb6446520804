//! Actions with waiting deliveries: one index lookup per action, however many deliveries it has.

use postrider_model::{AccountId, ActionId};
use postrider_storage::WaitingLane;
use rusqlite::Connection;

use crate::columns;
use crate::sql_error::SqlResult;

/// Both an empty blob and an action's 16 bytes work as the bound for "after this action".
pub(crate) const NEXT_LANE: &str = "SELECT action_id, account_id, state_at
     FROM deliveries INDEXED BY deliveries_waiting
     WHERE status = 0 AND owner IS NULL AND action_id > ?1
     ORDER BY action_id, state_at LIMIT 1";

/// Lanes; see [`postrider_storage::DeliveryStore::waiting_lanes`].
pub(crate) fn lanes(conn: &Connection, after: Option<ActionId>, limit: usize) -> SqlResult<Vec<WaitingLane>> {
    let mut statement = conn.prepare_cached(NEXT_LANE)?;
    let mut behind: Vec<u8> = after.map_or_else(Vec::new, |action| action.as_bytes().to_vec());
    let mut lanes = Vec::new();
    while lanes.len() < limit {
        let mut rows = statement.query((&behind,))?;
        let Some(row) = rows.next()? else { break };
        let lane = WaitingLane {
            account: columns::id(row, 1, AccountId::from_bytes)?,
            action: columns::id(row, 0, ActionId::from_bytes)?,
            next_due: columns::time(row, 2)?,
        };
        behind = lane.action.as_bytes().to_vec();
        lanes.push(lane);
    }
    Ok(lanes)
}
