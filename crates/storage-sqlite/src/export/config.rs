//! Configuration: the catalogue, API keys, and accounts with their signing keys, automations and connections.
//! The audit trail of their changes.

use postrider_storage::rows::{
    AccountRow, ActionHealthRow, ApiKeyRow, AuditRow, AutomationRow, ConnectionRow, EventTypeRow,
    SigningKeyRow, TemplateRow,
};
use postrider_storage::transfer::{AccountRows, Rows};
use rusqlite::{Connection, Row};

use super::ExportResult;
use crate::columns::read;
use crate::sql_error::SqlResult;

/// Most rows in a batch. An account has at most 200 automations, and usually a few.
const ROWS_MAX: i64 = 500;

/// Rows and the number of the last one, if there are any.
type Found = Option<(Rows, i64)>;

/// Reads the rows after a number: `sql` takes that number and a limit, and returns each row's number in
/// column 0.
fn numbered<T>(
    conn: &Connection,
    sql: &str,
    after: i64,
    mut of_row: impl FnMut(&Row<'_>) -> ExportResult<T>,
) -> ExportResult<(Vec<T>, i64)> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((after, ROWS_MAX))?;
    let (mut found, mut last) = (Vec::new(), after);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        found.push(of_row(row)?);
    }
    Ok((found, last))
}

fn some<T>((rows, last): (Vec<T>, i64), kind: fn(Vec<T>) -> Rows) -> Found {
    (!rows.is_empty()).then(|| (kind(rows), last))
}

/// The catalogue.
pub(super) fn event_types(conn: &Connection, after: i64) -> ExportResult<Found> {
    let columns = EventTypeRow::COLUMNS;
    let sql = format!("SELECT {columns} FROM event_types WHERE number > ?1 ORDER BY number LIMIT ?2");
    let found = numbered(conn, &sql, after, |row| Ok(read(row, 0, EventTypeRow::read)?))?;
    Ok(some(found, Rows::EventTypes))
}

/// API keys.
pub(super) fn api_keys(conn: &Connection, after: i64) -> ExportResult<Found> {
    let columns = ApiKeyRow::COLUMNS;
    let sql = format!("SELECT rowid, {columns} FROM api_keys WHERE rowid > ?1 ORDER BY rowid LIMIT ?2");
    let found = numbered(conn, &sql, after, |row| Ok(read(row, 1, ApiKeyRow::read)?))?;
    Ok(some(found, Rows::ApiKeys))
}

/// Accounts with their signing keys, automations and connections.
pub(super) fn accounts(conn: &Connection, after: i64) -> ExportResult<Found> {
    let columns = AccountRow::COLUMNS;
    let sql = format!("SELECT number, {columns} FROM accounts WHERE number > ?1 ORDER BY number LIMIT ?2");
    let found = numbered(conn, &sql, after, |row| {
        let account = read(row, 1, AccountRow::read)?;
        Ok(AccountRows {
            signing_keys: of_account(conn, account.id, "signing_keys", SigningKeyRow::COLUMNS, |row| {
                read(row, 0, SigningKeyRow::read)
            })?,
            automations: of_account(conn, account.id, "automations", AutomationRow::COLUMNS, |row| {
                read(row, 0, AutomationRow::read)
            })?,
            action_health: action_health(conn, account.id)?,
            connections: of_account(conn, account.id, "connections", ConnectionRow::COLUMNS, |row| {
                read(row, 0, ConnectionRow::read)
            })?,
            account,
        })
    })?;
    Ok(some(found, Rows::Accounts))
}

/// An account's rows of a table, in the order in which they were added.
fn of_account<T>(
    conn: &Connection,
    account: [u8; 16],
    table: &str,
    columns: &str,
    read: fn(&Row<'_>) -> SqlResult<T>,
) -> ExportResult<Vec<T>> {
    let sql = format!("SELECT {columns} FROM {table} WHERE account_id = ?1 ORDER BY number");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query((account,))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The health of an account's actions.
fn action_health(conn: &Connection, account: [u8; 16]) -> ExportResult<Vec<ActionHealthRow>> {
    let columns = ActionHealthRow::COLUMNS;
    let sql = format!("SELECT {columns} FROM action_health WHERE account_id = ?1 ORDER BY action_id");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query((account,))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row, 0, ActionHealthRow::read)?);
    }
    Ok(found)
}

/// The audit trail.
pub(super) fn audit(conn: &Connection, after: i64) -> ExportResult<Found> {
    let columns = AuditRow::COLUMNS;
    let sql = format!("SELECT number, {columns} FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2");
    let found = numbered(conn, &sql, after, |row| Ok(read(row, 1, AuditRow::read)?))?;
    Ok(some(found, Rows::Audit))
}

/// Pinned templates.
pub(super) fn templates(conn: &Connection, after: i64) -> ExportResult<Found> {
    let columns = TemplateRow::COLUMNS;
    let sql = format!("SELECT number, {columns} FROM templates WHERE number > ?1 ORDER BY number LIMIT ?2");
    let found = numbered(conn, &sql, after, |row| Ok(read(row, 1, TemplateRow::read)?))?;
    Ok(some(found, Rows::Templates))
}

/// Deleted accounts that retention still has to prune.
pub(super) fn deleted_accounts(conn: &Connection, after: i64) -> ExportResult<Found> {
    let sql = "SELECT number, account_id FROM deleted_accounts WHERE number > ?1 ORDER BY number LIMIT ?2";
    let found = numbered(conn, sql, after, |row| Ok(row.get(1)?))?;
    Ok(some(found, Rows::DeletedAccounts))
}
