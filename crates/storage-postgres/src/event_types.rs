//! The catalogue of event types.
//!
//! A list's position is the time and the row number of an entry. Entries with the same time are ordered by
//! name, and a name does not fit into a position. A deleted entry's row therefore stays, marked as deleted,
//! to keep the name for such positions. There are never more such rows than names ever used.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{AuditEntry, EventType, EventTypeName, Timestamp};
use postrider_storage::rows::EventTypeRow;
use postrider_storage::rules::event_types::PutStep;
use postrider_storage::{
    DeleteObject, EventTypeStore, Page, PageRequest, Position, PutIf, SaveEventType, StoreResult, rules,
};
use tokio_postgres::Row;

use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{audit, columns, statement};

#[async_trait]
impl EventTypeStore for PostgresStore {
    async fn put_event_type(
        &self,
        event_type: EventType,
        only_if: PutIf,
        audit: AuditEntry,
    ) -> StoreResult<SaveEventType> {
        self.database
            .run(async || put(&mut self.database.client().await?, &event_type, only_if, &audit).await)
            .await
    }

    async fn event_type(&self, name: &EventTypeName) -> StoreResult<Option<EventType>> {
        self.database
            .run(async || by_name(&self.database.client().await?, name).await)
            .await
    }

    async fn event_types(&self, page: PageRequest) -> StoreResult<Page<EventType>> {
        self.database
            .run(async || list(&self.database.client().await?, page).await)
            .await
    }

    async fn delete_event_type(
        &self,
        name: &EventTypeName,
        updated_at: Option<Timestamp>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let outcome = delete(&transaction, name, updated_at).await?;
                if outcome.is_deleted() {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(outcome)
            })
            .await
    }
}

/// Adds entries without a description, unless they exist. Each name occurs once, and all callers use the same
/// order, so that two transactions never wait for each other.
///
/// Nearly always all of them exist: then nothing is written or locked, and no number is drawn.
pub(crate) async fn add_unseen(
    client: &impl GenericClient,
    types: &[(&EventTypeName, Timestamp)],
) -> SqlResult<()> {
    let (names, times): (Vec<_>, Vec<_>) = types
        .iter()
        .map(|(name, time)| (name.as_str(), time.unix_ms()))
        .unzip();
    statement::execute(client, ADD_UNSEEN, &[&names, &times]).await?;
    Ok(())
}

const ADD_UNSEEN: &str = "
    INSERT INTO event_types AS stored (name, description, visible, created_at, updated_at)
    SELECT unseen.name, ''::bytea, false, unseen.time, unseen.time FROM unnest($1::text[], $2::bigint[]) AS unseen (name, time)
    WHERE NOT EXISTS (SELECT 1 FROM event_types AS known WHERE known.name = unseen.name AND NOT known.deleted)
    ORDER BY unseen.name COLLATE \"C\"
    ON CONFLICT (name) DO UPDATE
        SET deleted = false, created_at = excluded.created_at,
            updated_at = greatest(excluded.updated_at, stored.updated_at + 1) WHERE stored.deleted";

const COLUMNS: &str = EventTypeRow::COLUMNS;

fn from_row(row: &Row) -> SqlResult<EventTypeRow> {
    columns::read(row, 0, EventTypeRow::read)
}

async fn by_name(client: &Client, name: &EventTypeName) -> SqlResult<Option<EventType>> {
    let sql = format!("SELECT {COLUMNS} FROM event_types WHERE name = $1 AND NOT deleted");
    let row = statement::query_opt(client, &sql, &[&name.as_str()]).await?;
    let row = row.as_ref().map(from_row).transpose()?;
    Ok(row.map(EventType::try_from).transpose()?)
}

