//! Connections: how an account's actions authenticate at receivers.
//!
//! Who creates or deletes one locks the account, and so does who saves an automation that names one.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, Action, AuditEntry, AutomationId, Connection, ConnectionId};
use postrider_storage::rows::ConnectionRow;
use postrider_storage::{
    ConnectionStore, DeleteConnection, Page, PageRequest, Position, SaveConnection, Sealer, StoreResult,
    rules,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{accounts, audit, columns, statement};

#[async_trait]
impl ConnectionStore for PostgresStore {
    async fn create_connection(
        &self,
        account: AccountId,
        connection: Connection,
        audit: AuditEntry,
    ) -> StoreResult<SaveConnection> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let saved = create(&transaction, account, &connection, &self.sealer).await?;
                if matches!(saved, SaveConnection::Saved(_)) {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(saved)
            })
            .await
    }

    async fn connection(&self, account: AccountId, id: ConnectionId) -> StoreResult<Option<Connection>> {
        self.database
            .run(async || by_id(&self.database.client().await?, account, id, &self.sealer).await)
            .await
    }

    async fn connections(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Connection>> {
        self.database
            .run(async || list(&self.database.client().await?, account, page, &self.sealer).await)
            .await
    }

    async fn update_connection(
        &self,
        account: AccountId,
        connection: Connection,
        audit: AuditEntry,
    ) -> StoreResult<SaveConnection> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let saved = update(&transaction, account, &connection, &self.sealer).await?;
                if matches!(saved, SaveConnection::Saved(_)) {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(saved)
            })
            .await
    }

    async fn delete_connection(
        &self,
        account: AccountId,
        id: ConnectionId,
        audit: AuditEntry,
    ) -> StoreResult<DeleteConnection> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let deleted = delete(&transaction, account, id).await?;
                if deleted == DeleteConnection::Deleted {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(deleted)
            })
            .await
    }
}

const COLUMNS: &str = ConnectionRow::COLUMNS;

/// Reads a row of [`of_account_sql`].
pub(crate) fn from_row(row: &Row, account: AccountId, sealer: &Sealer) -> SqlResult<Connection> {
    Ok(columns::read(row, 0, ConnectionRow::read)?.open(account, sealer)?)
}

/// All connections of an account, oldest first.
pub(crate) fn of_account_sql() -> String {
    format!("SELECT {COLUMNS} FROM connections WHERE account_id = $1 ORDER BY id")
}

async fn by_id(
    client: &Client,
    account: AccountId,
    id: ConnectionId,
    sealer: &Sealer,
) -> SqlResult<Option<Connection>> {
    let sql = format!("SELECT {COLUMNS} FROM connections WHERE account_id = $1 AND id = $2");
    let (account_id, id) = (columns::uuid(account.as_bytes()), columns::uuid(id.as_bytes()));
    let row = statement::query_opt(client, &sql, &[&account_id, &id]).await?;
    row.map(|row| from_row(&row, account, sealer)).transpose()
}

/// The first connection that the actions name and the account does not have. If they name any, the caller has
/// locked the account.
pub(crate) async fn unknown(
    client: &impl GenericClient,
    account: AccountId,
    actions: &[Action],
) -> SqlResult<Option<ConnectionId>> {
    let named = rules::connections::named_by(actions);
    if named.is_empty() {
        return Ok(None);
    }
    let ids: Vec<Uuid> = named.iter().map(|id| columns::uuid(id.as_bytes())).collect();
    let sql = "SELECT id FROM connections WHERE account_id = $1 AND id = ANY ($2)";
    let account = columns::uuid(account.as_bytes());
    let mut unknown = named;
    for row in &statement::query(client, sql, &[&account, &ids]).await? {
        unknown.remove(&columns::id(row, 0, ConnectionId::from_bytes)?);
    }
    Ok(unknown.into_iter().next())
}

