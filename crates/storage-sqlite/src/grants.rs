//! Grants for the console. Deleting an account or an API key also deletes its grants (`ON DELETE CASCADE`).

use async_trait::async_trait;
use postrider_model::{Grant, Timestamp};
use postrider_storage::rows::GrantRow;
use postrider_storage::{ConsoleStore, EXPIRED_GRANTS_REMOVED_MAX, StoreResult};
use rusqlite::{Connection, Row};

use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::{accounts, api_keys, columns};

#[async_trait]
impl ConsoleStore for SqliteStore {
    async fn put_grant(&self, grant: Grant) -> StoreResult<bool> {
        self.write(move |cx| put(cx.conn, &grant)).await
    }

    async fn grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>> {
        let sha256 = *sha256;
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM grants WHERE sha256 = ?1 AND expires_at > ?2");
            one(conn, &sql, sha256, now)
        })
        .await
    }

    async fn take_grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>> {
        let sha256 = *sha256;
        self.write(move |cx| {
            let sql = format!("DELETE FROM grants WHERE sha256 = ?1 AND expires_at > ?2 RETURNING {COLUMNS}");
            one(cx.conn, &sql, sha256, now)
        })
        .await
    }

    async fn delete_grant(&self, sha256: &[u8; 32]) -> StoreResult<bool> {
        let sha256 = *sha256;
        self.write(move |cx| {
            let mut statement = cx.conn.prepare_cached("DELETE FROM grants WHERE sha256 = ?1")?;
            Ok(statement.execute((sha256,))? > 0)
        })
        .await
    }
}

const COLUMNS: &str = GrantRow::COLUMNS;

pub(crate) const REMOVE_EXPIRED: &str = "DELETE FROM grants WHERE sha256 IN
    (SELECT sha256 FROM grants WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

/// Accounts and keys are deleted through the same connection, so what this finds still exists when it inserts
/// the grant.
fn put(conn: &Connection, grant: &Grant) -> SqlResult<bool> {
    let account = grant.visitor.account();
    if let Some(id) = account
        && !accounts::exists(conn, id)?
    {
        return Ok(false);
    }
    if let Some(id) = grant.api_key
        && !api_keys::exists(conn, id)?
    {
        return Ok(false);
    }
    let limit = i64::try_from(EXPIRED_GRANTS_REMOVED_MAX).unwrap_or(i64::MAX);
    conn.prepare_cached(REMOVE_EXPIRED)?
        .execute((grant.created_at.unix_ms(), limit))?;
    let row = GrantRow::of(grant);
    conn.prepare_cached(&format!(
        "INSERT INTO grants ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    ))?
    .execute((
        row.sha256,
        row.kind,
        row.account,
        row.read_only,
        row.theme,
        row.api_key,
        row.created_at,
        row.expires_at,
    ))?;
    Ok(true)
}

fn one(conn: &Connection, sql: &str, sha256: [u8; 32], now: Timestamp) -> SqlResult<Option<Grant>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((sha256, now.unix_ms()))?;
    rows.next()?.map(from_row).transpose()
}

fn from_row(row: &Row<'_>) -> SqlResult<Grant> {
    Ok(columns::read(row, 0, GrantRow::read)?.try_into()?)
}
