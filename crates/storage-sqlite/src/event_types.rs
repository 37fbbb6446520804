//! The catalogue of event types.
//!
//! A list's position is the time and the row number of an entry. Entries with the same time are ordered by
//! name, and a name does not fit into a position. A deleted entry's row therefore stays, marked as deleted,
//! to keep the name for such positions. There are never more such rows than names ever used.

use async_trait::async_trait;
use postrider_model::{AuditEntry, EventType, EventTypeName, Timestamp};
use postrider_storage::rows::EventTypeRow;
use postrider_storage::rules::event_types::PutStep;
use postrider_storage::{
    DeleteObject, EventTypeStore, Page, PageRequest, Position, PutIf, SaveEventType, StoreResult, rules,
};
use rusqlite::{Connection, OptionalExtension};

use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::{audit, columns};

#[async_trait]
impl EventTypeStore for SqliteStore {
    async fn put_event_type(
        &self,
        event_type: EventType,
        only_if: PutIf,
        audit: AuditEntry,
    ) -> StoreResult<SaveEventType> {
        self.write(move |cx| put(cx.conn, &event_type, only_if, &audit))
            .await
    }

    async fn event_type(&self, name: &EventTypeName) -> StoreResult<Option<EventType>> {
        let name = name.clone();
        self.read(move |conn| by_name(conn, &name)).await
    }

    async fn event_types(&self, page: PageRequest) -> StoreResult<Page<EventType>> {
        self.read(move |conn| list(conn, page)).await
    }

    async fn delete_event_type(
        &self,
        name: &EventTypeName,
        updated_at: Option<Timestamp>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject> {
        let name = name.clone();
        self.write(move |cx| {
            let outcome = delete(cx.conn, &name, updated_at)?;
            audit::insert_if(outcome.is_deleted(), cx.conn, &audit)?;
            Ok(outcome)
        })
        .await
    }
}

/// Adds an entry without a description, unless it exists.
pub(crate) fn add_unseen(conn: &Connection, name: &EventTypeName, now: Timestamp) -> SqlResult<()> {
    conn.prepare_cached(
        "INSERT INTO event_types (name, description, visible, created_at, updated_at) VALUES (?1, '', 0, ?2, ?2)
         ON CONFLICT (name) DO UPDATE SET deleted = 0, created_at = ?2, updated_at = max(?2, updated_at + 1)
         WHERE deleted = 1",
    )?
    .execute((name.as_str(), now.unix_ms()))?;
    Ok(())
}

const COLUMNS: &str = EventTypeRow::COLUMNS;

fn by_name(conn: &Connection, name: &EventTypeName) -> SqlResult<Option<EventType>> {
    let row = row_of(conn, name)?.filter(|row| !row.deleted);
    Ok(row.map(EventType::try_from).transpose()?)
}

/// The row of this name, deleted or not.
fn row_of(conn: &Connection, name: &EventTypeName) -> SqlResult<Option<EventTypeRow>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM event_types WHERE name = ?1"))?;
    let mut rows = statement.query((name.as_str(),))?;
    let row = rows.next()?.map(|row| columns::read(row, 0, EventTypeRow::read));
    row.transpose()
}

fn put(
    conn: &Connection,
    event_type: &EventType,
    only_if: PutIf,
    audit: &AuditEntry,
) -> SqlResult<SaveEventType> {
    let row = row_of(conn, &event_type.name)?;
    let (saved, is_new, entry) = match rules::event_types::put(row, event_type, only_if, audit)? {
        PutStep::Stale => return Ok(SaveEventType::Stale),
        PutStep::Unchanged(stored) => return Ok(SaveEventType::Replaced(stored)),
        PutStep::Write { saved, is_new, audit } => (saved, is_new, audit),
    };
    audit::insert(conn, &entry)?;
    conn.prepare_cached(
        "INSERT INTO event_types (name, description, example, schema, visible, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (name) DO UPDATE SET description = ?2, example = ?3, schema = ?4, visible = ?5,
                                          created_at = ?6, updated_at = ?7, deleted = 0",
    )?
    .execute((
        saved.name.as_str(),
        &saved.description,
        &saved.example,
        &saved.schema,
        saved.visible,
        saved.created_at.unix_ms(),
        saved.updated_at.unix_ms(),
    ))?;
    Ok(match is_new {
        true => SaveEventType::Created(saved),
        false => SaveEventType::Replaced(saved),
    })
}

fn delete(conn: &Connection, name: &EventTypeName, updated_at: Option<Timestamp>) -> SqlResult<DeleteObject> {
    let stored = by_name(conn, name)?.map(|stored| stored.updated_at);
    let outcome = DeleteObject::of(stored, updated_at);
    if outcome.is_deleted() {
        conn.prepare_cached(
            "UPDATE event_types SET deleted = 1, description = '', example = NULL, schema = NULL, visible = 0
             WHERE name = ?1",
        )?
        .execute((name.as_str(),))?;
    }
    Ok(outcome)
}

pub(crate) const LIST: &str = "FROM event_types
     WHERE created_at <= ?1 AND (created_at < ?1 OR name > ?2) AND deleted = 0
     ORDER BY created_at DESC, name LIMIT ?3";

fn list(conn: &Connection, page: PageRequest) -> SqlResult<Page<EventType>> {
    let (time, name) = place(conn, page.after)?;
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST}"))?;
    let mut rows = statement.query((time, name, columns::limit_with_surplus(page.limit)))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let row = columns::read(row, 0, EventTypeRow::read)?;
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

/// The time and the name after which a page begins.
fn place(conn: &Connection, after: Option<Position>) -> SqlResult<(i64, String)> {
    let Some(Position(bits)) = after else {
        return Ok((i64::MAX, String::new()));
    };
    let time = ((bits >> 64) as u64).cast_signed();
    let number = (bits as u64).cast_signed();
    let name: Option<String> = conn
        .prepare_cached("SELECT name FROM event_types WHERE number = ?1")?
        .query_row((number,), |row| row.get(0))
        .optional()?;
    Ok((time, name.unwrap_or_default()))
}
