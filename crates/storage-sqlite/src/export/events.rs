//! Events in the order of acceptance, each with its deliveries and their attempts.

use postrider_storage::rows::{AttemptRow, DeliveryRow, EventRow};
use postrider_storage::transfer::{DeliveryRows, EventRows, Rows};
use rusqlite::{CachedStatement, Connection, Row};

use super::{ExportError, ExportResult};
use crate::columns::read;

/// Most events in a batch: their writing takes about 100 ms, against which a sync is negligible.
const EVENTS_MAX: usize = 2_000;

/// A batch ends with the event that exceeds this many bytes, so that large events do not exhaust the memory.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// About how many bytes a row takes besides its texts.
const ROW_BYTES: usize = 128;

/// Reads an event, its number and its idempotency key.
fn events_sql() -> String {
    let columns = EventRow::COLUMNS;
    format!("SELECT {columns}, seq, idempotency_key FROM events WHERE seq > ?1 ORDER BY seq")
}

/// Reads an event's deliveries, which are numbered consecutively.
fn deliveries_sql() -> String {
    let columns = DeliveryRow::COLUMNS;
    format!(
        "SELECT {columns}, event_seq, last_attempt FROM deliveries WHERE id >= ?1 AND id < ?2 ORDER BY id"
    )
}

fn attempt_sql() -> String {
    format!(
        "SELECT {}, previous FROM attempts WHERE seq = ?1",
        AttemptRow::COLUMNS
    )
}

/// The events after this number, as many as fit into one transaction, and the number of the last.
pub(super) fn batch(conn: &Connection, after: i64) -> ExportResult<Option<(Rows, i64)>> {
    let mut read = Read {
        deliveries: conn.prepare_cached(&deliveries_sql())?,
        attempt: conn.prepare_cached(&attempt_sql())?,
    };
    let mut statement = conn.prepare_cached(&events_sql())?;
    let mut rows = statement.query((after,))?;
    let mut events = Vec::new();
    let (mut bytes, mut last) = (0, after);
    while events.len() < EVENTS_MAX
        && bytes < BYTES_MAX
        && let Some(row) = rows.next()?
    {
        let event = read.event(row)?;
        bytes += weight(&event);
        last = event.seq;
        events.push(event);
    }
    Ok((!events.is_empty()).then_some((Rows::Events(events), last)))
}

/// About how many bytes an event with its deliveries and attempts takes.
fn weight(rows: &EventRows) -> usize {
    let attempts = rows.deliveries.iter().flat_map(|delivery| &delivery.attempts);
    let attempts = attempts.map(|attempt| {
        let headers = attempt.request_headers.len() + attempt.response_headers.len();
        ROW_BYTES + attempt.url.len() + headers + attempt.response_body.len()
    });
    let headers = rows.event.headers.as_ref().map_or(0, Vec::len);
    ROW_BYTES * (1 + rows.deliveries.len()) + rows.event.data.len() + headers + attempts.sum::<usize>()
}

/// The statements that every event needs.
struct Read<'conn> {
    deliveries: CachedStatement<'conn>,
    attempt: CachedStatement<'conn>,
}

impl Read<'_> {
    fn event(&mut self, row: &Row<'_>) -> ExportResult<EventRows> {
        let event = read(row, 0, EventRow::read)?;
        let seq = row.get(EventRow::COUNT)?;
        let deliveries = match event.first_delivery {
            Some(first) => self.deliveries(seq, first, event.deliveries())?,
            None => Vec::new(),
        };
        if usize::try_from(event.deliveries()) != Ok(deliveries.len()) {
            return Err(ExportError::Damaged(format!(
                "event {seq} has {} deliveries, and {} of them are there",
                event.deliveries(),
                deliveries.len()
            )));
        }
        Ok(EventRows {
            seq,
            event,
            idempotency_key: row.get(EventRow::COUNT + 1)?,
            deliveries,
        })
    }

    fn deliveries(&mut self, seq: i64, first: [u8; 16], count: i32) -> ExportResult<Vec<DeliveryRows>> {
        let end = u128::from_be_bytes(first) + u128::from(count.unsigned_abs());
        let mut rows = self.deliveries.query((first, end.to_be_bytes()))?;
        let mut deliveries = Vec::with_capacity(count.unsigned_abs() as usize);
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(DeliveryRow::COUNT)? != seq {
                return Err(ExportError::Damaged(format!(
                    "a delivery of event {seq} names another event"
                )));
            }
            deliveries.push(DeliveryRows {
                delivery: read(row, 0, DeliveryRow::read)?,
                attempts: attempts(&mut self.attempt, row.get(DeliveryRow::COUNT + 1)?)?,
            });
        }
        Ok(deliveries)
    }
}

/// Reads the chain of a delivery's attempts, and returns it ordered by number.
fn attempts(statement: &mut CachedStatement<'_>, last: Option<i64>) -> ExportResult<Vec<AttemptRow>> {
    let mut attempts = Vec::new();
    let mut next = last;
    while let Some(seq) = next {
        let mut rows = statement.query((seq,))?;
        let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        next = row.get(AttemptRow::COUNT)?;
        attempts.push(read(row, 0, AttemptRow::read)?);
    }
    attempts.sort_by_key(|attempt: &AttemptRow| attempt.number);
    Ok(attempts)
}
