//! Canceling an event with its deliveries, before the first attempt.

use postrider_model::{AccountId, ActionId, AuditEntry, AutomationId, EventId, Origin, Timestamp};
use postrider_storage::rows::EventRow;
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::rules::cancel::{OfEvent, WithEvent, of_event};
use postrider_storage::{CanceledDelivery, EventCanceled, encoding};
use rusqlite::{Connection, Row};

use crate::sql_error::SqlResult;
use crate::{audit, columns, events};

/// Cancels an event; see [`postrider_storage::EventStore::cancel_event`].
pub(super) fn cancel(
    conn: &Connection,
    account: AccountId,
    id: EventId,
    now: Timestamp,
    audit: &AuditEntry,
) -> SqlResult<EventCanceled> {
    let sql = format!("SELECT {}, seq {}", EventRow::COLUMNS, events::BY_ID);
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query((id.as_bytes(), account.as_bytes()))?;
    let Some(row) = rows.next()? else {
        return Ok(EventCanceled::Missing);
    };
    let seq: i64 = row.get(EventRow::COUNT)?;
    let event = columns::read(row, 0, EventRow::read)?;
    let flags = encoding::event::from_flags(event.flags.into())?;
    let mut pending = Vec::new();
    for delivery in of_row(conn, &event)? {
        match of_event(delivery.judged) {
            WithEvent::Refuse => return Ok(EventCanceled::Attempted),
            WithEvent::Leave => {}
            WithEvent::Cancel(status) => pending.push((delivery, status)),
        }
    }
    let mut canceled = Vec::with_capacity(pending.len());
    for (delivery, status) in pending {
        conn.prepare_cached(
            "UPDATE deliveries SET status = ?2, resend_of = NULL, state_at = ?3 WHERE id = ?1",
        )?
        .execute((delivery.id, status.code(), now.unix_ms()))?;
        canceled.push(CanceledDelivery {
            automation: delivery.automation,
            action: delivery.action,
            status,
            resend_of: delivery.judged.progress.resend_of,
            is_test: flags.origin == Origin::Test,
        });
    }
    conn.prepare_cached("UPDATE events SET flags = flags | ?2 WHERE seq = ?1")?
        .execute((seq, encoding::event::CANCELED))?;
    audit::insert_if(!flags.is_canceled || !canceled.is_empty(), conn, audit)?;
    Ok(EventCanceled::Done(canceled))
}

/// A delivery of the event.
struct Found {
    id: [u8; 16],
    automation: AutomationId,
    action: ActionId,
    judged: OfEvent,
}

fn of_row(conn: &Connection, event: &EventRow) -> SqlResult<Vec<Found>> {
    let Some(first) = event.first_delivery().map(|first| first.as_u128()) else {
        return Ok(Vec::new());
    };
    let end = first + u128::from(event.deliveries().unsigned_abs());
    let mut statement = conn.prepare_cached(
        "SELECT id, automation_id, action_id, owner IS NOT NULL, last_attempt IS NOT NULL,
                status, attempts, resends, resend_of
         FROM deliveries WHERE id >= ?1 AND id < ?2",
    )?;
    let mut rows = statement.query((first.to_be_bytes(), end.to_be_bytes()))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(from_row(row)?);
    }
    Ok(found)
}

fn from_row(row: &Row<'_>) -> SqlResult<Found> {
    Ok(Found {
        id: row.get(0)?,
        automation: columns::id(row, 1, AutomationId::from_bytes)?,
        action: columns::id(row, 2, ActionId::from_bytes)?,
        judged: OfEvent {
            progress: columns::read(row, 5, ProgressRow::read)?.try_into()?,
            is_owned: row.get(3)?,
            has_attempts: row.get(4)?,
        },
    })
}