const INSERT: &str = "
    INSERT INTO event_types (name, description, example, schema, visible, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING";

const REPLACE: &str = "
    UPDATE event_types SET description = $2, example = $3, schema = $4, visible = $5, created_at = $6,
                           updated_at = $7, deleted = false
    WHERE name = $1";

/// Rows are never deleted: if the insert found a conflict, there is a row to replace.
async fn put(
    client: &mut Client,
    event_type: &EventType,
    only_if: PutIf,
    audit: &AuditEntry,
) -> SqlResult<SaveEventType> {
    let transaction = client.transaction().await?;
    let is_taken = write(&transaction, INSERT, event_type).await? == 0;
    let row = match is_taken {
        true => lock(&transaction, &event_type.name).await?,
        false => None,
    };
    // What was inserted is not committed unless the rule decides to write.
    let (saved, is_new, entry) = match rules::event_types::put(row, event_type, only_if, audit)? {
        PutStep::Stale => return Ok(SaveEventType::Stale),
        PutStep::Unchanged(stored) => return Ok(SaveEventType::Replaced(stored)),
        PutStep::Write { saved, is_new, audit } => (saved, is_new, audit),
    };
    if is_taken {
        write(&transaction, REPLACE, &saved).await?;
    }
    audit::commit(transaction, &entry).await?;
    Ok(match is_new {
        true => SaveEventType::Created(saved),
        false => SaveEventType::Replaced(saved),
    })
}

async fn delete(
    transaction: &impl GenericClient,
    name: &EventTypeName,
    updated_at: Option<Timestamp>,
) -> SqlResult<DeleteObject> {
    let row = lock(transaction, name).await?.filter(|row| !row.deleted);
    let stored = row.map(|row| Timestamp::from_unix_ms(row.updated_at));
    let outcome = DeleteObject::of(stored, updated_at);
    if outcome.is_deleted() {
        let sql =
            "UPDATE event_types SET deleted = true, description = '', example = NULL, schema = NULL, visible = false
             WHERE name = $1";
        statement::execute(transaction, sql, &[&name.as_str()]).await?;
    }
    Ok(outcome)
}

/// Locks the row of this name, deleted or not.
async fn lock(transaction: &impl GenericClient, name: &EventTypeName) -> SqlResult<Option<EventTypeRow>> {
    let sql = format!("SELECT {COLUMNS} FROM event_types WHERE name = $1 FOR NO KEY UPDATE");
    let row = statement::query_opt(transaction, &sql, &[&name.as_str()]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Runs [`INSERT`] or [`REPLACE`].
async fn write(transaction: &impl GenericClient, sql: &str, event_type: &EventType) -> SqlResult<u64> {
    statement::execute(
        transaction,
        sql,
        &[
            &event_type.name.as_str(),
            &event_type.description.as_bytes(),
            &event_type.example,
            &event_type.schema,
            &event_type.visible,
            &event_type.created_at.unix_ms(),
            &event_type.updated_at.unix_ms(),
        ],
    )
    .await
}

/// The query also reads the name after which a page begins. On the first page that name is empty, and every
/// name follows.
fn list_sql() -> String {
    format!(
        "WITH place AS (SELECT coalesce((SELECT name FROM event_types WHERE number = $2), '') AS name)
         SELECT {COLUMNS} FROM event_types
         WHERE created_at <= $1 AND (created_at < $1 OR name > (SELECT name FROM place)) AND NOT deleted
         ORDER BY created_at DESC, name LIMIT $3"
    )
}

async fn list(client: &Client, page: PageRequest) -> SqlResult<Page<EventType>> {
    let (time, number) = page.after.map_or((i64::MAX, 0), place);
    let limit = columns::limit_with_surplus(page.limit);
    let rows = statement::query(client, &list_sql(), &[&time, &number, &limit]).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = from_row(row)?;
        let number = row.number;
        let entry = EventType::try_from(row)?;
        entries.push((position(entry.created_at, number), entry));
    }
    Ok(Page::from_surplus(entries, page.limit))
}

fn position(time: Timestamp, number: i64) -> Position {
    let (time, number) = (time.unix_ms().cast_unsigned(), number.cast_unsigned());
    Position(u128::from(time) << 64 | u128::from(number))
}

/// The time and the row number of the entry after which a page begins.
fn place(Position(bits): Position) -> (i64, i64) {
    (((bits >> 64) as u64).cast_signed(), (bits as u64).cast_signed())
}
