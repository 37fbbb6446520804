//! Events: reading rows. Accepting is in [`append`], finding events accepted before in [`known`], listing in
//! [`list`].

pub(crate) mod append;
mod cancel;
pub(crate) mod known;
pub(crate) mod list;
pub(crate) mod seq;

use std::collections::HashMap;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, AuditEntry, DeliveryId, Event, EventId, Timestamp};
use postrider_storage::rows::EventRow;
use postrider_storage::{
    Appended, EventCanceled, EventFilter, EventStore, NewEvent, Page, PageRequest, StoreResult, rules,
};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;

#[async_trait]
impl EventStore for PostgresStore {
    async fn event(&self, account: AccountId, id: EventId) -> StoreResult<Option<Event>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let stored = by_id(&client, account, id).await?;
                Ok(stored.map(|stored| stored.event))
            })
            .await
    }

    async fn known_events(&self, events: Vec<NewEvent>) -> StoreResult<Vec<Option<Appended>>> {
        self.database
            .run(async || known::known_events(&self.database.client().await?, &events).await)
            .await
    }

    async fn cancel_event(
        &self,
        account: AccountId,
        id: EventId,
        now: Timestamp,
        audit: AuditEntry,
    ) -> StoreResult<EventCanceled> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                cancel::cancel(&mut client, account, id, now, &audit).await
            })
            .await
    }

    async fn beginnings(
        &self,
        account: AccountId,
        events: &[(EventId, Timestamp)],
        bytes: usize,
    ) -> StoreResult<Vec<Option<Vec<u8>>>> {
        self.database
            .run(async || beginnings(&self.database.client().await?, account, events, bytes).await)
            .await
    }

    async fn events(
        &self,
        account: AccountId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Event>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                list::list(&client, account, filter, page).await
            })
            .await
    }
}

/// See [`EventStore::beginnings`].
async fn beginnings(
    client: &impl GenericClient,
    account: AccountId,
    events: &[(EventId, Timestamp)],
    bytes: usize,
) -> SqlResult<Vec<Option<Vec<u8>>>> {
    let ids: Vec<Uuid> = events.iter().map(|(id, _)| uuid(id.as_bytes())).collect();
    let times: Vec<i64> = events.iter().map(|(_, at)| at.unix_ms()).collect();
    // The times choose the partitions.
    let sql = "SELECT id, substring(data FROM 1 FOR $3) FROM events
               WHERE account_id = $1 AND id = ANY ($2) AND created_at BETWEEN $4 AND $5";
    let from = times.iter().min().copied().unwrap_or(0);
    let to = times.iter().max().copied().unwrap_or(-1);
    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
    let params: [&(dyn ToSql + Sync); 5] = [&uuid(account.as_bytes()), &ids, &bytes, &from, &to];
    let rows = statement::query(client, sql, &params).await?;
    let mut found: HashMap<Uuid, Vec<u8>> = HashMap::new();
    for row in &rows {
        found.insert(row.try_get(0)?, row.try_get(1)?);
    }
    // A list may ask for one event many times.
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

/// An event, and its first delivery from the same row.
pub(crate) struct StoredEvent {
    /// The event.
    pub(crate) event: Event,
    /// The id of its first delivery; the ids of the others follow consecutively.
    pub(crate) first_delivery: Option<DeliveryId>,
}

/// The columns of an event `e` that [`from_row`] reads.
pub(crate) const COLUMNS: &str = EventRow::QUALIFIED;

/// The number of these columns.
pub(crate) const COLUMN_COUNT: usize = EventRow::COUNT;

/// Reads an event from a row that begins with [`COLUMNS`].
pub(crate) fn from_row(row: &Row) -> SqlResult<StoredEvent> {
    let row = columns::read(row, 0, EventRow::read)?;
    Ok(StoredEvent {
        first_delivery: row.first_delivery(),
        event: row.try_into()?,
    })
}

/// The account's event with this id. Rows are partitioned by time: an id that Postrider generated contains
/// the time, and `event_keys` has it for other ids. Only if both fail, every partition is searched.
pub(crate) async fn by_id(
    client: &impl GenericClient,
    account: AccountId,
    id: EventId,
) -> SqlResult<Option<StoredEvent>> {
    let (from, to) = rules::ids::accepted_between(id).into_inner();
    let (account, id) = (uuid(account.as_bytes()), uuid(id.as_bytes()));
    let likely = format!(
        "(SELECT {COLUMNS} FROM events AS e
          WHERE e.account_id = $1 AND e.id = $2 AND e.created_at BETWEEN $3 AND $4)
         UNION ALL
         (SELECT {COLUMNS} FROM event_keys AS k
          JOIN events AS e ON e.account_id = k.account_id AND e.created_at = k.created_at AND e.seq = k.seq
          WHERE k.account_id = $1 AND k.kind = 1 AND k.key = uuid_send($2))
         LIMIT 1"
    );
    let mut row = statement::query_opt(client, &likely, &[&account, &id, &from, &to]).await?;
    if row.is_none() {
        let anywhere =
            format!("SELECT {COLUMNS} FROM events AS e WHERE e.account_id = $1 AND e.id = $2 LIMIT 1");
        row = statement::query_opt(client, &anywhere, &[&account, &id]).await?;
    }
    row.as_ref().map(from_row).transpose()
}
