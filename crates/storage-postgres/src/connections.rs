//! Connections: how an account's actions authenticate at receivers.
//!
//! Who creates or deletes one locks the account, and so does who saves an automation that names one.
//! Automations of all accounts may name a connection of the account `system`. Their accounts differ, so the
//! row of the connection is locked too: by who deletes it, and shared by those who name it.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{
    AccountId, Action, AuditEntry, AutomationId, Connection, ConnectionId, SYSTEM_ACCOUNT,
};
use postrider_storage::rows::ConnectionRow;
use postrider_storage::{
    ConnectionStore, ConnectionUser, DeleteConnection, DeleteObject, Page, PageRequest, Position,
    SaveConnection, Sealer, StoreResult, rules,
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
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteConnection> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let deleted = delete(&transaction, account, id, version).await?;
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

/// The first connection that the actions name and neither the account nor the installation has. Until the
/// transaction ends, nobody can delete those that were found.
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
    let sql = "SELECT id FROM connections WHERE account_id = ANY ($1) AND id = ANY ($2) FOR KEY SHARE";
    let accounts = [account, SYSTEM_ACCOUNT].map(|account| columns::uuid(account.as_bytes()));
    let mut unknown = named;
    for row in &statement::query(client, sql, &[&&accounts[..], &ids]).await? {
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
    Ok(SaveConnection::Saved(Box::new(connection.clone())))
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
    Ok(SaveConnection::Saved(Box::new(Connection {
        created_at,
        version: connection.version + 1,
        ..connection.clone()
    })))
}

/// Opens no secret, so that a connection whose secret does not open can be deleted.
async fn delete(
    transaction: &impl GenericClient,
    account: AccountId,
    id: ConnectionId,
    version: Option<i64>,
) -> SqlResult<DeleteConnection> {
    if !accounts::lock(transaction, account).await? {
        return Ok(DeleteConnection::Missing);
    }
    let (account_id, connection) = (columns::uuid(account.as_bytes()), columns::uuid(id.as_bytes()));
    // Before the search, which sees the automations of all who have named the connection until then.
    let sql = "SELECT version FROM connections WHERE account_id = $1 AND id = $2 FOR UPDATE";
    let row = statement::query_opt(transaction, sql, &[&account_id, &connection]).await?;
    let stored: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
    match DeleteObject::of(stored, version) {
        DeleteObject::Deleted => {}
        DeleteObject::Missing => return Ok(DeleteConnection::Missing),
        DeleteObject::Stale => return Ok(DeleteConnection::Stale),
    }
    let users = users(transaction, account, id).await?;
    if !users.is_empty() {
        return Ok(DeleteConnection::InUse(users));
    }
    let sql = "DELETE FROM connections WHERE account_id = $1 AND id = $2";
    statement::execute(transaction, sql, &[&account_id, &connection]).await?;
    Ok(DeleteConnection::Deleted)
}

/// How many automations are read at once: their actions are long.
const SEARCHED_AT_ONCE: i64 = 200;

/// Searching the text first parses hardly any automation that does not name the connection; an id can also
/// occur in a URL.
const SEARCH: &str = "AND strpos(actions, $3) > 0 ORDER BY account_id, id LIMIT $4";

/// The automations that use a connection of this account. For one of the installation, reads the automations
/// of all accounts: such a connection is rarely deleted.
async fn users(
    transaction: &impl GenericClient,
    account: AccountId,
    id: ConnectionId,
) -> SqlResult<Vec<ConnectionUser>> {
    let (within, mut after) = if account == SYSTEM_ACCOUNT {
        ("(account_id, id) > ($1, $2)", (Uuid::nil(), Uuid::nil()))
    } else {
        let owner = columns::uuid(account.as_bytes());
        ("account_id = $1 AND id > $2", (owner, Uuid::nil()))
    };
    let sql = format!("SELECT account_id, id, name, actions FROM automations WHERE {within} {SEARCH}");
    let text = id.to_string();
    let mut users = Vec::new();
    loop {
        let rows =
            statement::query(transaction, &sql, &[&after.0, &after.1, &text, &SEARCHED_AT_ONCE]).await?;
        for row in &rows {
            after = (row.try_get(0)?, row.try_get(1)?);
            let (name, actions): (&str, &str) = (row.try_get(2)?, row.try_get(3)?);
            if rules::connections::is_named_in(actions, id)? {
                users.push(ConnectionUser {
                    account: columns::id(row, 0, AccountId::from_bytes)?,
                    automation: columns::id(row, 1, AutomationId::from_bytes)?,
                    name: name.to_owned(),
                });
            }
        }
        users.truncate(rules::connections::USERS_MAX);
        let is_last = i64::try_from(rows.len()).is_ok_and(|found| found < SEARCHED_AT_ONCE);
        if is_last || users.len() == rules::connections::USERS_MAX {
            return Ok(users);
        }
    }
}
