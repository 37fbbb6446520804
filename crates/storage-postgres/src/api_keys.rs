//! API keys. Deleting an account also deletes its keys (`ON DELETE CASCADE`).

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{ApiKey, ApiKeyId, AuditEntry, Permission, Permissions, Timestamp};
use postrider_storage::rows::ApiKeyRow;
use postrider_storage::{API_KEYS_MAX, AddApiKey, ApiKeyStore, RemoveApiKey, StoreResult};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{audit, columns, statement};

const COLUMNS: &str = ApiKeyRow::COLUMNS;

#[async_trait]
impl ApiKeyStore for PostgresStore {
    async fn add_api_key(&self, key: ApiKey, audit: AuditEntry) -> StoreResult<AddApiKey> {
        self.database
            .run(async || add(&mut self.database.client().await?, &key, &audit).await)
            .await
    }

    async fn configure_api_key(&self, key: Option<ApiKey>, audit: AuditEntry) -> StoreResult<()> {
        self.database
            .run(async || configure(&mut self.database.client().await?, key.as_ref(), &audit).await)
            .await
    }

    async fn add_first_api_key(&self, key: ApiKey, audit: AuditEntry) -> StoreResult<bool> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                // The second of two concurrent callers then sees the first one's key.
                transaction.batch_execute(LOCK).await?;
                if permanent_admins(&transaction, None).await? > 0 {
                    return Ok(false);
                }
                insert(&transaction, &key).await?;
                audit::commit(transaction, &audit).await?;
                Ok(true)
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

    async fn note_api_key_uses(&self, uses: Vec<(ApiKeyId, Timestamp)>) -> StoreResult<()> {
        let ids: Vec<Uuid> = uses.iter().map(|(id, _)| columns::uuid(id.as_bytes())).collect();
        let times: Vec<i64> = uses.iter().map(|(_, used_at)| used_at.unix_ms()).collect();
        self.database
            .run(async || {
                let client = self.database.client().await?;
                // In the order of the ids, so that nodes that note uses at the same moment do not deadlock.
                let sql = "
                    WITH uses AS (SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS u (id, used_at)),
                    locked AS (
                        SELECT k.id, u.used_at FROM api_keys k JOIN uses u USING (id)
                        WHERE k.last_used_at IS NULL OR k.last_used_at < u.used_at
                        ORDER BY k.id FOR NO KEY UPDATE OF k
                    )
                    UPDATE api_keys k SET last_used_at = l.used_at FROM locked l WHERE k.id = l.id";
                statement::execute(&client, sql, &[&ids, &times]).await?;
                Ok(())
            })
            .await
    }

    async fn delete_api_key(&self, id: ApiKeyId, audit: AuditEntry) -> StoreResult<RemoveApiKey> {
        self.database
            .run(async || delete(&mut self.database.client().await?, id, &audit).await)
            .await
    }
}

/// Makes other nodes that depend on which keys there are wait until this transaction has ended. Reading keys,
/// and adding grants that refer to one, stays possible.
const LOCK: &str = "LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE";

async fn add(client: &mut Client, key: &ApiKey, audit: &AuditEntry) -> SqlResult<AddApiKey> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    let count = statement::query_one(&transaction, "SELECT count(*) FROM api_keys", &[]).await?;
    if count.try_get::<_, i64>(0)? >= columns::number(API_KEYS_MAX) {
        return Ok(AddApiKey::TooMany);
    }
    match insert(&transaction, key).await {
        Ok(()) => {}
        // The foreign key checks whether the account exists, even while another node deletes it.
        Err(error) if error.state() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => {
            return Ok(AddApiKey::AccountMissing);
        }
        Err(error) => return Err(error),
    }
    audit::commit(transaction, audit).await?;
    Ok(AddApiKey::Added)
}

async fn configure(client: &mut Client, key: Option<&ApiKey>, audit: &AuditEntry) -> SqlResult<()> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    let Some(key) = key else {
        // This also deletes the key's grants (`ON DELETE CASCADE`).
        let sql = "DELETE FROM api_keys WHERE is_configured";
        if statement::execute(&transaction, sql, &[]).await? > 0 {
            audit::commit(transaction, audit).await?;
        }
        return Ok(());
    };
    let sha256 = key.sha256.as_slice();
    let is_same = "SELECT 1 FROM api_keys WHERE is_configured AND sha256 = $1";
    if statement::query_opt(&transaction, is_same, &[&sha256])
        .await?
        .is_some()
    {
        return Ok(());
    }
    let end = "DELETE FROM grants WHERE api_key_id IN (SELECT id FROM api_keys WHERE is_configured)";
    statement::execute(&transaction, end, &[]).await?;
    let update =
        "UPDATE api_keys SET name = $1, sha256 = $2, permissions = $3, created_at = $4, last_used_at = NULL
         WHERE is_configured";
    let permissions = i16::from(key.permissions.code());
    let params: &statement::Params<'_> = &[&key.name, &sha256, &permissions, &key.created_at.unix_ms()];
    if statement::execute(&transaction, update, params).await? == 0 {
        insert(&transaction, key).await?;
    }
    audit::commit(transaction, audit).await
}

async fn insert(client: &impl GenericClient, key: &ApiKey) -> SqlResult<()> {
    let row = ApiKeyRow::of(key);
    statement::execute(
        client,
        &format!("INSERT INTO api_keys ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
        &[
            &columns::uuid(&row.id),
            &row.name,
            &row.prefix,
            &row.sha256,
            &row.is_configured,
            &row.permissions,
            &row.account.as_ref().map(columns::uuid),
            &row.created_at,
            &row.expires_at,
            &row.last_used_at,
        ],
    )
    .await?;
    Ok(())
}

/// How many keys [`ApiKey::is_permanent_admin`], without the one of this id.
async fn permanent_admins(client: &impl GenericClient, without: Option<ApiKeyId>) -> SqlResult<i64> {
    let admin = i16::from(Permissions::of(&[Permission::Admin]).code());
    let sql = "SELECT count(*) FROM api_keys
               WHERE permissions & $1 <> 0 AND account_id IS NULL AND expires_at IS NULL
                 AND id IS DISTINCT FROM $2";
    let without = without.map(|id| columns::uuid(id.as_bytes()));
    let row = statement::query_one(client, sql, &[&admin, &without]).await?;
    Ok(row.try_get(0)?)
}

/// Deletes a key. Deleting the row also deletes the key's grants (`ON DELETE CASCADE`).
async fn delete(client: &mut Client, id: ApiKeyId, audit: &AuditEntry) -> SqlResult<RemoveApiKey> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    let left = permanent_admins(&transaction, Some(id)).await?;
    if left == 0 && permanent_admins(&transaction, None).await? > 0 {
        return Ok(RemoveApiKey::LastAdmin);
    }
    let id = columns::uuid(id.as_bytes());
    let deleted = statement::execute(&transaction, "DELETE FROM api_keys WHERE id = $1", &[&id]).await?;
    if deleted == 0 {
        return Ok(RemoveApiKey::Missing);
    }
    audit::commit(transaction, audit).await?;
    Ok(RemoveApiKey::Removed)
}

fn from_row(row: &Row) -> SqlResult<ApiKey> {
    Ok(columns::read(row, 0, ApiKeyRow::read)?.try_into()?)
}
