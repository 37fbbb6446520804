//! Keys that open the API.

use async_trait::async_trait;
use postrider_model::{ApiKey, ApiKeyId};
use postrider_storage::{ApiKeyStore, StoreResult};
use tokio_postgres::Row;

use crate::sql_error::{SqlError, SqlResult};
use crate::store::PostgresStore;
use crate::{columns, statement};

#[async_trait]
impl ApiKeyStore for PostgresStore {
    async fn put_api_key(&self, key: ApiKey) -> StoreResult<()> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                statement::execute(
                    &client,
                    "INSERT INTO api_keys (id, name, sha256, created_at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (id) DO UPDATE SET name = excluded.name, sha256 = excluded.sha256,
                                                    created_at = excluded.created_at",
                    &[
                        &columns::uuid(key.id.as_bytes()),
                        &key.name,
                        &key.sha256.as_slice(),
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
                // Whoever comes second waits here, and then sees the key of the first.
                transaction
                    .batch_execute("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE")
                    .await?;
                let added = statement::execute(
                    &transaction,
                    "INSERT INTO api_keys (id, name, sha256, created_at) SELECT $1, $2, $3, $4
                     WHERE NOT EXISTS (SELECT 1 FROM api_keys)",
                    &[
                        &columns::uuid(key.id.as_bytes()),
                        &key.name,
                        &key.sha256.as_slice(),
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
                let sql = "SELECT id, name, sha256, created_at FROM api_keys ORDER BY created_at, id";
                let rows = statement::query(&client, sql, &[]).await?;
                rows.iter().map(from_row).collect()
            })
            .await
    }

    async fn delete_api_key(&self, id: ApiKeyId) -> StoreResult<bool> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let sql = "DELETE FROM api_keys WHERE id = $1";
                Ok(statement::execute(&client, sql, &[&columns::uuid(id.as_bytes())]).await? > 0)
            })
            .await
    }
}

fn from_row(row: &Row) -> SqlResult<ApiKey> {
    let sha256: &[u8] = row.try_get(2)?;
    Ok(ApiKey {
        id: columns::id(row, 0, ApiKeyId::from_bytes)?,
        name: row.try_get(1)?,
        sha256: sha256
            .try_into()
            .map_err(|_| SqlError::Damaged("the hash of an API key"))?,
        created_at: columns::time(row, 3)?,
    })
}
