//! Grants for the console. Deleting an account or an API key also deletes its grants (`ON DELETE CASCADE`).

use async_trait::async_trait;
use postrider_model::{Grant, Timestamp};
use postrider_storage::rows::GrantRow;
use postrider_storage::{ConsoleStore, EXPIRED_GRANTS_REMOVED_MAX, StoreResult};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{columns, statement};

#[async_trait]
impl ConsoleStore for PostgresStore {
    async fn put_grant(&self, grant: Grant) -> StoreResult<bool> {
        self.database
            .run(async || put(&self.database.client().await?, &grant).await)
            .await
    }

    async fn grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>> {
        let sql = format!("SELECT {COLUMNS} FROM grants WHERE sha256 = $1 AND expires_at > $2");
        self.database
            .run(async || one(&self.database.client().await?, &sql, sha256, now).await)
            .await
    }

    async fn take_grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>> {
        let sql = format!("DELETE FROM grants WHERE sha256 = $1 AND expires_at > $2 RETURNING {COLUMNS}");
        self.database
            .run(async || one(&self.database.client().await?, &sql, sha256, now).await)
            .await
    }

    async fn delete_grant(&self, sha256: &[u8; 32]) -> StoreResult<bool> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let sql = "DELETE FROM grants WHERE sha256 = $1";
                Ok(statement::execute(&client, sql, &[&sha256.as_slice()]).await? > 0)
            })
            .await
    }
}

const COLUMNS: &str = GrantRow::COLUMNS;

/// Skips expired grants that others are removing at the same moment.
fn put_sql() -> String {
    format!(
        "WITH expired AS (
             DELETE FROM grants WHERE sha256 IN (
                 SELECT sha256 FROM grants WHERE expires_at <= $7 ORDER BY expires_at LIMIT $9 FOR UPDATE SKIP LOCKED)
         )
         INSERT INTO grants ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    )
}

async fn put(client: &Client, grant: &Grant) -> SqlResult<bool> {
    let row = GrantRow::of(grant);
    let limit = i64::try_from(EXPIRED_GRANTS_REMOVED_MAX).unwrap_or(i64::MAX);
    let answer = statement::execute(
        client,
        &put_sql(),
        &[
            &row.sha256,
            &row.kind,
            &row.account.as_ref().map(columns::uuid),
            &row.read_only,
            &row.theme,
            &row.api_key.as_ref().map(columns::uuid),
            &row.created_at,
            &row.expires_at,
            &limit,
        ],
    )
    .await;
    match answer {
        Ok(_) => Ok(true),
        // The foreign keys check whether account and key exist, even while others remove them.
        Err(error) if error.state() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn one(client: &Client, sql: &str, sha256: &[u8; 32], now: Timestamp) -> SqlResult<Option<Grant>> {
    let row = statement::query_opt(client, sql, &[&sha256.as_slice(), &now.unix_ms()]).await?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &Row) -> SqlResult<Grant> {
    Ok(columns::read(row, 0, GrantRow::read)?.try_into()?)
}
