//! Actions with waiting deliveries: one index lookup per action, however many deliveries it has. And the due
//! times that lie ahead.

use postrider_model::{AccountId, ActionId, AutomationId, DeliveryId, Timestamp};
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::{DeliveryKey, DueAhead, DueEarlier, WaitingLane};
use rusqlite::{Connection, Row};

use crate::columns;
use crate::sql_error::SqlResult;

/// Both an empty blob and an action's 16 bytes work as the bound for "after this action".
pub(crate) const NEXT_LANE: &str = "SELECT action_id, account_id, state_at
     FROM deliveries INDEXED BY deliveries_waiting
     WHERE status = 0 AND owner IS NULL AND action_id > ?1 AND state_at >= ?2
     ORDER BY action_id, state_at LIMIT 1";

/// Lanes; see [`postrider_storage::DeliveryStore::waiting_lanes`].
pub(crate) fn lanes(
    conn: &Connection,
    since: Timestamp,
    after: Option<ActionId>,
    limit: usize,
) -> SqlResult<Vec<WaitingLane>> {
    let mut statement = conn.prepare_cached(NEXT_LANE)?;
    let mut behind: Vec<u8> = after.map_or_else(Vec::new, |action| action.as_bytes().to_vec());
    let mut lanes = Vec::new();
    while lanes.len() < limit {
        let mut rows = statement.query((&behind, since.unix_ms()))?;
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

pub(crate) const AHEAD: &str = "SELECT id, account_id, automation_id, action_id, state_at, last_status_code,
            status, attempts, resends, resend_of,
            iif(attempts = resends, (SELECT deliver_at FROM events e WHERE e.seq = event_seq), NULL)
     FROM deliveries INDEXED BY deliveries_waiting
     WHERE status = 0 AND owner IS NULL AND state_at > ?1 AND (action_id, state_at, id) > (?2, ?3, ?4)
     ORDER BY action_id, state_at, id LIMIT ?5";

/// Due times that lie ahead; see [`postrider_storage::DeliveryStore::due_ahead`].
pub(crate) fn ahead(
    conn: &Connection,
    now: Timestamp,
    after: Option<DueAhead>,
    limit: usize,
) -> SqlResult<Vec<DueAhead>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (action, due, id) = after.map_or((Vec::new(), i64::MIN, Vec::new()), |after| {
        let id = after.key.delivery.as_bytes().to_vec();
        (after.action.as_bytes().to_vec(), after.due.unix_ms(), id)
    });
    let mut statement = conn.prepare_cached(AHEAD)?;
    let mut rows = statement.query((now.unix_ms(), action, due, id, limit))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(ahead_from(row)?);
    }
    Ok(found)
}

fn ahead_from(row: &Row<'_>) -> SqlResult<DueAhead> {
    Ok(DueAhead {
        key: DeliveryKey {
            account: columns::id(row, 1, AccountId::from_bytes)?,
            delivery: columns::id(row, 0, DeliveryId::from_bytes)?,
        },
        automation: columns::id(row, 2, AutomationId::from_bytes)?,
        action: columns::id(row, 3, ActionId::from_bytes)?,
        due: columns::time(row, 4)?,
        last_status_code: row.get(5)?,
        progress: columns::read(row, 6, ProgressRow::read)?.try_into()?,
        deliver_at: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_unix_ms),
    })
}

/// Brings due times forward; see [`postrider_storage::DeliveryStore::bring_forward`].
pub(crate) fn bring_forward(conn: &Connection, earlier: &[DueEarlier]) -> SqlResult<usize> {
    let mut update = conn.prepare_cached(
        "UPDATE deliveries SET state_at = ?4
         WHERE id = ?1 AND account_id = ?2 AND status = 0 AND owner IS NULL AND state_at = ?3",
    )?;
    let mut changed = 0;
    for one in earlier {
        changed += update.execute((
            one.key.delivery.as_bytes(),
            one.key.account.as_bytes(),
            one.due.unix_ms(),
            one.earlier.min(one.due).unix_ms(),
        ))?;
    }
    Ok(changed)
}
