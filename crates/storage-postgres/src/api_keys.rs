//! API keys.

use async_trait::async_trait;
use postrider_model::{ApiKey, ApiKeyId};
use postrider_storage::rows::ApiKeyRow;
use postrider_storage::{ApiKeyStore, RemoveApiKey, StoreResult};
use tokio_postgres::Row;

use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{columns, statement};

const COLUMNS: &str = ApiKeyRow::COLUMNS;

#[async_trait]
impl ApiKeyStore for PostgresStore {
    async fn put_api_key(&self, key: ApiKey) -> StoreResult<()> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                statement::execute(
                    &client,
                    &format!(
                        "WITH ended AS (
                             DELETE FROM grants WHERE $4 AND api_key_id IN
                                 (SELECT id FROM api_keys WHERE is_configured AND sha256 <> $3)
                         )
                         INSERT INTO api_keys ({COLUMNS}) VALUES ($1, $2, $3, $4, $5)
                         ON CONFLICT (is_configured) WHERE is_configured
                         DO UPDATE SET name = excluded.name, sha256 = excluded.sha256,
                                       created_at = excluded.created_at"
                    ),
                    &[
                        &columns::uuid(key.id.as_bytes()),
                        &key.name,
                        &key.sha256.as_slice(),
                        &key.is_configured,
                        &key.created_at.unix_ms(),
                    ],
                )
                .await?;
                Ok(())
            })
            .await
    }

    async fn add_first_api_key(&self, key: ApiKey) -> StoreResult<bool> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                // The second of two concurrent callers then sees the first one's key.
                transaction.batch_execute(LOCK).await?;
                let added = statement::execute(
                    &transaction,
                    &format!(
                        "INSERT INTO api_keys ({COLUMNS}) SELECT $1, $2, $3, $4, $5
                         WHERE NOT EXISTS (SELECT 1 FROM api_keys)"
                    ),
                    &[
                        &columns::uuid(key.id.as_bytes()),
                        &key.name,
                        &key.sha256.as_slice(),
                        &key.is_configured,
                        &key.created_at.unix_ms(),
                    ],
                )
                .await?;
                transaction.commit().await?;
                Ok(added > 0)
            })
            .await
    }

    async fn api_keys(&self) -> StoreResult<Vec<ApiKey>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let sql = format!("SELECT {COLUMNS} FROM api_keys ORDER BY created_at, id");
                let rows = statement::query(&client, &sql, &[]).await?;
                rows.iter().map(from_row).collect()
            })
            .await
    }

    async fn delete_api_key(&self, id: ApiKeyId) -> StoreResult<RemoveApiKey> {
        self.database
            .run(async || delete(&mut self.database.client().await?, id).await)
            .await
    }
}

/// Makes other nodes that depend on the number of keys wait until this transaction has ended. Reading keys,
/// and adding grants that refer to one, stays possible.
const LOCK: &str = "LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE";

/// Deletes a key. Deleting the row also deletes the key's grants (`ON DELETE CASCADE`).
async fn delete(client: &mut Client, id: ApiKeyId) -> SqlResult<RemoveApiKey> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    let sql = "SELECT count(*) FILTER (WHERE id = $1), count(*) FILTER (WHERE id <> $1) FROM api_keys";
    let id = columns::uuid(id.as_bytes());
    let row = statement::query_one(&transaction, sql, &[&id]).await?;
    let (this, others): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if this == 0 {
        return Ok(RemoveApiKey::Missing);
    }
    if others == 0 {
        return Ok(RemoveApiKey::LastOne);
    }
    statement::execute(&transaction, "DELETE FROM api_keys WHERE id = $1", &[&id]).await?;
    transaction.commit().await?;
    Ok(RemoveApiKey::Removed)
}

fn from_row(row: &Row) -> SqlResult<ApiKey> {
    Ok(columns::read(row, 0, ApiKeyRow::read)?.try_into()?)
}
