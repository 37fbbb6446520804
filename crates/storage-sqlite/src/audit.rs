//! The audit trail.

use std::cell::RefCell;

use async_trait::async_trait;
use postrider_model::{AuditEntry, AuditId, Timestamp};
use postrider_storage::rows::AuditRow;
use postrider_storage::{
    AUDIT_LOOKED_AT_MAX, AuditFilter, AuditStore, Page, PageRequest, Position, StoreResult, log_audit,
};
use rusqlite::{Connection, OptionalExtension, params};

use crate::columns;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;

#[async_trait]
impl AuditStore for SqliteStore {
    async fn note_audit(&self, entries: Vec<AuditEntry>) -> StoreResult<()> {
        self.write(move |cx| entries.iter().try_for_each(|entry| insert(cx.conn, entry)))
            .await
    }

    async fn audit(&self, filter: &AuditFilter, page: PageRequest) -> StoreResult<Page<AuditEntry>> {
        let filter = filter.clone();
        self.read(move |conn| list(conn, &filter, page)).await
    }

    async fn prune_audit(&self, before: Timestamp, limit: usize) -> StoreResult<usize> {
        self.write(move |cx| {
            let before = AuditId::first_at(before);
            let mut statement = cx.conn.prepare_cached(PRUNE)?;
            Ok(statement.execute((before.as_bytes(), columns::number(limit)))?)
        })
        .await
    }
}

const COLUMNS: &str = AuditRow::COLUMNS;

pub(crate) const PRUNE: &str =
    "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < ?1 ORDER BY id LIMIT ?2)";

thread_local! {
    /// The entries of the transaction that this thread has open, to be logged once it is committed.
    static ADDED: RefCell<Vec<AuditEntry>> = const { RefCell::new(Vec::new()) };
}

/// Logs the entries of the transaction that this thread has committed.
pub(crate) fn log_added() {
    ADDED.take().iter().for_each(log_audit);
}

/// Forgets the entries of the transaction that this thread has rolled back.
pub(crate) fn forget_added() {
    ADDED.take();
}

/// Adds an entry.
pub(crate) fn insert(conn: &Connection, entry: &AuditEntry) -> SqlResult<()> {
    let row = AuditRow::of(entry);
    conn.prepare_cached(&format!(
        "INSERT INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    ))?
    .execute(params![
        row.id,
        row.account,
        row.action,
        row.actor_kind,
        row.actor_id,
        row.actor_name,
        row.actor_is_staff,
        row.target_id,
        row.target_name,
        row.details,
        row.client,
        row.request_id,
    ])?;
    ADDED.with_borrow_mut(|added| added.push(entry.clone()));
    Ok(())
}

/// Adds the entry of a verb that changed something.
pub(crate) fn insert_if(is_changed: bool, conn: &Connection, entry: &AuditEntry) -> SqlResult<()> {
    if is_changed { insert(conn, entry) } else { Ok(()) }
}

/// The entries of the installation from `?2` up to before `?3`; the account `?1` and the target `?4` are then
/// NULL.
pub(crate) const ALL: &str = "FROM audit WHERE ?1 IS NULL AND id >= ?2 AND id < ?3 AND ?4 IS NULL";

/// Those of the account `?1`.
pub(crate) const OF_ACCOUNT: &str =
    "FROM audit WHERE account_id = ?1 AND id >= ?2 AND id < ?3 AND ?4 IS NULL";

/// Those on the target `?4`, of the account `?1` or, if that is NULL, of the installation.
pub(crate) const ON_TARGET: &str = "FROM audit INDEXED BY audit_by_target
     WHERE target_id = ?4 AND id >= ?2 AND id < ?3 AND (?1 IS NULL OR account_id = ?1)";

/// The entries that a page looks at: those that the indexes find.
fn from(filter: &AuditFilter) -> &'static str {
    match (filter.account, &filter.target) {
        (_, Some(_)) => ON_TARGET,
        (Some(_), None) => OF_ACCOUNT,
        (None, None) => ALL,
    }
}

fn list(conn: &Connection, filter: &AuditFilter, page: PageRequest) -> SqlResult<Page<AuditEntry>> {
    let account = filter.account.map(|id| *id.as_bytes());
    let from = from(filter);
    let first = filter.after.map_or(0, |after| AuditId::first_at(after).as_u128());
    let end = filter
        .before
        .map_or(u128::MAX, |before| AuditId::first_at(before).as_u128());
    let end = page.after.map_or(end, |after| end.min(after.0));
    let (first, end) = (first.to_be_bytes(), end.to_be_bytes());
    // What a page looks at ends here, if there is so much.
    let last_looked_at: Option<[u8; 16]> = conn
        .prepare_cached(&format!("SELECT id {from} ORDER BY id DESC LIMIT 1 OFFSET ?5"))?
        .query_row(
            (
                account,
                first,
                end,
                &filter.target,
                columns::number(AUDIT_LOOKED_AT_MAX - 1),
            ),
            |row| row.get(0),
        )
        .optional()?;
    let (prefix, goes_on) = filter
        .action
        .as_ref()
        .map_or(("", true), |action| action.prefix());
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} {from}
             AND substr(action, 1, length(?5)) = ?5 AND (?6 OR action = ?5)
             AND (?7 IS NULL OR (actor_id = ?7 AND NOT (?8 AND actor_is_staff)))
         ORDER BY id DESC LIMIT ?9"
    ))?;
    let mut rows = statement.query(params![
        account,
        last_looked_at.unwrap_or(first),
        end,
        filter.target,
        prefix,
        goes_on,
        filter.actor,
        filter.hides_staff,
        columns::limit_with_surplus(page.limit),
    ])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = AuditEntry::try_from(columns::read(row, 0, AuditRow::read)?)?;
        entries.push((Position(entry.id.as_u128()), entry));
    }
    let mut found = Page::from_surplus(entries, page.limit);
    found.next = found
        .next
        .or_else(|| last_looked_at.map(|id| Position(u128::from_be_bytes(id))));
    Ok(found)
}
