//! API keys.

use async_trait::async_trait;
use postrider_model::{ApiKey, ApiKeyId};
use postrider_storage::rows::ApiKeyRow;
use postrider_storage::{ApiKeyStore, RemoveApiKey, StoreResult};
use rusqlite::Connection;

use crate::columns;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;

const COLUMNS: &str = ApiKeyRow::COLUMNS;

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn put_api_key(&self, key: ApiKey) -> StoreResult<()> {
        self.write(move |cx| {
            cx.conn
                .prepare_cached(
                    "DELETE FROM grants WHERE ?1 AND api_key_id IN
                         (SELECT id FROM api_keys WHERE is_configured AND sha256 <> ?2)",
                )?
                .execute((key.is_configured, key.sha256))?;
            cx.conn
                .prepare_cached(&format!(
                    "INSERT INTO api_keys ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (is_configured) WHERE is_configured
                     DO UPDATE SET name = excluded.name, sha256 = excluded.sha256,
                                   created_at = excluded.created_at"
                ))?
                .execute(values(&key))?;
            Ok(())
        })
        .await
    }

    async fn add_first_api_key(&self, key: ApiKey) -> StoreResult<bool> {
        self.write(move |cx| {
            let added = cx
                .conn
                .prepare_cached(&format!(
                    "INSERT INTO api_keys ({COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5
                     WHERE NOT EXISTS (SELECT 1 FROM api_keys)"
                ))?
                .execute(values(&key))?;
            Ok(added > 0)
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

    async fn delete_api_key(&self, id: ApiKeyId) -> StoreResult<RemoveApiKey> {
        self.write(move |cx| delete(cx.conn, id)).await
    }
}

/// The values of [`COLUMNS`].
fn values(key: &ApiKey) -> impl rusqlite::Params + '_ {
    let created_ms = key.created_at.unix_ms();
    (
        key.id.as_bytes(),
        &key.name,
        key.sha256,
        key.is_configured,
        created_ms,
    )
}

/// Whether this key exists.
pub(crate) fn exists(conn: &Connection, id: ApiKeyId) -> SqlResult<bool> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM api_keys WHERE id = ?1")?;
    Ok(statement.exists((id.as_bytes(),))?)
}

/// Deleting the row also deletes the key's grants (`ON DELETE CASCADE`).
fn delete(conn: &Connection, id: ApiKeyId) -> SqlResult<RemoveApiKey> {
    let deleted = conn
        .prepare_cached(
            "DELETE FROM api_keys WHERE id = ?1 AND EXISTS (SELECT 1 FROM api_keys WHERE id <> ?1)",
        )?
        .execute((id.as_bytes(),))?;
    Ok(if deleted > 0 {
        RemoveApiKey::Removed
    } else if exists(conn, id)? {
        RemoveApiKey::LastOne
    } else {
        RemoveApiKey::Missing
    })
}
