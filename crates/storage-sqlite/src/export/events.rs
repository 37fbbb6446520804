//! Events in the order of acceptance, each with its deliveries and their attempts.

use postrider_storage::transfer::{AttemptRow, DeliveryRow, EventRow, Rows};
use rusqlite::{CachedStatement, Connection, Row};

use super::{ExportError, ExportResult};

/// Most events of a batch: some 100 ms of writing, behind which a sync does not show.
const EVENTS_MAX: usize = 2_000;

/// A batch ends with the event that brings it over this many bytes, so that big events do not fill the memory.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// About what a row takes beside its texts.
const ROW_BYTES: usize = 128;

const EVENTS: &str = "
    SELECT seq, account_id, id, type, created_at, occurred_at, flags, warning_code, warning_pointer, idempotency_key,
           first_delivery_id, delivery_count, data
    FROM events WHERE seq > ?1 ORDER BY seq";

/// An event's deliveries are numbered consecutively.
const DELIVERIES: &str = "
    SELECT id, automation_id, action_id, body, status, attempts, resends, resend_of, state_at, last_status_code,
           last_outcome, last_attempt, event_seq
    FROM deliveries WHERE id >= ?1 AND id < ?2 ORDER BY id";

const ATTEMPT: &str = "
    SELECT previous, attempt, started_at, duration_ns, outcome, exchange, status_code, error, url, request_headers,
           response_headers, response_truncated, response_body
    FROM attempts WHERE number = ?1";

/// The events behind this one, as many as one transaction should bring, and the number of the last.
pub(super) fn batch(conn: &Connection, after: i64) -> ExportResult<Option<(Rows, i64)>> {
    let mut read = Read {
        deliveries: conn.prepare_cached(DELIVERIES)?,
        attempt: conn.prepare_cached(ATTEMPT)?,
    };
    let mut statement = conn.prepare_cached(EVENTS)?;
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

/// About how many bytes an event with everything takes.
fn weight(event: &EventRow) -> usize {
    let records = event.deliveries.iter().flat_map(|delivery| &delivery.records);
    let records = records.map(|record| {
        let headers = record.request_headers.len() + record.response_headers.len();
        ROW_BYTES + record.url.len() + headers + record.response_body.len()
    });
    ROW_BYTES * (1 + event.deliveries.len()) + event.data.len() + records.sum::<usize>()
}

/// The statements that each event needs.
struct Read<'conn> {
    deliveries: CachedStatement<'conn>,
    attempt: CachedStatement<'conn>,
}

impl Read<'_> {
    fn event(&mut self, row: &Row<'_>) -> ExportResult<EventRow> {
        let mut event = EventRow {
            seq: row.get(0)?,
            account: row.get(1)?,
            id: row.get(2)?,
            event_type: row.get(3)?,
            created_at: row.get(4)?,
            occurred_at: row.get(5)?,
            flags: row.get(6)?,
            warning_code: row.get(7)?,
            warning_pointer: row.get(8)?,
            idempotency_key: row.get(9)?,
            first_delivery: row.get(10)?,
            delivery_count: row.get(11)?,
            data: row.get(12)?,
            deliveries: Vec::new(),
        };
        if let Some(first) = event.first_delivery {
            event.deliveries = self.deliveries(&event, first)?;
        }
        if usize::try_from(event.delivery_count) != Ok(event.deliveries.len()) {
            return Err(ExportError::Damaged(format!(
                "event {} has {} deliveries, and {} of them are there",
                event.seq,
                event.delivery_count,
                event.deliveries.len()
            )));
        }
        Ok(event)
    }

    fn deliveries(&mut self, event: &EventRow, first: [u8; 16]) -> ExportResult<Vec<DeliveryRow>> {
        let count = u128::from(event.delivery_count.unsigned_abs());
        let end = u128::from_be_bytes(first) + count;
        let mut rows = self.deliveries.query((first, end.to_be_bytes()))?;
        let mut deliveries = Vec::with_capacity(event.delivery_count.unsigned_abs() as usize);
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(12)? != event.seq {
                return Err(ExportError::Damaged(format!(
                    "a delivery of event {} names another event",
                    event.seq
                )));
            }
            deliveries.push(DeliveryRow {
                id: row.get(0)?,
                automation: row.get(1)?,
                action: row.get(2)?,
                body: row.get(3)?,
                status: row.get(4)?,
                attempts: row.get(5)?,
                resends: row.get(6)?,
                resend_of: row.get(7)?,
                state_at: row.get(8)?,
                last_status_code: row.get(9)?,
                last_outcome: row.get(10)?,
                records: records(&mut self.attempt, row.get(11)?)?,
            });
        }
        Ok(deliveries)
    }
}

/// The chain of a delivery's attempts, oldest first.
fn records(statement: &mut CachedStatement<'_>, last: Option<i64>) -> ExportResult<Vec<AttemptRow>> {
    let mut records = Vec::new();
    let mut next = last;
    while let Some(number) = next {
        let (previous, record) = statement.query_row((number,), |row| Ok((row.get(0)?, record(row)?)))?;
        next = previous;
        records.push(record);
    }
    records.sort_by_key(|record: &AttemptRow| record.number);
    Ok(records)
}

fn record(row: &Row<'_>) -> rusqlite::Result<AttemptRow> {
    Ok(AttemptRow {
        number: row.get(1)?,
        started_at: row.get(2)?,
        duration_ns: row.get(3)?,
        outcome: row.get(4)?,
        exchange: row.get(5)?,
        status_code: row.get(6)?,
        error: row.get(7)?,
        url: row.get(8)?,
        request_headers: row.get(9)?,
        response_headers: row.get(10)?,
        response_truncated: row.get(11)?,
        response_body: row.get(12)?,
    })
}
