//! Events: reading a row. Accepting is in [`append`], what was accepted before in [`known`], listing in [`list`].

pub(crate) mod append;
pub(crate) mod known;
pub(crate) mod list;
pub(crate) mod seq;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, DeliveryId, Event, EventId, Warning};
use postrider_storage::{
    Appended, EventFilter, EventStore, NewEvent, Page, PageRequest, SessionId, StoreResult, encoding, rules,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::store::PostgresStore;

#[async_trait]
impl EventStore for PostgresStore {
    async fn append(&self, session: SessionId, events: Vec<NewEvent>) -> StoreResult<Vec<Appended>> {
        Ok(self.step(session, &events, &[]).await?.0)
    }

    async fn event(&self, account: AccountId, id: EventId) -> StoreResult<Option<Event>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let stored = by_id(&client, account, id).await?;
                Ok(stored.map(|stored| stored.event))
            })
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

/// An event with what its row knows beside it.
pub(crate) struct StoredEvent {
    /// The event.
    pub(crate) event: Event,
    /// The id of its first delivery; the others follow, number by number.
    pub(crate) first_delivery: Option<DeliveryId>,
}

/// The columns that [`from_row`] reads, of an event `e`.
pub(crate) const COLUMNS: &str = "e.account_id, e.id, e.type, e.created_at, e.occurred_at, e.flags, e.warning_code, \
                                  e.warning_pointer, e.first_delivery_id, e.delivery_count, e.data";

/// How many columns that are.
pub(crate) const COLUMN_COUNT: usize = 11;

/// Reads an event from a row that begins with [`COLUMNS`].
pub(crate) fn from_row(row: &Row) -> SqlResult<StoredEvent> {
    let flags: i16 = row.try_get(5)?;
    let (origin, js_fixed_point) = encoding::event::from_flags(flags.into())?;
    let warning_code: Option<String> = row.try_get(6)?;
    let warning = match warning_code {
        Some(code) => Some(Warning {
            code,
            pointer: columns::odd_text_opt(row, 7)?.ok_or(SqlError::Damaged("a warning's pointer"))?,
        }),
        None => None,
    };
    let event = Event {
        id: columns::id(row, 1, EventId::from_bytes)?,
        account: columns::id(row, 0, AccountId::from_bytes)?,
        event_type: columns::event_type(row, 2)?,
        data: Bytes::copy_from_slice(row.try_get(10)?),
        occurred_at: columns::time_opt(row, 4)?,
        created_at: columns::time(row, 3)?,
        origin,
        js_fixed_point,
        warning,
        deliveries: columns::count(row, 9)?,
    };
    let first: Option<Uuid> = row.try_get(8)?;
    Ok(StoredEvent {
        event,
        first_delivery: first.map(|id| DeliveryId::from_bytes(id.into_bytes())),
    })
}

/// The account's event of this id. Rows are partitioned by time, which an id that Postrider made tells, and for others
/// `event_keys` does; only what neither finds is looked for in every partition.
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
