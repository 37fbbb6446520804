//! What operators and producers have set up: the catalogue, API keys, accounts with what they have.

use postrider_storage::transfer::{AccountRow, ApiKeyRow, AutomationRow, EventTypeRow, Rows, SigningKeyRow};
use rusqlite::{Connection, Row};

use super::ExportResult;

/// Most rows of a batch. An account has at most a hundred automations, and usually a few.
const ROWS_MAX: i64 = 500;

/// Rows and the number of the last one, where there are any.
type Found = Option<(Rows, i64)>;

/// Reads numbered rows behind one: `sql` takes the number and a limit, and gives the number in column 0.
fn numbered<T>(
    conn: &Connection,
    sql: &str,
    after: i64,
    mut read: impl FnMut(&Row<'_>) -> ExportResult<T>,
) -> ExportResult<(Vec<T>, i64)> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((after, ROWS_MAX))?;
    let (mut found, mut last) = (Vec::new(), after);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        found.push(read(row)?);
    }
    Ok((found, last))
}

fn some<T>((rows, last): (Vec<T>, i64), kind: fn(Vec<T>) -> Rows) -> Found {
    (!rows.is_empty()).then(|| (kind(rows), last))
}

/// The catalogue.
pub(super) fn event_types(conn: &Connection, after: i64) -> ExportResult<Found> {
    let sql = "SELECT number, name, description, example, schema, created_at, updated_at, deleted
               FROM event_types WHERE number > ?1 ORDER BY number LIMIT ?2";
    let found = numbered(conn, sql, after, |row| {
        Ok(EventTypeRow {
            number: row.get(0)?,
            name: row.get(1)?,
            description: row.get(2)?,
            example: row.get(3)?,
            schema: row.get(4)?,
            created_at: row.get(5)?,
            updated_at: row.get(6)?,
            deleted: row.get(7)?,
        })
    })?;
    Ok(some(found, Rows::EventTypes))
}

/// Keys that open the API.
pub(super) fn api_keys(conn: &Connection, after: i64) -> ExportResult<Found> {
    let sql = "SELECT rowid, id, name, sha256, created_at
               FROM api_keys WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
    let found = numbered(conn, sql, after, |row| {
        Ok(ApiKeyRow {
            id: row.get(1)?,
            name: row.get(2)?,
            sha256: row.get(3)?,
            created_at: row.get(4)?,
        })
    })?;
    Ok(some(found, Rows::ApiKeys))
}

/// Accounts with their signing keys and automations.
pub(super) fn accounts(conn: &Connection, after: i64) -> ExportResult<Found> {
    let sql = "SELECT number, id, uid, name, metadata, retry_delays, created_at, updated_at, version
               FROM accounts WHERE number > ?1 ORDER BY number LIMIT ?2";
    let found = numbered(conn, sql, after, |row| {
        let id = row.get(1)?;
        Ok(AccountRow {
            id,
            uid: row.get(2)?,
            name: row.get(3)?,
            metadata: row.get(4)?,
            retry_delays: row.get(5)?,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
            version: row.get(8)?,
            signing_keys: signing_keys(conn, id)?,
            automations: automations(conn, id)?,
        })
    })?;
    Ok(some(found, Rows::Accounts))
}

fn signing_keys(conn: &Connection, account: [u8; 16]) -> ExportResult<Vec<SigningKeyRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, secret, created_at, expires_at FROM signing_keys WHERE account_id = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map((account,), |row| {
        Ok(SigningKeyRow {
            id: row.get(0)?,
            secret: row.get(1)?,
            created_at: row.get(2)?,
            expires_at: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn automations(conn: &Connection, account: [u8; 16]) -> ExportResult<Vec<AutomationRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, enabled, trigger, actions, retry_delays, created_at, updated_at, version
         FROM automations WHERE account_id = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map((account,), |row| {
        Ok(AutomationRow {
            id: row.get(0)?,
            name: row.get(1)?,
            enabled: row.get(2)?,
            trigger: row.get(3)?,
            actions: row.get(4)?,
            retry_delays: row.get(5)?,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
            version: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Accounts that retention still has to clear away.
pub(super) fn deleted_accounts(conn: &Connection, after: i64) -> ExportResult<Found> {
    let sql = "SELECT number, account_id FROM deleted_accounts WHERE number > ?1 ORDER BY number LIMIT ?2";
    let found = numbered(conn, sql, after, |row| Ok(row.get(1)?))?;
    Ok(some(found, Rows::DeletedAccounts))
}
