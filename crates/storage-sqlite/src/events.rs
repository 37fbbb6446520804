//! Events: reading rows. Accepting is in [`append`], listing in [`list`].

pub(crate) mod append;
mod cancel;
pub(crate) mod list;

use async_trait::async_trait;
use postrider_model::{AccountId, AuditEntry, DeliveryId, Event, EventId, Timestamp};
use postrider_storage::rows::EventRow;
use postrider_storage::{
    Appended, EventCanceled, EventFilter, EventStore, NewEvent, Page, PageRequest, StoreResult,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::columns;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;

#[async_trait]
impl EventStore for SqliteStore {
    async fn event(&self, account: AccountId, id: EventId) -> StoreResult<Option<Event>> {
        self.read(move |conn| {
            by_id(conn, account, id)?
                .map(|stored| Ok(stored.event))
                .transpose()
        })
        .await
    }

    async fn known_events(&self, events: Vec<NewEvent>) -> StoreResult<Vec<Option<Appended>>> {
        // A read could find an event that is in the log only, and the producer would take it for stored. A
        // write is answered after a sync.
        self.write(move |cx| events.iter().map(|new| append::known(cx.conn, new)).collect())
            .await
    }

    async fn cancel_event(
        &self,
        account: AccountId,
        id: EventId,
        now: Timestamp,
        audit: AuditEntry,
    ) -> StoreResult<EventCanceled> {
        self.write(move |cx| cancel::cancel(cx.conn, account, id, now, &audit))
            .await
    }

    async fn beginnings(
        &self,
        account: AccountId,
        events: &[(EventId, Timestamp)],
        bytes: usize,
    ) -> StoreResult<Vec<Option<Vec<u8>>>> {
        let events = events.to_vec();
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT substr(data, 1, ?3) {BY_ID}"))?;
            let beginning = |(id, _): &(EventId, Timestamp)| {
                statement
                    .query_row(
                        (id.as_bytes(), account.as_bytes(), columns::number(bytes)),
                        |row| row.get(0),
                    )
                    .optional()
            };
            Ok(events.iter().map(beginning).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn events(
        &self,
        account: AccountId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Event>> {
        let filter = filter.clone();
        self.read(move |conn| list::list(conn, account, &filter, page))
            .await
    }
}

/// An event, and its first delivery from the same row.
pub(crate) struct StoredEvent {
    /// The event.
    pub(crate) event: Event,
    /// The id of its first delivery; the ids of the others follow consecutively.
    pub(crate) first_delivery: Option<DeliveryId>,
}

const COLUMNS: &str = EventRow::COLUMNS;

fn from_row(row: &Row<'_>) -> SqlResult<StoredEvent> {
    let row = columns::read(row, 0, EventRow::read)?;
    Ok(StoredEvent {
        first_delivery: row.first_delivery(),
        event: row.try_into()?,
    })
}

pub(crate) const BY_ID: &str = "FROM events INDEXED BY events_by_id WHERE id = ?1 AND account_id = ?2";

/// The account's event with this id.
pub(crate) fn by_id(conn: &Connection, account: AccountId, id: EventId) -> SqlResult<Option<StoredEvent>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {BY_ID}"))?;
    let mut rows = statement.query((id.as_bytes(), account.as_bytes()))?;
    rows.next()?.map(from_row).transpose()
}

pub(crate) const BY_KEY: &str =
    "FROM events INDEXED BY events_by_idempotency_key WHERE account_id = ?1 AND idempotency_key = ?2";

/// The account's event that was accepted with this idempotency key.
pub(crate) fn by_idempotency_key(
    conn: &Connection,
    account: AccountId,
    key: &str,
) -> SqlResult<Option<StoredEvent>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {BY_KEY}"))?;
    let mut rows = statement.query((account.as_bytes(), key))?;
    rows.next()?.map(from_row).transpose()
}

/// The event in the row with this number.
pub(crate) fn by_seq(conn: &Connection, seq: i64) -> SqlResult<Option<StoredEvent>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM events WHERE seq = ?1"))?;
    let mut rows = statement.query((seq,))?;
    rows.next()?.map(from_row).transpose()
}
