//! Connections: how an account's actions authenticate at receivers.

use async_trait::async_trait;
use postrider_model::{
    self as model, AccountId, Action, AuditEntry, AutomationId, ConnectionId, SYSTEM_ACCOUNT, Timestamp,
};
use postrider_storage::rows::ConnectionRow;
use postrider_storage::{
    ConnectionStore, ConnectionUser, DeleteConnection, DeleteObject, Page, PageRequest, Position,
    SaveConnection, Sealer, StoreResult, rules,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::automations::WITH_TEXT;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::{accounts, audit, columns};

#[async_trait]
impl ConnectionStore for SqliteStore {
    async fn create_connection(
        &self,
        account: AccountId,
        connection: model::Connection,
        audit: AuditEntry,
    ) -> StoreResult<SaveConnection> {
        let sealer = self.sealer.clone();
        self.write(move |cx| {
            let saved = create(cx.conn, account, &connection, &sealer)?;
            audit::insert_if(matches!(saved, SaveConnection::Saved(_)), cx.conn, &audit)?;
            Ok(saved)
        })
        .await
    }

    async fn connection(
        &self,
        account: AccountId,
        id: ConnectionId,
    ) -> StoreResult<Option<model::Connection>> {
        let sealer = self.sealer.clone();
        self.read(move |conn| by_id(conn, account, id, &sealer)).await
    }

    async fn connections(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> StoreResult<Page<model::Connection>> {
        let sealer = self.sealer.clone();
        self.read(move |conn| list(conn, account, page, &sealer)).await
    }

    async fn update_connection(
        &self,
        account: AccountId,
        connection: model::Connection,
        audit: AuditEntry,
    ) -> StoreResult<SaveConnection> {
        let sealer = self.sealer.clone();
        self.write(move |cx| {
            let saved = update(cx.conn, account, &connection, &sealer)?;
            audit::insert_if(matches!(saved, SaveConnection::Saved(_)), cx.conn, &audit)?;
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
        self.write(move |cx| {
            let deleted = delete(cx.conn, account, id, version)?;
            audit::insert_if(deleted == DeleteConnection::Deleted, cx.conn, &audit)?;
            Ok(deleted)
        })
        .await
    }
}

const COLUMNS: &str = ConnectionRow::COLUMNS;

fn from_row(row: &Row<'_>, account: AccountId, sealer: &Sealer) -> SqlResult<model::Connection> {
    Ok(columns::read(row, 0, ConnectionRow::read)?.open(account, sealer)?)
}

/// All connections of an account, oldest first.
pub(crate) fn of_account(
    conn: &Connection,
    account: AccountId,
    sealer: &Sealer,
) -> SqlResult<Vec<model::Connection>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM connections WHERE account_id = ?1 ORDER BY id"
    ))?;
    let mut rows = statement.query((account.as_bytes(),))?;
    let mut connections = Vec::new();
    while let Some(row) = rows.next()? {
        connections.push(from_row(row, account, sealer)?);
    }
    Ok(connections)
}

const BY_ID: &str = "FROM connections WHERE account_id = ?1 AND id = ?2";

fn by_id(
    conn: &Connection,
    account: AccountId,
    id: ConnectionId,
    sealer: &Sealer,
) -> SqlResult<Option<model::Connection>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {BY_ID}"))?;
    let mut rows = statement.query((account.as_bytes(), id.as_bytes()))?;
    rows.next()?.map(|row| from_row(row, account, sealer)).transpose()
}

/// The first connection that the actions name and neither the account nor the installation has.
pub(crate) fn unknown(
    conn: &Connection,
    account: AccountId,
    actions: &[Action],
) -> SqlResult<Option<ConnectionId>> {
    for id in rules::connections::named_by(actions) {
        let mut statement =
            conn.prepare_cached("SELECT 1 FROM connections WHERE account_id IN (?1, ?2) AND id = ?3")?;
        if !statement.exists((account.as_bytes(), SYSTEM_ACCOUNT.as_bytes(), id.as_bytes()))? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

pub(crate) const LIST: &str = "FROM connections WHERE account_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";

fn list(
    conn: &Connection,
    account: AccountId,
    page: PageRequest,
    sealer: &Sealer,
) -> SqlResult<Page<model::Connection>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST}"))?;
    let mut rows = statement.query((
        account.as_bytes(),
        columns::ids_below(page.after),
        columns::limit_with_surplus(page.limit),
    ))?;
    let mut connections = Vec::new();
    while let Some(row) = rows.next()? {
        let connection = from_row(row, account, sealer)?;
        connections.push((Position(connection.id.as_u128()), connection));
    }
    Ok(Page::from_surplus(connections, page.limit))
}

