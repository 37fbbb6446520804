//! Links and sessions of the console. They go with their account and their API key (`ON DELETE CASCADE`).

use async_trait::async_trait;
use postrider_model::{AccountId, ApiKeyId, Grant, GrantKind, Theme, Timestamp, Visitor};
use postrider_storage::{ConsoleStore, EXPIRED_GRANTS_REMOVED_MAX, StoreResult};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::database::Client;
use crate::sql_error::{SqlError, SqlResult};
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

const COLUMNS: &str = "sha256, kind, account_id, read_only, theme, api_key_id, created_at, expires_at";

/// What others are removing at the same moment is left to them.
const PUT: &str = "
    WITH expired AS (
        DELETE FROM grants WHERE sha256 IN (
            SELECT sha256 FROM grants WHERE expires_at <= $7 ORDER BY expires_at LIMIT $9 FOR UPDATE SKIP LOCKED)
    )
    INSERT INTO grants (sha256, kind, account_id, read_only, theme, api_key_id, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

async fn put(client: &Client, grant: &Grant) -> SqlResult<bool> {
    let (read_only, theme) = match grant.visitor {
        Visitor::Operator => (false, None),
        Visitor::Customer { read_only, theme, .. } => (read_only, theme),
    };
    let limit = i64::try_from(EXPIRED_GRANTS_REMOVED_MAX).unwrap_or(i64::MAX);
    let account = grant.visitor.account().map(|id| columns::uuid(id.as_bytes()));
    let answer = statement::execute(
        client,
        PUT,
        &[
            &grant.sha256.as_slice(),
            &i16::from(grant.kind.code()),
            &account,
            &read_only,
            &theme.map(|theme| i16::from(theme.code())),
            &grant.api_key.map(|id| columns::uuid(id.as_bytes())),
            &grant.created_at.unix_ms(),
            &grant.expires_at.unix_ms(),
            &limit,
        ],
    )
    .await;
    match answer {
        Ok(_) => Ok(true),
        // The database itself sees whether account and key are there, also while others remove them.
        Err(error) if error.state() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn one(client: &Client, sql: &str, sha256: &[u8; 32], now: Timestamp) -> SqlResult<Option<Grant>> {
    let row = statement::query_opt(client, sql, &[&sha256.as_slice(), &now.unix_ms()]).await?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &Row) -> SqlResult<Grant> {
    let account: Option<Uuid> = row.try_get(2)?;
    let visitor = match account {
        None => Visitor::Operator,
        Some(account) => Visitor::Customer {
            account: AccountId::from_bytes(account.into_bytes()),
            read_only: row.try_get(3)?,
            theme: columns::code_opt(row, 4, Theme::from_code)?,
        },
    };
    let sha256: &[u8] = row.try_get(0)?;
    let api_key: Option<Uuid> = row.try_get(5)?;
    Ok(Grant {
        sha256: sha256
            .try_into()
            .map_err(|_| SqlError::Damaged("the hash of a grant"))?,
        kind: columns::code(row, 1, GrantKind::from_code)?,
        visitor,
        api_key: api_key.map(|id| ApiKeyId::from_bytes(id.into_bytes())),
        created_at: columns::time(row, 6)?,
        expires_at: columns::time(row, 7)?,
    })
}