async fn list(
    client: &Client,
    account: AccountId,
    page: PageRequest,
    sealer: &Sealer,
) -> SqlResult<Page<Connection>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM connections WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    let account_id = columns::uuid(account.as_bytes());
    let (below, limit) = (
        columns::ids_below(page.after),
        columns::limit_with_surplus(page.limit),
    );
    let rows = statement::query(client, &sql, &[&account_id, &below, &limit]).await?;
    let mut connections = Vec::with_capacity(rows.len());
    for row in &rows {
        let connection = from_row(row, account, sealer)?;
        connections.push((Position(connection.id.as_u128()), connection));
    }
    Ok(Page::from_surplus(connections, page.limit))
}

async fn create(
    transaction: &impl GenericClient,
    account: AccountId,
    connection: &Connection,
    sealer: &Sealer,
) -> SqlResult<SaveConnection> {
    if !accounts::lock(transaction, account).await? {
        return Ok(SaveConnection::Missing);
    }
    let row = ConnectionRow::of(connection, account, sealer);
    let account = columns::uuid(account.as_bytes());
    let count = "SELECT count(*) FROM connections WHERE account_id = $1";
    let count: i64 = statement::query_one(transaction, count, &[&account])
        .await?
        .try_get(0)?;
    if !rules::connections::has_room(count) {
        return Ok(SaveConnection::TooMany);
    }
    statement::execute(
        transaction,
        &format!(
            "INSERT INTO connections (account_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        ),
        &[
            &account,
            &columns::uuid(&row.id),
            &row.name,
            &row.authentication,
            &row.secret,
            &row.created_at,
            &row.updated_at,
            &row.version,
            &row.hosts,
        ],
    )
    .await?;
    Ok(SaveConnection::Saved(connection.clone()))
}

const UPDATE: &str = "
    WITH saved AS (
        UPDATE connections SET name = $3, authentication = $4, secret = $5, updated_at = $6, version = version + 1,
                               hosts = $8
        WHERE account_id = $1 AND id = $2 AND version = $7 RETURNING created_at
    )
    SELECT (SELECT created_at FROM saved) FROM connections WHERE account_id = $1 AND id = $2";

async fn update(
    transaction: &impl GenericClient,
    account: AccountId,
    connection: &Connection,
    sealer: &Sealer,
) -> SqlResult<SaveConnection> {
    let row = ConnectionRow::of(connection, account, sealer);
    let saved = statement::query_opt(
        transaction,
        UPDATE,
        &[
            &columns::uuid(account.as_bytes()),
            &columns::uuid(&row.id),
            &row.name,
            &row.authentication,
            &row.secret,
            &row.updated_at,
            &row.version,
            &row.hosts,
        ],
    )
    .await?;
    let Some(saved) = saved else {
        return Ok(SaveConnection::Missing);
    };
    let Some(created_at) = columns::time_opt(&saved, 0)? else {
        return Ok(SaveConnection::Stale);
    };
    Ok(SaveConnection::Saved(Connection {
        created_at,
        version: connection.version + 1,
        ..connection.clone()
    }))
}

/// Opens no secret, so that a connection whose secret does not open can be deleted. Searching the text first
/// parses hardly any other automation; an id can also occur in a URL.
async fn delete(
    transaction: &impl GenericClient,
    account: AccountId,
    id: ConnectionId,
) -> SqlResult<DeleteConnection> {
    if !accounts::lock(transaction, account).await? {
        return Ok(DeleteConnection::Missing);
    }
    let account = columns::uuid(account.as_bytes());
    let sql = "SELECT id, name, actions FROM automations
               WHERE account_id = $1 AND strpos(actions, $2) > 0 ORDER BY id";
    let mut users = Vec::new();
    for row in &statement::query(transaction, sql, &[&account, &id.to_string()]).await? {
        let (name, actions): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
        if rules::connections::is_named_in(actions, id)? {
            users.push((columns::id(row, 0, AutomationId::from_bytes)?, name.to_owned()));
        }
    }
    if !users.is_empty() {
        return Ok(DeleteConnection::InUse(users));
    }
    let sql = "DELETE FROM connections WHERE account_id = $1 AND id = $2";
    let deleted = statement::execute(transaction, sql, &[&account, &columns::uuid(id.as_bytes())]).await?;
    Ok(match deleted {
        0 => DeleteConnection::Missing,
        _ => DeleteConnection::Deleted,
    })
}