fn create(
    conn: &Connection,
    account: AccountId,
    connection: &model::Connection,
    sealer: &Sealer,
) -> SqlResult<SaveConnection> {
    if !accounts::exists(conn, account)? {
        return Ok(SaveConnection::Missing);
    }
    let count: i64 = conn
        .prepare_cached("SELECT count(*) FROM connections WHERE account_id = ?1")?
        .query_row((account.as_bytes(),), |row| row.get(0))?;
    if !rules::connections::has_room(count) {
        return Ok(SaveConnection::TooMany);
    }
    let row = ConnectionRow::of(connection, account, sealer);
    conn.prepare_cached(&format!(
        "INSERT INTO connections (account_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    ))?
    .execute((
        account.as_bytes(),
        row.id,
        row.name,
        row.authentication,
        row.secret,
        row.created_at,
        row.updated_at,
        row.version,
        row.hosts,
    ))?;
    Ok(SaveConnection::Saved(Box::new(connection.clone())))
}

fn update(
    conn: &Connection,
    account: AccountId,
    connection: &model::Connection,
    sealer: &Sealer,
) -> SqlResult<SaveConnection> {
    let stored: Option<(i64, i64)> = conn
        .prepare_cached(&format!("SELECT version, created_at {BY_ID}"))?
        .query_row((account.as_bytes(), connection.id.as_bytes()), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((version, created_at)) = stored else {
        return Ok(SaveConnection::Missing);
    };
    if version != connection.version {
        return Ok(SaveConnection::Stale);
    }
    let saved = model::Connection {
        created_at: Timestamp::from_unix_ms(created_at),
        version: version + 1,
        ..connection.clone()
    };
    let row = ConnectionRow::of(&saved, account, sealer);
    conn.prepare_cached(
        "UPDATE connections SET name = ?3, authentication = ?4, secret = ?5, updated_at = ?6, version = ?7, hosts = ?8
         WHERE account_id = ?1 AND id = ?2",
    )?
    .execute((
        account.as_bytes(),
        row.id,
        row.name,
        row.authentication,
        row.secret,
        row.updated_at,
        row.version,
        row.hosts,
    ))?;
    Ok(SaveConnection::Saved(Box::new(saved)))
}

/// The automations of all accounts whose actions contain the text `?1`, a quoted id or a part of a URL. Reads
/// every automation: connections of the installation are rarely deleted.
const OF_ALL_WITH_TEXT: &str = "FROM automations WHERE instr(actions, ?1) > 0 ORDER BY account_id, id";

/// Opens no secret, so that a connection whose secret does not open can be deleted.
fn delete(
    conn: &Connection,
    account: AccountId,
    id: ConnectionId,
    version: Option<i64>,
) -> SqlResult<DeleteConnection> {
    let stored: Option<i64> = conn
        .prepare_cached(&format!("SELECT version {BY_ID}"))?
        .query_row((account.as_bytes(), id.as_bytes()), |row| row.get(0))
        .optional()?;
    match DeleteObject::of(stored, version) {
        DeleteObject::Deleted => {}
        // An account that uses a connection of the installation learns no more of it than another one.
        DeleteObject::Missing => return Ok(DeleteConnection::Missing),
        DeleteObject::Stale => return Ok(DeleteConnection::Stale),
    }
    let users = users(conn, account, id)?;
    if !users.is_empty() {
        return Ok(DeleteConnection::InUse(users));
    }
    conn.prepare_cached(&format!("DELETE {BY_ID}"))?
        .execute((account.as_bytes(), id.as_bytes()))?;
    Ok(DeleteConnection::Deleted)
}

/// The automations that use a connection of this account.
fn users(conn: &Connection, account: AccountId, id: ConnectionId) -> SqlResult<Vec<ConnectionUser>> {
    let is_installations = account == SYSTEM_ACCOUNT;
    let from = if is_installations {
        OF_ALL_WITH_TEXT
    } else {
        WITH_TEXT
    };
    let mut statement = conn.prepare_cached(&format!("SELECT account_id, id, name, actions {from}"))?;
    let mut rows = if is_installations {
        statement.query((id.to_string(),))?
    } else {
        statement.query((account.as_bytes(), id.to_string()))?
    };
    let mut users = Vec::new();
    while let Some(row) = rows.next()?
        && users.len() < rules::connections::USERS_MAX
    {
        let (account, automation): ([u8; 16], [u8; 16]) = (row.get(0)?, row.get(1)?);
        let (name, actions): (String, String) = (row.get(2)?, row.get(3)?);
        if rules::connections::is_named_in(&actions, id)? {
            users.push(ConnectionUser {
                account: AccountId::from_bytes(account),
                automation: AutomationId::from_bytes(automation),
                name,
            });
        }
    }
    Ok(users)
}
