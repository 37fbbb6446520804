//! Claiming: a session becomes the owner of waiting deliveries and gets their events.

use std::collections::HashMap;
use std::sync::Arc;

use postrider_model::{AccountId, AutomationId, DeliveryId, Event, Timestamp};
use postrider_storage::rows::deliveries::{self, ProgressRow};
use postrider_storage::{Claim, ClaimRequest, DeliveryKey, ReadyDelivery, SessionId};
use rusqlite::{Connection, OptionalExtension};

use crate::sql_error::{SqlError, SqlResult};
use crate::{columns, events, sessions};

/// Claims; see [`postrider_storage::DeliveryStore::claim`]. Leases count by `lease_now`.
pub(crate) fn claim(
    conn: &Connection,
    session: SessionId,
    requests: &[ClaimRequest],
    now: Timestamp,
    lease_now: Timestamp,
) -> SqlResult<Vec<Claim>> {
    if !sessions::is_alive(conn, session, lease_now)? {
        return Ok(vec![Claim::default(); requests.len()]);
    }
    let mut shared = HashMap::new();
    requests
        .iter()
        .map(|request| {
            let deliveries = due(conn, request, now, &mut shared)?;
            own(conn, session, &deliveries)?;
            Ok(Claim {
                deliveries,
                next_due: next_due(conn, request)?,
            })
        })
        .collect()
}

pub(crate) const DUE: &str =
    "SELECT id, account_id, automation_id, event_seq, body, status, attempts, resends, resend_of
     FROM deliveries INDEXED BY deliveries_waiting
     WHERE status = 0 AND owner IS NULL AND action_id = ?1 AND state_at >= ?2 AND state_at <= ?3
     ORDER BY state_at, id LIMIT ?4";

/// The deliveries that a request gets. `shared` keeps the events read here for the other requests.
fn due(
    conn: &Connection,
    request: &ClaimRequest,
    now: Timestamp,
    shared: &mut HashMap<i64, Arc<Event>>,
) -> SqlResult<Vec<ReadyDelivery>> {
    let mut statement = conn.prepare_cached(DUE)?;
    let room = i64::try_from(request.room).unwrap_or(i64::MAX);
    let mut rows = statement.query((
        request.action.as_bytes(),
        request.since.unix_ms(),
        now.unix_ms(),
        room,
    ))?;
    let mut ready = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = rows.next()? {
        let event = event(conn, row.get(3)?, shared)?;
        bytes = bytes.saturating_add(event.bytes());
        if bytes > request.room_bytes && !ready.is_empty() {
            break;
        }
        ready.push(ReadyDelivery {
            key: DeliveryKey {
                account: columns::id(row, 1, AccountId::from_bytes)?,
                delivery: columns::id(row, 0, DeliveryId::from_bytes)?,
            },
            automation: columns::id(row, 2, AutomationId::from_bytes)?,
            action: request.action,
            body: deliveries::body(row.get(4)?)?,
            progress: columns::read(row, 5, ProgressRow::read)?.try_into()?,
            event,
        });
    }
    Ok(ready)
}

fn event(conn: &Connection, seq: i64, shared: &mut HashMap<i64, Arc<Event>>) -> SqlResult<Arc<Event>> {
    if let Some(event) = shared.get(&seq) {
        return Ok(Arc::clone(event));
    }
    let stored = events::by_seq(conn, seq)?.ok_or(SqlError::Damaged("a delivery without its event"))?;
    let event = Arc::new(stored.event);
    shared.insert(seq, Arc::clone(&event));
    Ok(event)
}

fn own(conn: &Connection, session: SessionId, deliveries: &[ReadyDelivery]) -> SqlResult<()> {
    let mut update = conn.prepare_cached("UPDATE deliveries SET owner = ?2 WHERE id = ?1")?;
    for delivery in deliveries {
        update.execute((delivery.key.delivery.as_bytes(), session.0))?;
    }
    Ok(())
}

pub(crate) const NEXT_DUE: &str = "SELECT state_at FROM deliveries INDEXED BY deliveries_waiting
     WHERE status = 0 AND owner IS NULL AND action_id = ?1 AND state_at >= ?2 ORDER BY state_at LIMIT 1";

/// When the first delivery that still waits for this action is due, at `since` or later.
fn next_due(conn: &Connection, request: &ClaimRequest) -> SqlResult<Option<Timestamp>> {
    Ok(conn
        .prepare_cached(NEXT_DUE)?
        .query_row((request.action.as_bytes(), request.since.unix_ms()), |row| {
            columns::time(row, 0)
        })
        .optional()?)
}
