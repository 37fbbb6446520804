//! API keys. Deleting an account also deletes its keys (`ON DELETE CASCADE`).

use async_trait::async_trait;
use postrider_model::{ApiKey, ApiKeyId, AuditEntry, Permission, Permissions, Timestamp};
use postrider_storage::rows::ApiKeyRow;
use postrider_storage::{API_KEYS_MAX, AddApiKey, ApiKeyStore, RemoveApiKey, StoreResult};
use rusqlite::Connection;

use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::{accounts, audit, columns};

const COLUMNS: &str = ApiKeyRow::COLUMNS;

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn add_api_key(&self, key: ApiKey, audit: AuditEntry) -> StoreResult<AddApiKey> {
        self.write(move |cx| {
            let outcome = add(cx.conn, &key)?;
            audit::insert_if(outcome == AddApiKey::Added, cx.conn, &audit)?;
            Ok(outcome)
        })
        .await
    }

    async fn configure_api_key(&self, key: Option<ApiKey>, audit: AuditEntry) -> StoreResult<()> {
        self.write(move |cx| {
            let is_changed = configure(cx.conn, key.as_ref())?;
            audit::insert_if(is_changed, cx.conn, &audit)
        })
        .await
    }

    async fn add_first_api_key(&self, key: ApiKey, audit: AuditEntry) -> StoreResult<bool> {
        self.write(move |cx| {
            if permanent_admins(cx.conn, None)? > 0 {
                return Ok(false);
            }
            insert(cx.conn, &key)?;
            audit::insert(cx.conn, &audit)?;
            Ok(true)
        })
        .await
    }

    async fn api_keys(&self) -> StoreResult<Vec<ApiKey>> {
        self.read(|conn| {
            let sql = format!("SELECT {COLUMNS} FROM api_keys ORDER BY created_at, id");
            let mut statement = conn.prepare_cached(&sql)?;
            let mut rows = statement.query(())?;
            let mut keys = Vec::new();
            while let Some(row) = rows.next()? {
                keys.push(columns::read(row, 0, ApiKeyRow::read)?.try_into()?);
            }
            Ok(keys)
        })
        .await
    }

    async fn note_api_key_uses(&self, uses: Vec<(ApiKeyId, Timestamp)>) -> StoreResult<()> {
        self.write(move |cx| {
            let mut statement = cx.conn.prepare_cached(
                "UPDATE api_keys SET last_used_at = ?2
                 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)",
            )?;
            for (id, used_at) in &uses {
                statement.execute((id.as_bytes(), used_at.unix_ms()))?;
            }
            Ok(())
        })
        .await
    }

    async fn delete_api_key(&self, id: ApiKeyId, audit: AuditEntry) -> StoreResult<RemoveApiKey> {
        self.write(move |cx| {
            let outcome = delete(cx.conn, id)?;
            audit::insert_if(outcome == RemoveApiKey::Removed, cx.conn, &audit)?;
            Ok(outcome)
        })
        .await
    }
}

/// Whether this key exists.
pub(crate) fn exists(conn: &Connection, id: ApiKeyId) -> SqlResult<bool> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM api_keys WHERE id = ?1")?;
    Ok(statement.exists((id.as_bytes(),))?)
}

fn add(conn: &Connection, key: &ApiKey) -> SqlResult<AddApiKey> {
    if let Some(account) = key.scope.account()
        && !accounts::exists(conn, account)?
    {
        return Ok(AddApiKey::AccountMissing);
    }
    let count: i64 = conn
        .prepare_cached("SELECT count(*) FROM api_keys")?
        .query_row((), |row| row.get(0))?;
    if count >= columns::number(API_KEYS_MAX) {
        return Ok(AddApiKey::TooMany);
    }
    insert(conn, key)?;
    Ok(AddApiKey::Added)
}

/// False if the key is configured already, or there was none to remove.
fn configure(conn: &Connection, key: Option<&ApiKey>) -> SqlResult<bool> {
    let Some(key) = key else {
        // This also deletes the key's grants (`ON DELETE CASCADE`).
        let deleted = conn
            .prepare_cached("DELETE FROM api_keys WHERE is_configured")?
            .execute(())?;
        return Ok(deleted > 0);
    };
    if conn
        .prepare_cached("SELECT 1 FROM api_keys WHERE is_configured AND sha256 = ?1")?
        .exists((key.sha256,))?
    {
        return Ok(false);
    }
    conn.prepare_cached(
        "DELETE FROM grants WHERE api_key_id IN (SELECT id FROM api_keys WHERE is_configured)",
    )?
    .execute(())?;
    let updated = conn
        .prepare_cached(
            "UPDATE api_keys SET name = ?1, sha256 = ?2, permissions = ?3, created_at = ?4, last_used_at = NULL
             WHERE is_configured",
        )?
        .execute((
            &key.name,
            key.sha256,
            key.permissions.code(),
            key.created_at.unix_ms(),
        ))?;
    if updated == 0 {
        insert(conn, key)?;
    }
    Ok(true)
}

fn insert(conn: &Connection, key: &ApiKey) -> SqlResult<()> {
    let row = ApiKeyRow::of(key);
    conn.prepare_cached(&format!(
        "INSERT INTO api_keys ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    ))?
    .execute((
        row.id,
        row.name,
        row.prefix,
        row.sha256,
        row.is_configured,
        row.permissions,
        row.account,
        row.created_at,
        row.expires_at,
        row.last_used_at,
    ))?;
    Ok(())
}

/// How many keys [`ApiKey::is_permanent_admin`], without the one of this id.
fn permanent_admins(conn: &Connection, without: Option<ApiKeyId>) -> SqlResult<i64> {
    let admin = Permissions::of(&[Permission::Admin]).code();
    let mut statement = conn.prepare_cached(
        "SELECT count(*) FROM api_keys
         WHERE permissions & ?1 <> 0 AND account_id IS NULL AND expires_at IS NULL AND id IS NOT ?2",
    )?;
    let without = without.map(|id| *id.as_bytes());
    Ok(statement.query_row((admin, without), |row| row.get(0))?)
}

/// Deleting the row also deletes the key's grants (`ON DELETE CASCADE`).
fn delete(conn: &Connection, id: ApiKeyId) -> SqlResult<RemoveApiKey> {
    let left = permanent_admins(conn, Some(id))?;
    if left == 0 && permanent_admins(conn, None)? > 0 {
        return Ok(RemoveApiKey::LastAdmin);
    }
    let deleted = conn
        .prepare_cached("DELETE FROM api_keys WHERE id = ?1")?
        .execute((id.as_bytes(),))?;
    Ok(if deleted > 0 {
        RemoveApiKey::Removed
    } else {
        RemoveApiKey::Missing
    })
}
